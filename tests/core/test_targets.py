"""Targeted PIDs: who registers gets the most specific of what is meant for it."""

from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.display import shown
from config_admin.core.errors import UsageError
from config_admin.core.targets import Target, targeted, untargeted

APP = Target("app")
WHOLE = Target("app", "1.2.0", "here")


class Odd(str, Enum):  # noqa: UP042 - a StrEnum shows itself as its value
    """A text that shows itself as another one."""

    APP = "app"


# What a target is


@pytest.mark.parametrize(
    ("given", "target"),
    [
        (None, None),
        (WHOLE, WHOLE),
        ("app", APP),
        ("app|1.2.0", Target("app", "1.2.0")),
        ("app|1.2.0|here", WHOLE),
        (["app"], APP),
        (("app", "1.2.0", "here"), WHOLE),
        ({"app": 0, "1.2.0": 1}.keys(), Target("app", "1.2.0")),
    ],
)
def test_a_target_is_text_or_its_parts(given, target):
    """CM-34."""
    assert Target.of(given) == target


NO_PART = "cannot be a part of a target"
NO_PID = f"{NO_PART}: no PID can end with it, for"
EMPTY = f"'' {NO_PART}: a part is text that is not empty."
PATHS = "it names a file, so it holds no '/', no '\\' and no '..'."
TOO_LONG = "as a file name it is longer than 200 bytes."
MOST = "A target is a name, a version and a location at most, and not"
WRITE = "write a Target, or 'name|version|location'."


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("", EMPTY),
        ("app|", EMPTY),
        ("|1", EMPTY),
        ([], f"{MOST} 0 parts: write 'name|version|location'."),
        ("app|1|here|there", f"{MOST} 4 parts: write 'name|version|location'."),
        (["app", 1], f"1 {NO_PART}: a part is text that is not empty."),
        ([None], f"None {NO_PART}: a part is text that is not empty."),
        (["app", None, "here"], "A target with a location has a version, too."),
        (["a|b"], f"'a|b' {NO_PART}: a part holds no '|' and no '~'."),
        ("app~x", f"'app~x' {NO_PART}: a part holds no '|' and no '~'."),
        ("/opt/app", f"'/opt/app' {NO_PID} {PATHS}"),
        ("app ", f"'app ' {NO_PID} it begins or ends with white space."),
        ("a\x1bb", f"'a\\x1bb' {NO_PID} it holds a control or invisible character."),
        ("a" * 200, f"{shown('a' * 200)} {NO_PID} {TOO_LONG}"),
        (5, f"target is 5: {WRITE}"),
        (b"a", f"target is of type bytes: {WRITE}"),
    ],
)
def test_what_no_targeted_pid_can_hold_is_no_target(world, given, sentence):
    """CM-34, CM-01: it would wait for a configuration that can never be."""
    with pytest.raises(UsageError) as caught:
        world.follow("a", lambda _: None, target=given)

    assert str(caught.value) == sentence
    assert world.admin.audience.registrations() == ()


@pytest.mark.parametrize(
    "part", ["1.2.0-rc1", "größe", "a b", "x%y", "über.app", "$", "a.b"]
)
def test_odd_parts_are_parts(world, part):
    """CM-34."""
    seen = []
    world.follow("p", seen.append, target=["app", part])

    world.admin.update(f"p|app|{part}", {})
    world.flush()

    assert seen == [{"service.pid": f"p|app|{part}"}]


def test_a_part_that_shows_itself_as_another_is_taken_by_its_value():
    """CM-34, CM-64."""
    assert Target(Odd.APP).pids("p") == ("p|app", "p")


# Which PIDs are meant for it


