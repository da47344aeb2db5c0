"""
The memory of clients does not grow with what they have sent and received.

`HYPOTHESIS_PROFILE=nightly` sends a million messages.
"""

import gc
import os
from pathlib import Path

import pytest

from config_admin.messaging import Context
from config_admin.messaging.windows import MOST_IDS

IS_NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
MESSAGES = 1_000_000 if IS_NIGHTLY else 20_000
# At night all the ids that are remembered are there before; by day some come.
EARLY = MOST_IDS + 10_000 if IS_NIGHTLY else 10_000
BODY = b"x" * 1024
MOST_GROWTH_MIB = 8.0
TOGETHER = 1_000
LIMIT_S = 60.0
SHOP = Context.dm(application="shop")


def used_mib():
    """How much memory of the machine this process has."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.parametrize("kind", ["rabbitmq"], indirect=True)
def test_memory_does_not_grow_with_the_messages(place, dm, wait_until):
    receiver, inbox = dm
    client, _ = place.client(Context.agent(application="shop", instance="vm"))

    def exchange(count):
        begun = receiver.status().received
        for number in range(1, count + 1):
            client.publish(SHOP, BODY)
            if number % TOGETHER == 0:
                assert client.flush(LIMIT_S)
                wait_until(lambda n=number: receiver.status().received == begun + n)
                inbox.messages.clear()

    exchange(EARLY)
    before_mib = used_mib()
    exchange(MESSAGES)
    growth_mib = used_mib() - before_mib

    print(  # noqa: T201 - what was measured, with -s
        f"\n{MESSAGES:,} messages: {before_mib:.1f} MiB before, {growth_mib:+.1f} after"
    )
    assert growth_mib < MOST_GROWTH_MIB
    assert client.status().unconfirmed == 0
