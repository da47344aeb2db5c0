"""What users call, whatever the admin lives in: its life, and what it lets through."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from config_admin import (
    ConfigAdmin,
    ConfigAdminError,
    InvalidFilterError,
    InvalidPidError,
    NoSuchConfigurationError,
    NotRunningError,
    Registration,
    RevisionConflictError,
    UsageError,
    forking,
    testing,
)

LIMIT_S = 10.0
SOON_S = 0.05  # long enough to notice what should not happen


@pytest.fixture
def admin():
    with testing.admin() as admin:
        yield admin


@pytest.fixture
def live(tmp_path):
    """A real one, on threads."""
    (tmp_path / "etc").mkdir()
    with ConfigAdmin(tmp_path / "etc") as admin:
        yield admin


# Identity


@pytest.mark.parametrize("pid", ["", "a/b", "..", ".a", "a\x00", " a", "x" * 201, 7])
def test_what_is_no_pid_is_refused_at_every_entrance(admin, pid):
    """CM-01, CM-62."""
    with admin.transaction() as transaction:
        for entrance in (
            admin.get,
            admin.find,
            admin.delete,
            admin.processed_properties,
            admin.wait_applied,
            lambda pid: admin.update(pid, {}),
            lambda pid: admin.create_factory_configuration(pid, {}),
            lambda pid: admin.create_factory_configuration("f", {}, name=f"{pid}/"),
            lambda pid: admin.add_managed_service([pid], print),
            lambda pid: admin.add_managed_service_factory(
                pid, testing.RecordingFactory()
            ),
            lambda pid: admin.add_plugin(_Plugin(), targets=[pid]),
            lambda pid: transaction.update(pid, {}),
            transaction.delete,
        ):
            with pytest.raises(InvalidPidError):
                entrance(pid)

    assert admin.list_configurations() == ()
    assert admin.services() == ()


class _Plugin:
    def modify_configuration(self, pid, properties):
        """Changes nothing."""


def test_a_named_instance_has_its_factory_and_its_name(admin):
    """CM-02."""
    one = admin.create_factory_configuration("f", {"x": 1}, name="a~b")

    assert (one.pid, one.factory_pid, one.name) == ("f~a~b", "f", "a~b")
    assert admin.get("f~a~b") == one


def test_an_instance_without_a_name_gets_one_that_is_its_own(admin):
    """CM-02."""
    pids = {admin.create_factory_configuration("f", {}).pid for _ in range(20)}

    assert len(pids) == 20
    assert {pid.partition("~")[0] for pid in pids} == {"f"}


def test_an_instance_that_is_there_is_not_created_again(admin):
    """CM-63: nor changed; once it was deleted it is."""
    first = admin.create_factory_configuration("f", {"x": 1}, name="a")

    with pytest.raises(RevisionConflictError) as caught:
        admin.create_factory_configuration("f", {"x": 2}, name="a")

    assert (caught.value.expected, caught.value.actual) == (0, 1)
    assert admin.get("f~a") == first
    admin.delete("f~a")
    again = admin.create_factory_configuration("f", {"x": 2}, name="a")
    assert again.revision == 3


def test_of_many_who_create_the_same_one_wins(live):
    """CM-63."""

    def create(number):
        try:
            live.create_factory_configuration("f", {"by": number}, name="a")
        except RevisionConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(8))) == 1


@pytest.mark.parametrize(
    ("factory_pid", "name", "error"),
    [
        ("f~a", "b", InvalidPidError),
        ("f", "", InvalidPidError),
        ("f", 7, UsageError),
        ("", "a", InvalidPidError),
    ],
)
def test_what_makes_no_instance_is_refused(admin, factory_pid, name, error):
    """CM-01, CM-02."""
    with pytest.raises(error):
        admin.create_factory_configuration(factory_pid, {}, name=name)


# Reading and changing


def test_a_reason_is_kept(admin):
    """CM-14."""
    assert admin.update("a", {}, reason="first").reason == "first"
    with admin.transaction() as transaction:
        transaction.delete("a", reason="last")

    assert transaction.configurations[0].reason == "last"
    admin.update("a", {})
    admin.delete("a", reason="again")
    assert admin._house.admin.written("a").reason == "again"


def test_a_deletion_of_another_revision_changes_nothing(admin):
    """CM-10, CM-11."""
    admin.update("a", {})

    with pytest.raises(RevisionConflictError):
        admin.delete("a", revision=2)
    admin.delete("a", revision=1)

    assert admin.find("a") is None
    with pytest.raises(NoSuchConfigurationError):
        admin.get("a")
    with pytest.raises(NoSuchConfigurationError):
        admin.processed_properties("a")


def test_a_filter_sees_what_is_listed(admin):
    """CM-12: coerced, with the automatic properties, in PID order."""
    for pid in ("f~b", "f~a", "g~a", "x"):
        admin.update(pid, {"Size": len(pid)})

    def listed(text):
        return [one.pid for one in admin.list_configurations(text)]

    assert listed(None) == ["f~a", "f~b", "g~a", "x"]
    assert listed("(service.factoryPid=f)") == ["f~a", "f~b"]
    assert listed("(&(size>=2)(!(service.pid=f~a)))") == ["f~b", "g~a"]
    assert listed("(SIZE=1)") == ["x"]
    assert listed("(no=1)") == []
    assert (
        "service.pid" not in admin.list_configurations("(service.pid=x)")[0].properties
    )
    with pytest.raises(InvalidFilterError):
        admin.list_configurations("(x")


def test_every_mistake_is_an_error_of_ours(admin):
    """CM-58: one `except` is enough."""
    for call in (
        lambda: admin.get("a"),
        lambda: admin.update("", {}),
        lambda: admin.update("a", None),
        lambda: admin.update("a", {"x": None}),
        lambda: admin.update("a", {}, revision=3),
        lambda: admin.delete("a"),
        lambda: admin.add_managed_service("a", None),
        lambda: admin.add_listener(None),
        lambda: admin.add_plugin(None),
        lambda: admin.list_configurations("("),
        admin.start,
    ):
        with pytest.raises(ConfigAdminError):
            call()


# Registering


def test_without_a_pid_nothing_is_registered(admin):
    """CM-20."""
    for register in (
        admin.managed_service,
        lambda: admin.managed_service(print),
        lambda: admin.managed_service("a", None),
        lambda: admin.add_managed_service([], print),
    ):
        with pytest.raises(UsageError):
            register()


def test_one_pid_in_a_list_is_one(admin):
    """CM-20: and one that is named twice is one."""
    service = testing.RecordingService()
    admin.add_managed_service(["a", "a"], service)
    admin.add_managed_service(iter(["a"]), service)
    admin.flush()

    assert service.calls == [None, None]


def test_terms_reach_the_registration(admin):
    """CM-20, CM-34."""
    order = []
    for ranking in (1, 9, 5):

        @admin.managed_service("a", target="app", ranking=ranking, into=dict)
        def _updated(properties, ranking=ranking):
            order.append((ranking, properties))

    admin.flush()
    order.clear()
    admin.update("a|app", {"x": 1})
    admin.flush()

    assert order == [(9, {"x": 1}), (5, {"x": 1}), (1, {"x": 1})]
    assert isinstance(_updated, Registration)


# Its life


def test_before_the_start_it_can_be_registered_with_and_not_be_read():
    """CM-46, CM-58."""
    admin = testing.admin({"a": {"x": 1}})
    service, listener = testing.RecordingService(), testing.RecordingListener()
    admin.add_managed_service("a", service)
    admin.add_listener(listener)
    admin.add_plugin(_Plugin())

    for call in (
        lambda: admin.get("a"),
        lambda: admin.update("a", {}),
        lambda: admin.delete("a"),
        lambda: admin.create_factory_configuration("f", {}),
        admin.list_configurations,
        admin.transaction,
        admin.services,
        admin.flush,
        lambda: admin.wait_applied("a"),
        lambda: admin.processed_properties("a"),
    ):
        with pytest.raises(NotRunningError, match="has not been started"):
            call()
    assert admin.faults() == ()
    assert service.calls == []

    with admin:
        assert service.last["x"] == 1
        assert len(listener.events) == 1


def test_after_the_end_it_can_be_read_and_not_be_changed(admin):
    """CM-58."""
    admin.update("a", {"x": 1})
    record = admin.get("a")
    open_one = admin.transaction()
    admin.stop()

    for call in (
        lambda: admin.update("a", {}),
        lambda: admin.delete("a"),
        lambda: admin.create_factory_configuration("f", {}),
        admin.transaction,
        lambda: admin.add_managed_service("a", print),
        lambda: admin.managed_service("a")(print),
        lambda: admin.add_managed_service_factory("f", testing.RecordingFactory()),
        lambda: admin.add_listener(testing.RecordingListener()),
        lambda: admin.add_plugin(_Plugin()),
    ):
        with pytest.raises(NotRunningError, match="has been stopped"):
            call()
    with pytest.raises(NotRunningError, match="has been stopped"), open_one:
        open_one.update("a", {})
    assert admin.get("a") == record
    assert admin.list_configurations("(x=1)") == (record,)
    assert admin.processed_properties("a")["x"] == 1
    assert admin.services() == ()
    assert admin.wait_applied("a") == ()
    assert admin.wait(0)


def test_a_registration_can_be_closed_after_the_end(admin):
    """CM-23, CM-58."""
    registrations = [
        admin.add_managed_service("a", testing.RecordingService()),
        admin.add_listener(testing.RecordingListener()),
        admin.add_plugin(_Plugin()),
    ]
    admin.stop()

    for one in registrations:
        one.close(1)
        assert one.is_closed


@pytest.mark.parametrize("ended", [False, True])
def test_an_admin_starts_once(ended):
    """CM-46."""
    admin = testing.admin()
    admin.start()
    if ended:
        admin.stop()

    with pytest.raises(UsageError) as caught:
        admin.start()

    expected = "has been stopped: make a new one" if ended else "is running"
    assert str(caught.value) == f"It cannot be started: the admin {expected}."
    admin.stop()


class FailingHouse:
    """Does not begin."""

    def __init__(self, house, error):
        self.house = house
        self.error = error
        self.stops = 0

    def __getattr__(self, name):
        return getattr(self.house, name)

    def start(self):
        raise self.error

    def stop(self):
        self.stops += 1
        self.house.stop()


@pytest.mark.parametrize("error", [OSError("no thread left"), KeyboardInterrupt()])
def test_what_cannot_begin_ends(error):
    """CM-46: whatever was begun of it."""
    admin = testing.admin()
    house = admin._house = FailingHouse(admin._house, error)

    with pytest.raises(type(error)) as caught:
        admin.start()

    assert caught.value is error
    assert house.stops == 1
    assert admin.wait(0)
    with pytest.raises(NotRunningError, match="has been stopped"):
        admin.update("a", {})


def test_one_that_cannot_begin_inside_a_callback_says_why(admin):
    """CM-46: it is not the callback's own that is stopped."""
    caught = []

    @admin.managed_service("a")
    def _updated(_):
        other = testing.admin()
        other._house = FailingHouse(other._house, OSError("no thread left"))
        with pytest.raises(OSError, match="no thread left") as error:
            other.start()
        caught.append(error.value)

    admin.flush()

    assert len(caught) == 1
    assert admin.faults() == ()


