"""How a command that follows something comes to its end."""

import signal
import sys

import pytest

PROGRAM = """
import signal, sys, threading
from config_admin.cli.ending import Ending

def to_itself():
    print("sent", flush=True)
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    threading.Event().wait()

with Ending(sys.stdout) as ending:
    threading.Thread(target=to_itself, daemon=True).start()
    ending.wait()
print("ended", signal.set_wakeup_fd(-1), flush=True)
"""


@pytest.mark.integration
def test_a_signal_that_another_thread_gets_ends_it_too(start):
    program = start(sys.executable, "-c", PROGRAM)

    program.line_with("sent")
    program.line_with("ended -1")

    assert program.ended() == 0


@pytest.mark.integration
def test_a_signal_to_the_process_ends_it(start):
    program = start(
        sys.executable, "-c", PROGRAM.replace("signal.pthread_kill", "print")
    )
    program.line_with("sent")

    program.process.send_signal(signal.SIGTERM)

    program.line_with("ended -1")
    assert program.ended() == 0
