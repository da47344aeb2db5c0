"""CM-45: a process that is killed, at any moment, loses nothing it has acknowledged."""

import random
import subprocess
import sys
import threading

import pytest

from config_admin import ConfigAdmin

KILLS, KILLS_AT_NIGHT = 20, 400


def test_a_process_killed_at_random_moments_loses_nothing(make_world, is_night):
    """CM-45, CM-09."""
    world, chance = make_world(), random.Random(7)  # noqa: S311 - moments, not secrets
    kills = KILLS_AT_NIGHT if is_night else KILLS

    for _ in range(kills):
        world.learn(said_before_it_is_killed(world, chance))
        world.check()

    assert len(world.acked) > kills


def said_before_it_is_killed(world, chance):
    """Kill it after some lines, and a moment; what it said until then."""
    process = subprocess.Popen(world.command(), stdout=subprocess.PIPE, text=True)
    guard = threading.Timer(60, process.kill)
    guard.start()
    said = [process.stdout.readline() for _ in range(chance.randrange(1, 20))]
    moment = threading.Event()
    moment.wait(chance.random() / 50)  # any moment: nothing is waited for
    process.kill()
    said += process.stdout.readlines()
    process.stdout.close()
    process.wait()
    guard.cancel()
    return "".join(said)


SECOND_ADMIN = """
import os, subprocess, sys
from config_admin import ConfigAdmin
etc = sys.argv[1]
one = ConfigAdmin(etc); one.start()
one.update("p", {"n": "0"}); one.flush(10)
other = ConfigAdmin(etc); other.start()
subprocess.run([sys.executable, "-c",
    "import sys; from config_admin import ConfigAdmin\\n"
    "with ConfigAdmin(sys.argv[1]) as admin: admin.get('p')", etc], check=True)
for number in range(1, 6):
    print(one.update("p", {"n": str(number)}).revision, flush=True)
os.kill(os.getpid(), 9)
"""

FORKED = """
import os, sys
from config_admin import ConfigAdmin
etc = sys.argv[1]
parent = ConfigAdmin(etc); parent.start()
parent.update("p", {"n": "0"}); parent.flush(10)
ready, go = os.pipe(), os.pipe()
if os.fork() == 0:
    child = ConfigAdmin(etc); child.start()
    child.get("p")
    os.write(ready[1], b"x"); os.read(go[0], 1)
    for number in range(1, 6):
        print(child.update("p", {"n": str(number)}).revision, flush=True)
    os.kill(os.getpid(), 9)
os.read(ready[0], 1)
parent.stop()
os.write(go[1], b"x")
os.wait()
"""


@pytest.mark.parametrize("program", [SECOND_ADMIN, FORKED], ids=["two", "forked"])
def test_the_log_stays_as_long_as_anybody_uses_it(tmp_path, program):
    """CM-45: SQLite counts a file's locks by process."""
    (tmp_path / "etc").mkdir()

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(tmp_path / "etc")],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.stdout.split() == ["2", "3", "4", "5", "6"], done.stderr
    with ConfigAdmin(tmp_path / "etc") as admin:
        assert (admin.get("p").revision, admin.get("p").properties) == (6, {"n": "5"})
