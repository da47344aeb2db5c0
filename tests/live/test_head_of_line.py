"""Callbacks that do not return: who waits for them, what they cost, and who is told."""

import statistics
import threading
import time

import pytest

from config_admin import FaultKind

LIMIT_S = 15.0
BLOCKED = 50


class Blocking:
    """
    A service that does not return before it is let go.

    Attributes:
        entered: Set when it has been called.
    """

    def __init__(self, released):
        self.entered = threading.Event()
        self._released = released

    def updated(self, _properties):
        self.entered.set()
        self._released.wait()


class Timed:
    """A service that notes when it was called with what has a key ``n``."""

    def __init__(self):
        self.called = threading.Event()
        self.at_s = 0.0

    def updated(self, properties):
        if properties is not None:
            self.at_s = time.perf_counter()
            self.called.set()


@pytest.fixture
def released():
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def block(released):
    """Register services that block, and wait until each has been called."""

    def block_now(admin, how_many):
        blocking = [Blocking(released) for _ in range(how_many)]
        for one in blocking:
            admin.add_managed_service("blocked", one)
        for one in blocking:
            assert one.entered.wait(LIMIT_S)

    return block_now


@pytest.fixture
def delay_s():
    """How long after an update of "quick" its new service is called."""

    def measure(admin, number):
        service = Timed()
        registration = admin.add_managed_service("quick", service)
        assert registration.wait(LIMIT_S)
        service.called.clear()
        begun_s = time.perf_counter()
        admin.update("quick", {"n": f"{number}"})
        assert service.called.wait(LIMIT_S)
        registration.close()
        return service.at_s - begun_s

    return measure


def test_fifty_services_that_block_for_ever_delay_the_next_by_milliseconds(
    admin, block, delay_s
):
    """CM-19."""
    block(admin, BLOCKED)

    median_s = statistics.median(delay_s(admin, number) for number in range(9))

    print(f"behind {BLOCKED} blocked services: {median_s * 1e3:.2f} ms")  # noqa: T201 - the measurement
    assert median_s < 0.05


def test_fifty_services_that_block_at_once_do_not_hold_up_the_next(etc, make_admin):
    """CM-19. None of them has a thread yet when the next one is registered."""
    delays_s = []
    for _ in range(5):
        admin, released, last = make_admin(etc), threading.Event(), Timed()
        admin.start()
        admin.update("last", {"n": "1"})
        blocking = [Blocking(released) for _ in range(BLOCKED)]

        for one in blocking:
            admin.add_managed_service("blocked", one)
        begun_s = time.perf_counter()
        admin.add_managed_service("last", last)
        assert last.called.wait(LIMIT_S)
        delays_s.append(last.at_s - begun_s)

        released.set()
        admin.stop()

    median_s = statistics.median(delays_s)
    print(f"behind {BLOCKED} about to block: {median_s * 1e3:.2f} ms")  # noqa: T201 - the measurement
    assert median_s < 1


def test_a_thousand_idle_registrations_have_no_thread(
    admin, new_service, our_threads, wait_until
):
    """CM-19. A lane is a queue; only a callback that runs has a thread."""
    assert admin.flush(LIMIT_S)
    callback_threads = [t for t in our_threads() if "callback" in t.name]
    without = len(our_threads()) - len(callback_threads)
    services = [new_service() for _ in range(1000)]

    for number, service in enumerate(services):
        admin.add_managed_service(f"p{number}", service)
    assert admin.flush(LIMIT_S)

    assert all(service.calls == [None] for service in services)
    wait_until(lambda: len(our_threads()) == without)


def test_callbacks_that_hold_every_thread_are_named(  # noqa: PLR0913, PLR0917 - fixtures
    etc, make_admin, block, released, new_service, wait_until
):
    """CM-19, CM-47. Until one of them is let go."""
    admin, waiting = make_admin(etc, max_callback_threads=4), new_service()
    admin.start()
    block(admin, 4)

    admin.add_managed_service("waiting", waiting)
    (fault,) = wait_until(admin.faults)

    assert fault.kind is FaultKind.CALLBACK
    assert fault.found.count("Blocking") == 4, "each of those that block"
    assert "max_callback_threads" in fault.cure
    assert waiting.calls == []

    released.set()
    assert waiting.next() is None
    wait_until(lambda: not admin.faults())


def test_a_callback_that_is_busy_for_long_is_a_fault_with_its_stack(
    etc, make_admin, block, released, wait_until
):
    """CM-48. It goes when the callback returns."""
    admin = make_admin(etc, callback_busy_after_s=0.05)
    admin.start()

    block(admin, 1)
    (fault,) = wait_until(admin.faults)

    assert fault.kind is FaultKind.CALLBACK
    assert "Blocking" in fault.expected
    assert "test_head_of_line.py" in fault.found
    assert "updated" in fault.found
    released.set()
    wait_until(lambda: not admin.faults())
