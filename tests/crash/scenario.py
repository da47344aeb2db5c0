"""
A program that changes configurations and says of each change how it ended.

It is killed, or its system calls fail, wherever a test wants it. Each line is written
at once: ``intent PID VALUE`` before a change, then ``acked PID REVISION``, ``failed
PID`` or ``unknown PID``; VALUE is ``-`` for a deletion. Changes of one transaction
stand behind one another, then how they ended.
"""

import logging
import os
import sys
from pathlib import Path

from config_admin import ConfigAdmin, StoreError, StoreOutcomeUnknownError

ROUNDS = int(os.environ.get("ROUNDS", "3"))
LIMIT_S = 10.0


def say(*words: object) -> None:
    # Not write(2): that one is made to fail.
    os.writev(1, [(" ".join(map(str, words)) + "\n").encode()])


def change(admin: ConfigAdmin, **values: int | None) -> None:
    """Change each PID to its value, None: delete it; several in a transaction."""
    for pid, value in values.items():
        say("intent", pid, "-" if value is None else value)
    try:
        done = _change(admin, values)
    except StoreOutcomeUnknownError:
        ends = [("unknown", pid) for pid in values]
    except StoreError:
        ends = [("failed", pid) for pid in values]
    else:
        ends = [("acked", pid, revision) for pid, revision in done.items()]
    for end in ends:
        say(*end)


def _change(admin: ConfigAdmin, values: dict[str, int | None]) -> dict[str, int]:
    with admin.transaction() as transaction:
        for pid, value in values.items():
            if value is not None:
                transaction.update(pid, {"v": str(value), "more": "x" * 20})
            elif admin.find(pid) is not None:
                transaction.delete(pid)
    done = {one.pid: one.revision for one in transaction.configurations}
    return {pid: done.get(pid, 0) for pid in values}


def main(root: Path) -> None:
    logging.disable()
    admin = ConfigAdmin(root / "etc", store=root / "var/config.db", history_limit=None)
    try:
        admin.start()
    except StoreError:
        say("closed")
        return
    say("began")
    base = sum(one.revision for one in admin.list_configurations())
    for number in range(base, base + ROUNDS):
        change(admin, p=number)
        change(admin, q=number)
        change(admin, r=number, s=number)
        if number % 2 == 0:
            admin.flush(LIMIT_S)
            change(admin, q=None)
        change(admin, p=-number)
    if "HOLD" in os.environ:
        say("held")
        sys.stdin.read()
    admin.stop()
    say("ended")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