def test_stopping_twice_is_stopping_once(admin):
    """CM-47."""
    house = admin._house = FailingHouse(admin._house, None)

    admin.stop()
    admin.stop()

    assert house.stops == 1


def test_one_that_never_began_ends_without_a_start():
    """CM-47."""
    admin = testing.admin()
    house = admin._house = FailingHouse(admin._house, None)

    admin.stop()

    assert house.stops == 0
    assert admin.wait(0)


class SlowHouse(FailingHouse):
    """Takes its time to end."""

    def __init__(self, house):
        super().__init__(house, None)
        self.begun, self.released = threading.Event(), threading.Event()

    def start(self):
        self.house.start()

    def stop(self):
        self.begun.set()
        assert self.released.wait(LIMIT_S)
        super().stop()


def test_who_waits_for_the_end_waits_for_all_of_it():
    """CM-47: also if somebody stops it a second time meanwhile."""
    admin = testing.admin()
    house = admin._house = SlowHouse(admin._house)
    admin.start()
    stopping = threading.Thread(target=admin.stop)
    stopping.start()
    assert house.begun.wait(LIMIT_S)

    admin.stop()
    assert not admin.wait(SOON_S)
    house.released.set()

    assert admin.wait(LIMIT_S)
    stopping.join(LIMIT_S)
    assert house.stops == 1


