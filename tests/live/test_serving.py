"""Services: registered early or late, slow, raising, stuck, for one PID or many."""

import threading

import pytest

from config_admin import ConfigurationError, UsageError

LIMIT_S = 15.0


@pytest.fixture
def gate():
    """Holds callbacks until the test opens it, and never beyond its end."""
    gate = threading.Event()
    yield gate
    gate.set()


def test_a_service_registered_before_the_start_gets_its_configuration_first(
    etc, make_admin, new_service
):
    (etc / "p.cfg").write_text("a = 1\n")
    admin, with_file, without = make_admin(etc), new_service(), new_service()
    admin.add_managed_service("p", with_file)
    admin.add_managed_service("q", without)

    admin.start()

    assert with_file.calls == [{"a": "1"}], "start returns after the first call"
    assert without.calls == [None]


def test_a_service_registered_after_the_start_is_called_at_once(
    etc, admin, new_service
):
    (etc / "p.cfg").write_text("a = 1\n")
    service = new_service()

    registration = admin.add_managed_service("p", service)

    assert registration.wait(LIMIT_S)
    service.wait_for({"a": "1"})


def test_a_decorated_function_follows_and_still_is_a_function(etc, admin, new_service):
    seen = new_service()

    @admin.managed_service("p")
    def updated(properties):
        seen.updated(properties)
        return "called"

    assert seen.next() is None
    (etc / "p.cfg").write_text("a = 1\n")
    assert seen.next() == {"a": "1"}
    assert updated(None) == "called"
    updated.close()


def test_a_service_of_several_pids_is_told_which(etc, admin, wait_until):
    calls = []

    @admin.managed_service("p", "q")
    def updated(pid, properties):
        calls.append((pid, properties and properties["a"]))

    assert updated.wait(LIMIT_S)
    (etc / "q.cfg").write_text("a = 1\n")
    wait_until(lambda: len(calls) == 3)
    (etc / "q.cfg").unlink()
    wait_until(lambda: len(calls) == 4)

    assert sorted(calls[:2]) == [("p", None), ("q", None)]
    assert calls[2:] == [("q", "1"), ("q", None)]


def test_what_is_delivered_knows_its_pid_and_cannot_be_changed(etc, admin):
    came = []
    admin.add_managed_service("factory~one", came.append).wait(LIMIT_S)
    (etc / "factory~one.cfg").write_text("a = 1\n")
    while came[-1] is None:
        admin.flush(LIMIT_S)

    properties = came[-1]
    assert properties["service.pid"] == "factory~one"
    assert properties["SERVICE.FACTORYPID"] == "factory"
    with pytest.raises(TypeError):
        properties["a"] = "2"
    assert "service.pid" not in admin.get("factory~one").properties


def test_a_slow_service_harms_no_other_and_ends_on_the_newest(  # noqa: PLR0913, PLR0917 - fixtures
    etc, admin, service, new_service, gate, save
):
    slow, entered = new_service(), threading.Event()

    def updated(properties):
        slow.updated(properties)
        if properties is not None:
            entered.set()
            gate.wait(LIMIT_S)

    admin.add_managed_service("p", updated)
    assert slow.next() is None
    for number in range(20):
        save(etc / "p.cfg", f"a = {number}\n")
        assert service.next() == {"a": str(number)}
        assert entered.wait(LIMIT_S)

    gate.set()
    slow.wait_for({"a": "19"})
    assert slow.calls == [None, {"a": "0"}, {"a": "19"}]


def test_fifty_stuck_services_harm_no_other(etc, admin, service, gate, save):
    for _ in range(50):
        admin.add_managed_service("p", lambda properties: gate.wait(LIMIT_S))  # noqa: ARG005 - what every service takes

    save(etc / "p.cfg", "a = 1\n")

    assert service.next() == {"a": "1"}


def test_a_raising_service_is_a_fault_until_it_succeeds(  # noqa: PLR0913, PLR0917 - fixtures
    etc, admin, service, save, wait_until, caplog
):
    def updated(properties):
        if properties and properties["port"] == "bad":
            raise ConfigurationError("port", "nobody listens there")

    admin.add_managed_service("p", updated)
    save(etc / "p.cfg", "port = bad\n")

    (fault,) = wait_until(admin.faults)
    assert (fault.pid, fault.key) == ("p", "port")
    assert "nobody listens there" in fault.found
    assert fault.file == str(etc / "p.cfg")
    assert service.next() == {"port": "bad"}, "it harms no other"

    save(etc / "p.cfg", "port = good\n")
    wait_until(lambda: not admin.faults())
    assert service.next() == {"port": "good"}
    assert [message for message in caplog.messages if "nobody" in message] == [
        str(fault)
    ]


def test_even_sys_exit_in_a_service_ends_nothing(etc, admin, service, save, wait_until):
    @admin.managed_service("p")
    def _updated(_properties):
        raise SystemExit(1)

    wait_until(admin.faults)
    save(etc / "p.cfg", "a = 1\n")

    assert service.next() == {"a": "1"}


def test_no_call_starts_after_a_registration_was_closed(
    etc, admin, service, new_service, save
):
    closed = new_service()
    registration = admin.add_managed_service("p", closed)
    closed.next()

    registration.close()
    save(etc / "p.cfg", "a = 1\n")
    service.next()
    assert admin.flush(LIMIT_S)

    assert closed.calls == [None]


@pytest.mark.parametrize("name", ["flush", "wait", "stop", "__exit__"])
def test_a_callback_cannot_wait_for_itself(admin, name, wait_until):
    caught = []

    @admin.managed_service("p")
    def _updated(_properties):
        arguments = (None, None, None) if name == "__exit__" else ()
        try:
            getattr(admin, name)(*arguments)
        except UsageError as error:
            caught.append(error)

    wait_until(lambda: caught)
    assert admin.flush(LIMIT_S)
    assert admin.faults() == ()


@pytest.mark.parametrize(
    ("pids", "service"),
    [
        ((), print),
        ("p", None),
        ("p", lambda: None),
        (("p", "q"), lambda properties: properties),
        ("p", threading.Event),
    ],
)
def test_what_cannot_be_called_is_refused_at_once(admin, pids, service):
    with pytest.raises(UsageError):
        admin.add_managed_service(pids, service)