@pytest.mark.parametrize(
    ("pid", "target", "pids"),
    [
        ("p", None, ("p",)),
        ("p", APP, ("p|app", "p")),
        ("p", WHOLE, ("p|app|1.2.0|here", "p|app|1.2.0", "p|app", "p")),
        ("f~x", APP, ("f~x|app", "f~x")),
        ("p|other", WHOLE, ("p|other",)),
        ("f|app~x", APP, ("f|app~x",)),
    ],
)
def test_the_most_specific_comes_first(pid, target, pids):
    """CM-34, CM-55: who asks for a targeted PID gets exactly that one."""
    assert targeted(pid, target) == pids


@pytest.mark.parametrize(
    ("pid", "base"),
    [("p", "p"), ("p|app|1", "p"), ("f~x|app", "f~x"), ("f|app~x", "f"), ("|", "")],
)
def test_without_its_target_a_pid_is_what_stands_before_it(pid, base):
    """CM-34."""
    assert untargeted(pid) == base


# What is delivered


def pids_of(calls):
    return [call and call["service.pid"] for call in calls]


@pytest.fixture
def service(world):
    """What a service with the whole target was called with."""
    calls = []
    world.follow("p", calls.append, target=WHOLE)
    world.flush()
    calls.clear()
    return calls


def test_the_best_comes_and_goes(world, service):
    """CM-34, CM-55: the service gets what is best now, with its full PID."""
    better = ["p", "p|app", "p|app|1.2.0", "p|app|1.2.0|here"]
    for pid in better:
        world.admin.update(pid, {})
        world.flush()
    for pid in reversed(better):
        world.admin.delete(pid)
        world.flush()

    assert pids_of(service) == [*better, *reversed(better[:-1]), None]


def test_what_is_not_the_best_is_not_delivered(world, service):
    """CM-34, CM-16: nor is the best one delivered again."""
    world.admin.update("p|app", {"x": 1})
    world.flush()

    world.admin.update("p", {"x": 2})
    world.admin.update("p|other", {"x": 3})
    world.admin.update("p|app|9", {"x": 4})
    world.flush()
    world.admin.delete("p")
    world.flush()

    assert [call["x"] for call in service] == [1]


@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.sampled_from(WHOLE.pids("p")), st.integers(0, 1)),
            st.tuples(st.sampled_from(WHOLE.pids("p")), st.none()),
            st.none(),
        ),
        max_size=30,
    )
)
def test_whatever_comes_and_goes_the_last_call_is_the_best(make_world, steps):
    """CM-34, CM-55."""
    world, calls = make_world(), []
    world.follow("p", calls.append, target=WHOLE)
    for step in [*steps, None]:
        if step is None:
            world.flush()
            continue
        pid, x = step
        if x is not None:
            world.admin.update(pid, {"x": x})
        elif world.admin.find(pid):
            world.admin.delete(pid)

    best = next(filter(world.admin.find, WHOLE.pids("p")), None)
    assert pids_of(calls)[-1] == best
    if best is not None:
        assert calls[-1]["x"] == world.admin.get(best).properties["x"]


def test_a_change_of_the_best_is_delivered(world, service):
    """CM-34, CM-16."""
    for number in (1, 2):
        world.admin.update("p|app", {"x": number})
        world.flush()

    assert [call["x"] for call in service] == [1, 2]


def test_equal_values_under_another_pid_are_news(world, service):
    """CM-34, CM-16, CM-49: another best targeted PID; no key of it has changed."""
    told = []
    world.follow("p", lambda _, changed: told.append(changed), target=APP)
    world.admin.update("p", {"x": 1})
    world.flush()

    world.admin.update("p|app", {"x": 1})
    world.flush()

    assert pids_of(service) == ["p", "p|app"]
    assert told[-2:] == [{"x"}, set()]


def test_who_has_no_target_gets_the_plain_one(world):
    """CM-34."""
    calls = []
    world.follow("p", calls.append)
    world.admin.update("p|app", {})
    world.flush()

    assert calls == [None]


def test_who_asks_for_a_targeted_pid_never_gets_its_base(world):
    """CM-55: whatever target it has itself."""
    calls = []
    world.follow("p|app", calls.append, target="app|1")
    world.admin.update("p", {})
    world.admin.update("p|app|1", {})
    world.flush()
    assert calls == [None]

    world.admin.update("p|app", {})
    world.flush()

    assert pids_of(calls) == [None, "p|app"]


