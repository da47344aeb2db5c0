"""CM-45: a process that is killed, at any moment, loses nothing it has acknowledged."""

import random
import subprocess
import threading

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