def test_the_end_is_one_even_if_it_fails():
    """CM-47."""
    admin = testing.admin()
    house = admin._house = SlowHouse(admin._house)
    house.stop = lambda: 1 / 0
    admin.start()

    with pytest.raises(ZeroDivisionError):
        admin.stop()

    assert admin.wait(0)


# Waiting for receipts


def test_who_waits_for_a_receipt_is_let_go_by_the_end(live):
    """CM-47, CM-48: nobody will take it any more."""
    entered, released = threading.Event(), threading.Event()

    @live.managed_service("a")
    def _stuck(_):
        entered.set()
        released.wait(LIMIT_S)

    assert entered.wait(LIMIT_S)
    receipts = []
    waiting = threading.Thread(target=lambda: receipts.extend(live.wait_applied("a")))
    waiting.start()
    waiting.join(SOON_S)
    assert waiting.is_alive()

    live.stop()
    waiting.join(LIMIT_S)

    assert not waiting.is_alive()
    assert [one.busy_with for one in receipts] == [0]
    assert len(live.wait_applied("a")) == 1
    released.set()


def test_receipts_tell_what_was_made_of_it(live):
    """CM-48."""
    service = testing.RecordingService()
    live.add_managed_service("a", service)
    live.update("a", {"x": 1})

    (receipt,) = live.wait_applied("a", LIMIT_S)

    assert receipt.applied == 1
    assert live.services() == (receipt,)


def fork_here():
    """What the child of a fork is told, without one."""
    forking.before_fork()
    forking.note_fork()


# A fork, as seen from the child: `tests/live/test_fork.py` makes real ones


def test_in_a_child_only_what_was_running_is_lost(admin, caplog):
    """CM-47: and one warning is enough."""
    new, ended = testing.admin(), testing.admin()
    ended.start()
    ended.stop()
    other = testing.admin()
    other.start()

    fork_here()

    for lost in (admin, other):
        with pytest.raises(NotRunningError, match="make a new one here"):
            lost.faults()
        with pytest.raises(NotRunningError, match="make a new one here"):
            lost.wait(0)
        lost.stop()
        with pytest.raises(UsageError, match="cannot be started"):
            lost.start()
    assert ended.wait(0)
    with new:
        assert new.update("a", {}).revision == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_where_nothing_runs_a_fork_is_no_news(caplog):
    """CM-47."""
    admin = testing.admin()
    admin.start()
    admin.stop()

    fork_here()

    assert caplog.records == []
