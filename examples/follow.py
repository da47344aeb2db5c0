"""
A service that follows its configuration: what ``make run`` starts.

It registers for one PID, shows what it gets and tells which file to edit.
"""

import logging
import os
import signal
from pathlib import Path

from config_admin import ConfigAdmin, Properties

PROJECT = Path(os.path.relpath(Path(__file__).resolve().parent.parent))
ETC = PROJECT / "etc"
SCHEMAS = PROJECT / "schemas"
PID = "net.roboconf.messaging.rabbitmq"

INVITATION = f"""
Now open {ETC / PID}.cfg in an editor, and

  - change the address:  message-server-ip = 192.168.1.87:5672
  - make a mistake:      message-server-ip = 192.168.1.87:99999
  - remove the file, and put it back.

What you save arrives here at once. Ctrl-C ends it.
"""


def updated(properties: Properties | None) -> None:
    """Show *properties*: called at once, then after every accepted change."""
    if properties is None:
        print(f"\nThere is no configuration of {PID}.", flush=True)
        return
    print(f"\nThe service got the configuration of {PID}:", flush=True)
    for key, value in properties.masked().items():
        print(f"  {key} = {value!r}", flush=True)


def main() -> None:
    """Follow until Ctrl-C or SIGTERM."""
    logging.basicConfig(level=logging.INFO, format="\n%(levelname)s %(message)s")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    admin = ConfigAdmin(ETC, schemas=SCHEMAS)
    admin.add_managed_service(PID, updated)
    try:
        with admin:
            print(INVITATION, flush=True)
            admin.wait()
    except KeyboardInterrupt:
        print("\nNothing is followed any more.", flush=True)


if __name__ == "__main__":
    main()
