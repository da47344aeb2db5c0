"""Wrong input: nothing is delivered, and the fault says where and what to do."""

import logging
import os

import pytest

from config_admin import CM_REFUSED, FaultKind

RABBITMQ = "net.roboconf.messaging.rabbitmq"
GOOD = "message-server-ip = good\nmessage-server-password = hunter2\n"
SECRET = "hunter2"


@pytest.fixture
def rabbit(etc, schemas, make_admin, new_service, save):
    """The shipped schema, a good file that was delivered, and its admin."""

    class Rabbit:
        path = etc / f"{RABBITMQ}.cfg"
        service = new_service()
        admin = make_admin(etc, schemas=schemas)

        def save(self, text):
            if isinstance(text, str):
                text = text.encode()
            draft = self.path.with_name("draft")
            draft.write_bytes(text)
            draft.replace(self.path)

    rabbit = Rabbit()
    rabbit.admin.add_managed_service(RABBITMQ, rabbit.service)
    rabbit.save(GOOD)
    rabbit.admin.start()
    assert rabbit.service.next()["message-server-ip"] == "good"
    return rabbit


# The text; where the fault is, of which key, and words of what it says.
WRONG = {
    "a wrong value": (
        f"{GOOD}\nmessage-server-ip = rabbit:70000\n",
        (4, 21, "message-server-ip"),
        ("70000", "a port from 1 to 65535"),
    ),
    "an unknown key": (
        f"{GOOD}mesage-server-ip = rabbit\n",
        (3, 1, "mesage-server-ip"),
        ("message-server-ip",),
    ),
    "a broken line": (
        f"{GOOD}message-server-username = \\u12\n",
        (3, 27, "message-server-username"),
        ("hexadecimal",),
    ),
    "bytes that are not UTF-8": (
        GOOD.encode() + b"message-server-username = caf\xe9\n",
        (3, 30, None),
        ("0xE9", "UTF-8"),
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_input_changes_nothing_and_is_told_once(rabbit, kind, wait_until, caplog):
    """CM-41."""
    text, (line, column, key), words = WRONG[kind]
    with caplog.at_level(logging.INFO):
        rabbit.save(text)
        wait_until(lambda: [f for f in rabbit.admin.faults() if f.line == line])
        rabbit.path.chmod(0o600)  # a reason to look again
        rabbit.admin.flush(15)

        errors = [f for f in rabbit.admin.faults() if f.severity.value == "error"]
        (fault,) = errors
        assert (fault.line, fault.column, fault.key) == (line, column, key)
        assert fault.file == str(rabbit.path)
        assert fault.pid == RABBITMQ
        assert fault.cure.endswith((".", "?"))
        assert all(word in str(fault) for word in words)
        told = [r for r in caplog.records if r.levelno == logging.ERROR]
        assert [record.getMessage() for record in told] == [str(fault)]

        rabbit.save(GOOD.replace("good", "better"))
        assert rabbit.service.next()["message-server-ip"] == "better"
        wait_until(lambda: not rabbit.admin.faults())
        wait_until(lambda: any("mended" in message for message in caplog.messages))

    assert [one["message-server-ip"] for one in rabbit.service.calls] == [
        "good",
        "better",
    ]
    assert SECRET not in caplog.text
    assert len([r for r in caplog.records if r.levelno == logging.ERROR]) == 1


def test_several_mistakes_are_told_at_once(rabbit, wait_until):
    rabbit.save("message-server-ip = a b\nuser = x\nport = 1\n" + GOOD[-34:])

    wait_until(lambda: len(rabbit.admin.faults()) == 3)
    assert [fault.line for fault in rabbit.admin.faults()] == [1, 2, 3]


def test_a_secret_is_in_no_fault_and_no_log(rabbit, wait_until, caplog):
    with caplog.at_level(logging.DEBUG):
        rabbit.save(f"message-server-password = {SECRET}\nx-token = {SECRET}\n")
        (fault,) = wait_until(rabbit.admin.faults)
        rabbit.save(f"message-server-password = {SECRET}\\u1\n")
        wait_until(lambda: rabbit.admin.faults() not in ((), (fault,)))

        assert SECRET not in repr(rabbit.admin.faults())
        assert SECRET not in repr(fault)
    assert caplog.records
    assert SECRET not in caplog.text


def test_a_secret_in_what_a_service_raises_is_in_no_fault(rabbit, wait_until, caplog):
    def connect(properties):
        password = properties["message-server-password"]
        raise ConnectionError(f"refused guest:{password}@rabbit")

    rabbit.admin.add_managed_service(RABBITMQ, connect)

    (fault,) = wait_until(rabbit.admin.faults)
    assert "ConnectionError: refused guest:******@rabbit" in fault.found
    assert SECRET not in repr(fault)
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "make",
    [
        os.mkfifo,
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.symlink_to("/dev/null"),
        lambda path: path.symlink_to(f"{RABBITMQ}.cfg"),
        lambda path: path.write_bytes(b"#" * (1024 * 1024 + 1)),
    ],
    ids=["a FIFO", "a link to nowhere", "a device", "a loop", "a huge file"],
)
def test_a_file_that_cannot_be_read_changes_nothing(rabbit, make, wait_until):
    """CM-39."""
    thing = rabbit.path.with_name("thing")
    make(thing)
    thing.replace(rabbit.path)
    (fault,) = wait_until(rabbit.admin.faults)
    assert fault.kind is FaultKind.UNREADABLE
    assert fault.file == str(rabbit.path)

    rabbit.path.unlink()
    rabbit.save(GOOD.replace("good", "better"))
    assert rabbit.service.next()["message-server-ip"] == "better"
    wait_until(lambda: not rabbit.admin.faults())


def test_one_unreadable_file_hides_no_other_at_start(etc, make_admin):
    """CM-39."""
    (etc / "loop.cfg").symlink_to("loop.cfg")
    os.mkfifo(etc / "fifo.cfg")
    (etc / "bad~.cfg").write_text("a = 1\n")
    (etc / "link.cfg").symlink_to("nowhere")
    (etc / "good.cfg").write_text("a = 1\n")
    admin = make_admin(etc)

    admin.start()

    assert [one.pid for one in admin.list_configurations()] == ["good"]
    assert sorted(fault.file.rpartition("/")[2] for fault in admin.faults()) == [
        "bad~.cfg",
        "fifo.cfg",
        "link.cfg",
        "loop.cfg",
    ]


def test_a_refused_file_is_an_event_for_listeners(rabbit, wait_until):
    class Listener:
        events = []  # noqa: RUF012 - one listener

        def configuration_event(self, event):
            self.events.append(event)

    rabbit.admin.add_listener(Listener())
    rabbit.save(f"user = x\n{GOOD}")

    (event,) = wait_until(lambda: Listener.events)
    assert event.type is CM_REFUSED
    assert (event.pid, event.revision) == (RABBITMQ, 1)
    assert event.violations[0].line == 1


def test_a_refused_file_is_tried_again_when_its_schema_changes(
    rabbit, schemas, save, wait_until
):
    """CM-41."""
    rabbit.save(f"{GOOD}extra = 1\n")
    wait_until(rabbit.admin.faults)
    schema = schemas / f"{RABBITMQ}.schema.json"

    save(
        schema,
        schema.read_text().replace(
            '"additionalProperties": false', '"additionalProperties": true'
        ),
    )

    while "extra" not in rabbit.service.next():
        pass
    wait_until(lambda: not rabbit.admin.faults())


def test_schemas_that_appear_while_running_are_applied(
    etc, schemas, make_admin, wait_until
):
    aside = schemas.with_name("aside")
    schemas.rename(aside)
    (etc / f"{RABBITMQ}.cfg").write_text("mesage-server-ip = rabbit\n")
    admin = make_admin(etc, schemas=schemas)
    admin.start()
    (fault,) = admin.faults()
    assert "mkdir" in fault.cure

    aside.rename(schemas)

    def misfits():
        return [f for f in admin.faults() if f.kind is FaultKind.CONFIGURATION]

    (misfit,) = wait_until(misfits)
    assert misfit.key == "mesage-server-ip"
    assert admin.get(RABBITMQ).revision == 1, "a stricter schema takes nothing away"


def test_absent_and_blank_values_are_delivered_as_their_defaults(rabbit):
    rabbit.save("message-server-ip =\nmessage-server-username = null\n")

    assert (
        rabbit.service.next().items()
        >= {
            "message-server-ip": "localhost",
            "message-server-username": "guest",
            "message-server-password": "guest",
        }.items()
    )
