"""`config_admin.testing`: what users' own tests stand on; and its page runs."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from config_admin import (
    CM_DELETED,
    CM_REFUSED,
    CM_UPDATED,
    ConfigurationError,
    InvalidConfigurationError,
    InvalidPidError,
    NotRunningError,
    UsageError,
    testing,
)
from config_admin.core.display import MASK

PROJECT = Path(__file__).parents[1]
PAGE = PROJECT / "docs" / "testing.md"
RABBITMQ = "net.roboconf.messaging.rabbitmq"


# Deterministic


def test_callbacks_run_inside_flush_and_nowhere_else():
    """In the order in which they were queued, on the thread of the test."""
    order, threads = [], set()

    def note(what):
        order.append(what)
        threads.add(threading.current_thread())

    before = threading.active_count()
    with testing.admin() as admin:
        for name in "ab":
            admin.add_managed_service("p", lambda _, name=name: note(name))
        admin.update("p", {"x": 1})
        admin.update("p", {"x": 2})
        assert order == []

        assert admin.flush()
        assert order == ["a", "b"]

        admin.update("p", {"x": 3})
        assert admin.flush(0)
        assert order == ["a", "b", "a", "b"]
        assert threading.active_count() == before
    assert threads == {threading.current_thread()}


def test_what_a_callback_causes_is_done_when_flush_returns():
    """CM-18."""
    with testing.admin() as admin:

        @admin.managed_service("a")
        def _updated(properties):
            if properties and properties["n"] < 3:
                admin.update("a", {"n": properties["n"] + 1})

        admin.update("a", {"n": 0})
        admin.flush()

        assert admin.get("a").properties == {"n": 3}


def test_a_service_that_is_there_first_is_called_by_the_start():
    """CM-15, CM-46."""
    service = testing.RecordingService()
    admin = testing.admin({"p": {"x": 1}})
    registration = admin.add_managed_service("p", service)

    with admin:
        assert registration.wait(0)
        assert service.last == {"x": 1, "service.pid": "p"}


def test_nothing_is_called_after_the_end():
    """CM-47, CM-58."""
    service = testing.RecordingService()
    with testing.admin() as admin:
        admin.add_managed_service("p", service)

    assert admin.flush()
    assert service.calls == []
    assert service.last is None
    for call in (
        lambda: admin.update("p", {}),
        admin.recheck,
        lambda: admin.add_managed_service("q", service),
        admin.transaction,
    ):
        with pytest.raises(NotRunningError, match="has been stopped"):
            call()


def test_it_touches_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with testing.admin({"p": {"x": "$[secret:s]"}}, secrets={"s": "1"}) as admin:
        admin.update("q", {"x": 1})
        admin.flush()

    assert list(tmp_path.iterdir()) == []


def test_two_tests_share_nothing():
    with testing.admin({"p": {}}) as one, testing.admin() as other:
        assert one.find("p")
        assert other.find("p") is None


def test_waiting_for_receipts_lets_callbacks_run():
    """CM-48: nobody else would."""
    with testing.admin({"p": {"x": 1}}) as admin:
        service = testing.RecordingService()
        admin.add_managed_service("p", service)

        (receipt,) = admin.wait_applied("p")

        assert (receipt.applied, receipt.refused) == (1, None)
        service.error = ConfigurationError("x", "no")
        admin.update("p", {"x": 2})
        (receipt,) = admin.wait_applied("p", 5)
        assert (receipt.applied, receipt.refused) == (1, 2)


def test_a_callback_cannot_wait_for_itself():
    """CM-18."""
    caught = []
    with testing.admin() as admin:

        @admin.managed_service("p")
        def _updated(_):
            for call in (
                admin.flush,
                admin.stop,
                admin.wait,
                lambda: admin.wait_applied("p"),
            ):
                with pytest.raises(UsageError) as error:
                    call()
                caught.append(str(error.value))

        admin.flush()

        assert admin.faults() == ()
    called = [re.search(r"call (\w+)\(\)", text)[1] for text in caught]
    assert called == ["flush", "stop", "wait", "wait_applied"]


# As with the real one


def test_what_is_refused_from_the_start_is_raised(schemas):
    """CM-36."""
    bad = {RABBITMQ: {"message-server-ip": "h:70000"}}

    with pytest.raises(InvalidConfigurationError, match="70000"):
        testing.admin(bad, schemas=schemas).start()
    with pytest.raises(InvalidPidError):
        testing.admin({"../p": {}}).start()


@pytest.fixture
def schemas():
    return PROJECT / "schemas"


@pytest.mark.parametrize("kind", [str, Path])
def test_schemas_count(schemas, kind):
    """CM-35, CM-36."""
    service = testing.RecordingService()
    with testing.admin(schemas=kind(schemas)) as admin:
        admin.add_managed_service(RABBITMQ, service)
        admin.update(
            RABBITMQ,
            {
                "message-server-ip": "h:5672",
                "message-server-username": "u",
                "message-server-password": "p",
            },
        )
        with pytest.raises(InvalidConfigurationError):
            admin.update(RABBITMQ, {"message-server-ip": "h:70000"})
        admin.flush()

        assert service.last["message-server-ip"] == "h:5672"
        assert len(service.calls) == 1


def test_placeholders_count():
    """CM-60, CM-61: and the real environment does not."""
    os_names = set(os.environ)
    service = testing.RecordingService()
    with testing.admin(
        {
            "p": {
                "url": "amqp://${user}:$[secret:db]@${env:HOST}",
                "user": "me",
                "motto": "$[file:motto]",
                "who": "${whoever}",
            }
        },
        variables={"whoever": "us"},
        environment={"HOST": "h"},
        secrets={"db": "hunter2"},
        files={"motto": "do no harm"},
    ) as admin:
        admin.add_managed_service("p", service)
        admin.flush()
        assert dict(service.last) == {
            "url": "amqp://me:hunter2@h",
            "user": "me",
            "motto": "do no harm",
            "who": "us",
            "service.pid": "p",
        }
        assert "hunter2" not in repr(service.last)

        admin.update("p", {**service.last, "who": "them"})
        admin.flush()
        assert service.last["url"] == "amqp://me:hunter2@h"
        assert service.changed[-1] == {"who"}

        for text in ("$[secret:other]", f"${{env:{min(os_names)}}}", "$[blah:x]"):
            with pytest.raises(InvalidConfigurationError):
                admin.update("p", {"x": text})


def test_a_secret_that_changes_is_delivered_when_it_is_looked_at():
    """CM-16."""
    secrets = {"db": "old"}
    service = testing.RecordingService()
    with testing.admin({"p": {"pw": "$[secret:db]"}}, secrets=secrets) as admin:
        admin.add_managed_service("p", service)
        admin.flush()

        secrets["db"] = "new"
        admin.flush()
        assert service.last["pw"] == "old"
        admin.recheck()
        admin.flush()

        assert service.last["pw"] == "new"
        assert admin.get("p").revision == 1


def test_a_secret_that_is_gone_is_a_fault():
    """CM-41: what is in force stays."""
    secrets = {"db": "old"}
    service = testing.RecordingService()
    with testing.admin({"p": {"pw": "$[secret:db]"}}, secrets=secrets) as admin:
        admin.add_managed_service("p", service)
        admin.flush()

        secrets.clear()
        admin.recheck()
        admin.flush()

        assert len(service.calls) == 1
        assert [fault.key for fault in admin.faults()] == ["pw"]


def test_required_plugins_hold_what_is_delivered():
    """CM-32."""

    class Plugin:
        def modify_configuration(self, _, properties):
            return {**properties, "by": "plugin"}

    service = testing.RecordingService()
    with testing.admin({"p": {}}, required_plugins=["decrypt"]) as admin:
        admin.add_managed_service("p", service)
        admin.flush()
        assert service.calls == []

        admin.add_plugin(Plugin(), name="decrypt")
        admin.flush()
        assert service.last["by"] == "plugin"


def test_what_a_callback_raises_is_a_fault_and_not_raised():
    """CM-21."""

    def updated(_):
        raise AssertionError("as a test might")

    with testing.admin() as admin:
        admin.add_managed_service("p", updated)
        admin.flush()

        (fault,) = admin.faults()
        assert "as a test might" in fault.found


# Those that keep what they hear


def test_a_recording_service_keeps_its_calls_and_what_changed():
    service = testing.RecordingService()
    with testing.admin() as admin:
        admin.add_managed_service("p", service)
        admin.flush()
        for properties in ({"x": 1, "y": 1}, {"x": 1, "y": 2}):
            admin.update("p", properties)
            admin.flush()
        admin.delete("p")
        admin.flush()

    assert [call and dict(call) for call in service.calls] == [
        None,
        {"x": 1, "y": 1, "service.pid": "p"},
        {"x": 1, "y": 2, "service.pid": "p"},
        None,
    ]
    assert service.changed == [set(), {"x", "y"}, {"y"}, {"x", "y"}]
    assert service.last is None


def test_a_recording_service_raises_what_it_is_told():
    """CM-21: and keeps the call."""
    service = testing.RecordingService()
    service.error = ConfigurationError("x", "no")
    with testing.admin({"p": {"x": 1}}) as admin:
        admin.add_managed_service("p", service)
        admin.flush()
        assert [fault.key for fault in admin.faults()] == ["x"]
        assert service.last["x"] == 1

        service.error = None
        admin.update("p", {"x": 2})
        admin.flush()
        assert admin.faults() == ()


def test_a_recording_factory_knows_its_instances():
    """CM-26."""
    factory = testing.RecordingFactory()
    with testing.admin({"f~a": {"x": 1}, "f~b": {"x": 2}}) as admin:
        admin.add_managed_service_factory("f", factory)
        admin.flush()
        assert {pid: one["x"] for pid, one in factory.instances.items()} == {
            "f~a": 1,
            "f~b": 2,
        }

        admin.update("f~a", {"x": 3})
        admin.delete("f~b")
        admin.flush()

    assert [(pid, one and one["x"]) for pid, one in factory.calls] == [
        ("f~a", 1),
        ("f~b", 2),
        ("f~a", 3),
        ("f~b", None),
    ]
    assert factory.changed == [{"x"}, {"x"}, {"x"}, set()]
    assert list(factory.instances) == ["f~a"]


def test_a_recording_factory_raises_what_it_is_told():
    """CM-26."""
    factory = testing.RecordingFactory()
    with testing.admin({"f~a": {"x": 1}}) as admin:
        admin.add_managed_service_factory("f", factory)
        admin.flush()
        factory.error = ConfigurationError(None, "no")
        admin.delete("f~a")
        admin.flush()

        assert len(admin.faults()) == 1
        assert factory.instances == {}


def test_a_recording_factory_follows_several_pids_too():
    """CM-20."""
    several = testing.RecordingFactory()
    with testing.admin({"a": {"x": 1}}) as admin:
        admin.add_managed_service(("a", "b"), several)
        admin.flush()
        admin.delete("a")
        admin.flush()

    assert [(pid, one and one["x"]) for pid, one in several.calls] == [
        ("a", 1),
        ("b", None),
        ("a", None),
    ]
    assert several.instances == {}


def test_a_recording_listener_keeps_its_events():
    """CM-29, CM-30."""
    later, at_once = testing.RecordingListener(), testing.RecordingListener()
    with testing.admin() as admin:
        admin.add_listener(later)
        admin.add_listener(at_once, synchronous=True)
        admin.update("p", {})
        with pytest.raises(InvalidConfigurationError):
            admin.update("p", {"x": None})
        admin.delete("p")
        assert [event.type for event in at_once.events] == [
            CM_UPDATED,
            CM_REFUSED,
            CM_DELETED,
        ]
        assert later.events == []
        admin.flush()

    assert later.events == at_once.events


# Coroutines


class Later:
    def __init__(self):
        self.calls = []

    async def updated(self, properties):
        await asyncio.sleep(0)
        self.calls.append(properties and properties["x"])


def test_coroutines_run_while_flush_is_on_another_thread():
    """CM-25."""

    async def test():
        service = Later()
        async with testing.admin({"p": {"x": 1}}) as admin:
            admin.add_managed_service("p", service)
            assert await asyncio.to_thread(admin.flush)
            admin.update("p", {"x": 2})
            await asyncio.to_thread(admin.flush)
            assert admin.faults() == ()
        assert service.calls == [1, 2]

    asyncio.run(test())


def test_coroutines_that_are_there_first_run_at_the_start():
    """CM-25, CM-46."""

    async def test():
        admin, service = testing.admin({"p": {"x": 1}}), Later()
        admin.add_managed_service("p", service)
        async with admin:
            assert service.calls == [1]

    asyncio.run(test())


def test_on_its_own_loop_flush_says_what_to_do_instead():
    """CM-25: a loop that flush blocks runs no coroutine."""

    async def test():
        service = Later()
        async with testing.admin() as admin:
            admin.add_managed_service("p", service)
            with pytest.raises(UsageError, match=r"asyncio\.to_thread\(admin\.flush"):
                admin.flush()
        assert service.calls == []

    asyncio.run(test())


def test_without_a_loop_a_coroutine_is_a_fault():
    """CM-25."""
    with testing.admin() as admin:
        admin.add_managed_service("p", Later())
        admin.flush()

        (fault,) = admin.faults()
        assert "async with" in fault.found


# What it shows


def test_processed_properties_mask_secrets_unless_asked():
    """CM-33."""
    written = {"url": "amqp://u:$[secret:db]@h", "password": "$[secret:db]", "x": 1}
    with testing.admin({"p": written}, secrets={"db": "hunter2"}) as admin:
        masked = admin.processed_properties("p")
        shown = admin.processed_properties("p", show_secrets=True)

    assert "hunter2" not in str(dict(masked))
    assert masked["password"] == MASK
    assert (masked["x"], masked["service.pid"]) == (1, "p")
    assert shown["password"] == "hunter2"
    assert shown["url"] == "amqp://u:hunter2@h"


# The page


def blocks():
    return re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.mark.integration
def test_the_examples_of_the_page_run(tmp_path):
    (tmp_path / "test_page.py").write_text("\n\n".join(blocks()), encoding="utf-8")
    (tmp_path / "schemas").symlink_to(PROJECT / "schemas")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "test_page.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    tests = len(re.findall(r"(?m)^def test_", "\n".join(blocks())))
    assert tests > 5
    assert f"{tests} passed" in done.stdout, done.stdout + done.stderr


def test_the_page_names_everything():
    page = PAGE.read_text(encoding="utf-8")

    for name in testing.__all__:
        assert name in page, name