def test_a_service_of_several_pids_knows_each_by_what_it_asked_for(world):
    """CM-34, CM-20, CM-55."""
    calls = []
    world.admin.update("p|app", {})
    world.admin.audience.add_managed_service(
        ("p", "q"),
        lambda pid, properties: calls.append((pid, properties)),
        world.terms(target="app"),
    )
    world.flush()

    assert calls == [("p", {"service.pid": "p|app"}), ("q", None)]


def test_an_instance_may_be_meant_for_one_target(world):
    """CM-34: a service that asks for one instance by its name."""
    calls = []
    world.follow("f~x", calls.append, target="app")
    world.admin.update("f~x|app", {})
    world.flush()

    assert calls == [{"service.pid": "f~x|app", "service.factoryPid": "f"}]


def test_the_check_is_asked_of_what_it_will_get_only(world):
    """CM-34, CM-22: what another one outdoes is none of its business."""

    class Checked:
        def __init__(self):
            self.asked = []

        def check(self, properties):
            self.asked.append(properties["service.pid"])

        def updated(self, properties):
            """Takes them."""

    service = Checked()
    world.follow("p", service, target="app")
    world.admin.update("p|app", {})
    world.admin.update("p", {})
    world.flush()
    assert service.asked == ["p|app"]

    world.admin.delete("p|app")
    world.flush()

    assert service.asked == ["p|app", "p"]  # before it is called, at the latest


# Factories


def instances_of(factory):
    return [pid for pid, _ in factory.calls]


def test_a_factory_gets_every_instance_that_is_meant_for_it(world):
    """CM-56: none shadows another."""
    for pid in ("f~x", "f|app~x", "f|app~y", "f|other~x", "f|app|1~x", "f|app|2~x"):
        world.admin.update(pid, {})
    factory, _ = world.factory("f", target="app|1")
    plain, _ = world.factory("f")
    exact, _ = world.factory("f|app", target="app|1")
    world.flush()

    assert instances_of(factory) == ["f|app|1~x", "f|app~x", "f|app~y", "f~x"]
    assert instances_of(plain) == ["f~x"]
    assert instances_of(exact) == ["f|app~x", "f|app~y"]
    assert factory.calls[1][1] == {
        "service.pid": "f|app~x",
        "service.factoryPid": "f|app",
    }


def test_a_factory_follows_its_targeted_instances(world):
    """CM-56, CM-26: each on its own."""
    factory, _ = world.factory("f", target="app")
    world.admin.update("f~x", {})
    world.admin.update("f|app~x", {})
    world.flush()

    world.admin.delete("f|app~x")
    world.flush()

    assert instances_of(factory) == ["f~x", "f|app~x", "f|app~x"]
    assert factory.calls[-1] == ("f|app~x", None)


def test_an_instance_is_not_mistaken_for_a_targeted_singleton(world):
    """CM-56, CM-34: ``f|app~x`` is an instance of ``f|app`` and nothing for ``f``."""
    calls = []
    world.follow("f", calls.append, target="app")
    world.admin.update("f|app~x", {})
    world.flush()

    assert calls == [None]


def test_a_factory_is_asked_for_each_instance_that_is_meant_for_it(world):
    """CM-56, CM-22: none is outdone by another."""

    class Checked:
        def __init__(self):
            self.asked = []

        def check(self, pid, _):
            self.asked.append(pid)

        def updated(self, pid, properties):
            """Takes it."""

        def deleted(self, pid):
            """Lets go of it."""

    factory = Checked()
    world.follow_instances("f", factory, target="app")
    for pid in ("f~x|app", "f|app~x", "f~x"):
        world.admin.update(pid, {})

    assert factory.asked == ["f~x|app", "f|app~x", "f~x"]
