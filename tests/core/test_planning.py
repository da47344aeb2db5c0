"""Plans: in the words of the file, compared with what is there, and with an end."""

from dataclasses import replace

import pytest

from config_admin.core.coercion import Kind, text_of
from config_admin.core.configuration import Origin
from config_admin.core.diagnostics import Diagnostic
from config_admin.core.entry import storable, with_automatic
from config_admin.core.errors import (
    InvalidConfigurationError,
    NoSuchConfigurationError,
    RevisionConflictError,
    UsageError,
)
from config_admin.core.events import CM_REFUSED, CM_UPDATED
from config_admin.core.planning import MOST_CHECKS
from config_admin.core.ports import Checked
from config_admin.core.properties import Properties
from config_admin.core.wording import as_written

FILE = Origin.file("etc/a.cfg")
NUMBERS = Kind(types=("array",), items=("integer",))


@pytest.fixture
def resolving(small_validator, make_world):
    """
    A world with placeholders: "$[name]" stands for what `secrets` of it says.

    The texts of the key "ports" are lists of whole numbers, or become them; of those in
    `unsaid`, no text does.
    """

    class Resolving(small_validator):
        def __init__(self):
            super().__init__()
            self.texts = {"$[pw]": "hunter2", "$[pin]": "4711"}
            self.override = {}
            self.unsaid = ()

        def check(self, pid, properties):
            checked = super().check(pid, properties)
            seen = {k: self.read(k, v) for k, v in checked.properties.items()}
            defaults = {k: self.read(k, v) for k, v in checked.defaults.items()}
            overridden = {**seen, **defaults, **self.override}
            return Checked(
                Properties(seen),
                Properties(defaults),
                checked.schema,
                secrets=tuple(self.texts.values()),
                overridden=Properties(overridden) if self.override else None,
            )

        def read(self, key, value):
            if isinstance(value, tuple):
                return tuple(self.read(key, item) for item in value)
            if not isinstance(value, str):
                return value
            for name, text in self.texts.items():
                value = value.replace(name, text)
            return int(value) if key == "ports" else value

        def as_text(self, pid, key, value):
            if key == "ports":
                return None if value in self.unsaid else text_of(value, NUMBERS)
            return super().as_text(pid, key, value)

    return make_world(validator=Resolving())


@pytest.fixture
def schemas(small_validator, make_world):
    """A world in which only "a" has a schema; of it, "port" and "ports" are numbers."""

    class Schemas(small_validator):
        def check(self, pid, properties):
            self.numbers = {"port"} if pid == "a" else set()
            checked = super().check(pid, properties)
            seen = checked.properties
            if pid == "a" and "ports" in seen:
                seen = seen.with_items({"ports": tuple(map(int, seen["ports"]))})
            return replace(checked, properties=seen, schema=self.schema_of(pid))

        def schema_of(self, pid):
            return self.schema if pid == "a" else None

        def is_secret(self, pid, key):
            return pid == "a" and super().is_secret(pid, key)

        def as_text(self, pid, key, value):
            if pid != "a":
                return None
            if key == "ports":
                return text_of(value, NUMBERS)
            return super().as_text(pid, key, value)

    return make_world(validator=Schemas())


class NotingGate:
    """
    Stands open, and notes what it is asked.

    Attributes:
        asked: Each PID with what is to be written of it.
    """

    def __init__(self):
        self.asked = []

    def require_open(self, pid, *, force):
        """Open."""

    def require_writable(self, pid, properties):
        self.asked.append((pid, dict(properties)))

    def note_change(self, pid, *, force):
        """Noted."""


def delivered(world, pid="a"):
    service, registration = world.service(pid)
    world.flush()
    registration.close()
    return service.calls[-1]


# As written


def test_what_was_delivered_and_is_given_back_stays_as_it_was_written(resolving):
    """CM-60: no resolved secret is stored."""
    written = {"url": "amqp://me:$[pw]@h", "password": "$[pw]", "port": "80"}
    resolving.admin.update("a", written, origin=FILE)

    after = resolving.admin.update("a", {**delivered(resolving), "port": 1})

    assert after.revision == 2
    assert resolving.admin.written("a").properties == {**written, "port": "1"}
    assert "hunter2" not in str([dict(one.properties) for one in resolving.store.all()])


def test_all_that_was_delivered_and_is_given_back_is_no_news(resolving):
    """CM-08, CM-60."""
    resolving.admin.update("a", {"url": "$[pw]", "ports": ["$[pin]", "2"]})

    assert resolving.admin.update("a", delivered(resolving)).revision == 1
    assert resolving.admin.update("a", resolving.admin.get("a").properties)
    assert resolving.admin.get("a").revision == 1


@pytest.mark.parametrize(
    ("written", "given", "expected"),
    [
        (["$[pw]", "b"], ["hunter2", "c"], ("$[pw]", "c")),
        (["$[pw]", "b"], ["hunter2", "b", "c"], ("$[pw]", "b", "c")),
        (["$[pw]", "b"], ["c", "hunter2"], ("c", "$[pw]")),
        (["$[pw]", "b"], ["hunter2"], ("$[pw]",)),
        (["$[pw]", "b"], ["b"], ("b",)),
        (["$[pw]", "b"], [], ()),
        (["$[pw]", "hunter2"], ["hunter2", "hunter2"], ("$[pw]", "hunter2")),
        (["$[pw]", "hunter2"], ["hunter2"] * 2 + ["c"], ("$[pw]", "hunter2", "c")),
        (["$[pw]", "b"], "hunter2", "hunter2"),
        (
            ["$[pw]", "hunter2", "$[pw]"],
            ["hunter2"] * 3 + ["c"],
            ("$[pw]", "hunter2", "$[pw]", "c"),
        ),
    ],
)
def test_each_element_stays_as_it_was_written(resolving, written, given, expected):
    """CM-60: wherever it stands in the list."""
    resolving.admin.update("a", {"hosts": written})

    resolving.admin.update("a", {"hosts": given})

    assert resolving.admin.written("a").properties["hosts"] == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([4711, 3], ("$[pin]", "3")),
        ([4711, 2, 5], ("$[pin]", "2", "5")),
        ([1, 2], ("1", "2")),
        ([], ()),
    ],
)
def test_elements_that_change_become_text_beside_text(resolving, given, expected):
    """CM-04, CM-60: a list holds values of one type."""
    resolving.admin.update("a", {"ports": ["$[pin]", "2"]})

    after = resolving.admin.update("a", {"ports": given})

    assert resolving.admin.written("a").properties["ports"] == expected
    assert after.properties["ports"] == tuple(given)


def test_a_list_of_which_no_text_says_an_element_is_stored_as_it_is(resolving):
    """CM-04: where the elements cannot be kept, the whole is taken."""
    resolving.validator.unsaid = {(3,)}
    resolving.admin.update("a", {"ports": ["$[pin]", "2"]})

    resolving.admin.update("a", {"ports": [4711, 3]})

    assert resolving.admin.written("a").properties["ports"] == (4711, 3)


def test_a_list_of_another_type_is_stored_as_it_is(resolving):
    """CM-04."""
    resolving.admin.update("a", {"list": ["a", "b"]})

    resolving.admin.update("a", {"list": [1, 2]})

    assert resolving.admin.written("a").properties["list"] == (1, 2)


def test_a_typed_list_stays_typed_in_a_typed_file(resolving):
    """CM-42: whatever else its schema would read."""
    resolving.admin.update("a", {"ports": [1, 2]}, origin=FILE)

    resolving.admin.update("a", {"ports": [1, 3]})

    assert resolving.admin.written("a").properties["ports"] == (1, 3)


@pytest.mark.parametrize("text", ["hunter2", "it's", "back\\slash", "two\nlines"])
@pytest.mark.parametrize("default", ["$[pw]", ["x", "$[pw]"]])
def test_no_form_of_default_writes_a_secret_out(resolving, text, default):
    """CM-60, CM-61: in a list, too."""
    resolving.validator.texts["$[pw]"] = text
    resolving.validator.defaults = {"logins": default}
    resolving.admin.update("a", {"x": 1})
    got = delivered(resolving)
    assert text in got["logins"]

    resolving.admin.update("a", {**got, "x": 2})

    assert resolving.admin.written("a").properties == {"x": 2}


def test_a_secret_that_comes_from_a_default_is_not_written_out(resolving):
    """CM-60, CM-61."""
    resolving.validator.defaults = {"password": "$[pw]", "mode": "fast"}
    resolving.admin.update("a", {"x": 1})
    got = delivered(resolving)
    assert got["password"] == "hunter2"

    resolving.admin.update("a", {**got, "x": 2})
    assert resolving.admin.written("a").properties == {"x": 2, "mode": "fast"}
    assert delivered(resolving)["password"] == "hunter2"

    resolving.admin.update("a", {"password": "hunter2!", "x": 2})
    assert resolving.admin.written("a").properties["password"] == "hunter2!"


def test_what_overrides_is_not_written_out(resolving):
    """CM-50, CM-60: neither for a key that the file has, nor for another one."""
    resolving.validator.override = {"host": "theirs", "more": "theirs"}
    resolving.admin.update("a", {"host": "$[pw]", "x": 1})
    got = delivered(resolving)
    assert (got["host"], got["more"]) == ("theirs", "theirs")

    resolving.admin.update("a", {**got, "x": 2})

    assert resolving.admin.written("a").properties == {"host": "$[pw]", "x": 2}


def test_what_overrides_a_default_is_not_written_out(resolving):
    """CM-50, CM-60."""
    resolving.validator.defaults = {"mode": "fast"}
    resolving.validator.override = {"mode": "theirs"}
    resolving.admin.update("a", {"x": 1})

    resolving.admin.update("a", {**delivered(resolving), "x": 2})

    assert resolving.admin.written("a").properties == {"x": 2}


def test_what_callers_read_beneath_an_override_stays_as_it_was_written(resolving):
    """CM-50, CM-60: it is not what is delivered, but says the same as the file."""
    resolving.validator.override = {"host": "theirs"}
    resolving.admin.update("a", {"host": "$[pw]"})
    assert resolving.admin.get("a").properties == {"host": "hunter2"}

    resolving.admin.update("a", {"host": "hunter2", "x": 1})

    assert resolving.admin.written("a").properties == {"host": "$[pw]", "x": 1}


@pytest.mark.parametrize(
    ("defaults", "given", "expected"),
    [
        ({"mode": "fast"}, "fast", ""),
        ({"mode": "fast"}, "slow", "slow"),
        ({}, "", ""),
        ({}, "slow", "slow"),
    ],
)
def test_a_text_that_means_absent_stays_while_its_default_is_given(
    make_world, small_validator, defaults, given, expected
):
    """CM-36, CM-60: what is delivered for it is the default."""

    class Blank(small_validator):
        def check(self, pid, properties):
            blank = tuple(key for key, value in properties.items() if value == "")
            return super().check(pid, properties.without(blank))

    world = make_world(validator=Blank())
    world.validator.defaults = defaults
    world.admin.update("a", {"mode": ""}, origin=FILE)

    world.admin.update("a", {"mode": given, "x": 1})

    assert world.admin.written("a").properties == {"mode": expected, "x": 1}


def test_in_a_transaction_it_stays_as_it_was_written_before_all(resolving):
    """CM-14, CM-60: also what an earlier change of it left out."""
    resolving.admin.update("a", {"password": "$[pw]"})

    with resolving.admin.transaction() as transaction:
        transaction.update("a", {"x": 1})
        transaction.update("a", {"x": 2, "password": "hunter2"})

    assert resolving.admin.written("a").properties == {"x": 2, "password": "$[pw]"}


def test_in_a_transaction_what_held_before_it_is_not_written_out(world):
    """CM-14, CM-50, CM-60: where there was no configuration."""
    world.validator.instead["a"] = Checked(
        Properties(), overridden=Properties({"password": "hunter2"})
    )

    with world.admin.transaction() as transaction:
        transaction.update("a", {"x": 1})
        transaction.update("a", {"x": 2, "password": "hunter2"})

    assert world.admin.written("a").properties == {"x": 2}


def test_each_pid_is_written_as_its_own_schema_reads_it(schemas):
    """CM-35: "b" has none."""
    for pid in "ab":
        schemas.admin.update(pid, {"ports": ["1", "2"]})
        schemas.admin.update(pid, {"port": 80, "ports": [1, 3]})

    assert schemas.admin.written("a").properties == {"port": "80", "ports": ("1", "3")}
    assert schemas.admin.written("b").properties == {"port": 80, "ports": (1, 3)}


def test_each_pid_is_read_by_its_own_schema(schemas):
    """CM-35, CM-37: and only what that changed is read again."""
    schemas.validator.secrets = {"dsn"}
    for pid in "ab":
        schemas.admin.update(pid, {"port": "80"}, origin=FILE)
    schemas.admin.recheck_all()
    assert schemas.validator.checks == 2
    assert [schemas.admin.schema_of(pid) for pid in "ab"] == ["first", None]
    assert [schemas.admin.is_secret(pid, "dsn") for pid in "ab"] == [True, False]

    schemas.validator.schema = "second"
    schemas.admin.recheck_all()

    assert schemas.validator.checks == 3
    assert schemas.admin.get("a").properties == {"port": 80}
    assert schemas.admin.get("b").properties == {"port": "80"}


def test_what_an_override_does_not_say_is_taken(resolving):
    """CM-50: somebody wants another value, whenever the override is gone."""
    resolving.validator.override = {"host": "theirs"}
    resolving.admin.update("a", {"host": "ours"})

    resolving.admin.update("a", {"host": "new", "port": 1})

    assert resolving.admin.written("a").properties == {"host": "new", "port": "1"}


def test_a_default_that_is_given_is_written(world):
    """CM-07: who says so means it, also when the schema says so today."""
    world.validator.defaults = {"mode": "fast"}
    world.admin.update("a", {"x": 1})

    world.admin.update("a", {"x": 1, "mode": "fast"})

    assert world.admin.get("a").properties == {"x": 1, "mode": "fast"}


def test_a_file_is_taken_as_it_is(world):
    """CM-42: its author wrote it so."""
    world.admin.update("a", {"port": "0080"}, origin=FILE)

    world.admin.update("a", {"port": "80"}, origin=FILE)

    assert world.admin.written("a").properties == {"port": "80"}


def test_a_changed_instance_is_the_same_one(world):
    """CM-26: its factory is not told that it was deleted."""
    calls = []

    class Factory:
        def updated(self, pid, properties):
            calls.append((pid, properties["x"]))

        def deleted(self, pid):
            calls.append((pid, None))

    world.admin.audience.add_managed_service_factory("f", Factory())
    for number in (1, 2):
        world.admin.update("f~1", {"x": number})
        world.flush()

    assert calls == [("f~1", 1), ("f~1", 2)]


def test_what_was_deleted_says_nothing_of_what_comes(world):
    """CM-07."""
    world.admin.update("a", {"port": "0080"})
    world.admin.delete("a")

    world.admin.update("a", {"port": 80})

    assert world.admin.written("a").properties == {"port": "80"}


def test_without_anything_before_it_values_become_text_where_that_is_exact(world):
    given = Properties({"port": 80, "other": 80, "name": "x"})

    written = as_written("a", given, None, world.validator)

    assert dict(written) == {"port": "80", "other": 80, "name": "x"}


def test_what_the_gate_cannot_write_is_refused(world):
    """CM-42: before it is committed, and it is an event."""

    class Gate(NotingGate):
        def require_writable(self, pid, properties):
            if "x" in properties:
                found = Diagnostic(found="x", expected="y", cure="No.", rule="format")
                raise InvalidConfigurationError(pid, [found])

    world.admin.guard(Gate())
    listener = world.listener()

    with pytest.raises(InvalidConfigurationError):
        world.admin.update("a", {"x": 1})
    world.flush()

    assert [event.type for event in listener.events] == [CM_REFUSED]
    assert world.admin.update("a", {"x": 1}, origin=FILE).revision == 1


def test_the_gate_is_asked_for_what_will_be_written(world):
    """CM-42: in the words of the file; of what comes from it, nothing."""
    gate = NotingGate()
    world.admin.guard(gate)
    world.admin.update("a", {"port": "0080"}, origin=FILE)

    world.admin.update("a", {"port": 80, "x": 1})

    assert gate.asked == [("a", {"port": "0080", "x": 1})]


# Deletions


@pytest.mark.parametrize(
    ("pid", "words"),
    [
        ("b", "There is no configuration 'b'."),
        ("gone", "There is no configuration 'gone'."),
        ("gone.cfg", "There is no configuration 'gone.cfg'."),
        ("a.cfg", "There is no configuration 'a.cfg'. Did you mean 'a'?"),
        ("a.cfg.json", "There is no configuration 'a.cfg.json'. Did you mean 'a'?"),
    ],
)
def test_what_is_not_there_cannot_be_deleted(world, pid, words):
    """CM-11: who names the file instead of its PID is told the PID."""
    world.admin.update("a", {})
    world.admin.update("gone", {})
    world.admin.delete("gone")

    with pytest.raises(NoSuchConfigurationError) as caught:
        world.admin.delete(pid)

    assert str(caught.value) == words


# What callers hand over


@pytest.mark.parametrize("given", [None, "text", 5, [("x", 1)], {"x"}])
def test_what_is_no_mapping_is_a_mistake_of_the_caller(world, given):
    """CM-04."""
    listener = world.listener()

    with pytest.raises(UsageError) as caught:
        world.admin.update("a", given)
    world.flush()

    assert str(caught.value) == (
        f"a cannot be a value of type {type(given).__name__}: properties are a mapping "
        "of keys to values."
    )
    assert listener.events == []


def test_what_cannot_be_stored_is_an_event(world):
    """CM-30."""
    listener = world.listener()

    with pytest.raises(InvalidConfigurationError) as caught:
        world.admin.update("a", {"x": None})
    world.flush()

    (event,) = listener.events
    assert (event.type, event.pid) == (CM_REFUSED, "a")
    assert event.violations == caught.value.violations


@pytest.mark.parametrize("key", ["service.pid", "SERVICE.PID", "service.FactoryPid"])
def test_automatic_properties_are_dropped_before_any_check(key):
    """CM-05: even with a value that nothing could store."""
    assert storable("a", {key: object(), "x": 1}) == {"x": 1}


def test_keys_that_callers_call_secret_stay_it(world):
    """CM-37."""
    given = Properties({"dsn": "hunter2"}, secret_keys=["dsn"])

    after = world.admin.update("a", given)

    assert "hunter2" not in repr([after, world.admin.get("a")])
    assert "hunter2" in set(world.admin.secrets())


def test_only_an_instance_has_a_factory(world):
    """CM-05."""
    world.admin.update("a", {})
    world.admin.update("f~1", {"x": 1})

    assert dict(with_automatic(world.admin.entry("a"))) == {"service.pid": "a"}
    assert dict(with_automatic(world.admin.entry("f~1"))) == {
        "x": 1,
        "service.pid": "f~1",
        "service.factoryPid": "f",
    }


# An end


def test_a_schema_that_never_rests_does_not_hang_a_change(world):
    """Nor is the change made unchecked: it is refused, and says why."""
    listener = world.listener()

    def move():
        world.validator.schema = object()

    world.validator.during_check = move

    with pytest.raises(InvalidConfigurationError) as caught:
        world.admin.update("a", {"x": 1})
    world.flush()

    assert caught.value.pid == "a"
    assert caught.value.violations == (
        Diagnostic(
            found="other values, another schema or other services after each of "
            f"{MOST_CHECKS} checks",
            expected="those that it was checked with",
            cure="See who changes it, its schema or its secrets, or registers services "
            "for it, over and over.",
            rule="check",
        ),
    )
    assert world.validator.checks == MOST_CHECKS
    assert world.admin.find("a") is None
    assert [event.type for event in listener.events] == [CM_REFUSED]


def test_services_that_come_and_go_without_end_do_not_hang_a_change(world):
    """As a schema that never rests."""

    class Restless:
        def check(self, _):
            (own,) = world.admin.audience.registrations()
            own.close()
            world.follow("a", Restless())

        def updated(self, properties):
            """Never called."""

    world.follow("a", Restless())

    with pytest.raises(InvalidConfigurationError) as caught:
        world.admin.update("a", {"x": 1})

    assert "other services" in caught.value.violations[0].found


def test_a_schema_that_rests_in_the_end_is_waited_for(world):
    """The change is checked by the last one."""
    schemas = iter(range(MOST_CHECKS - 1))

    def move():
        world.validator.schema = next(schemas, world.validator.schema)

    world.validator.during_check = move
    world.admin.update("a", {"x": 1})

    assert world.admin.entry("a").checked.schema == MOST_CHECKS - 2


def test_who_loses_many_races_gets_on_all_the_same(world):
    """CM-10: it never raises a conflict."""
    races = iter(range(MOST_CHECKS - 1))
    is_racing = []

    def lose():
        if is_racing:
            return
        is_racing.append(True)
        number = next(races, None)
        if number is not None:
            world.admin.update("a", {"by": "winner", "number": number})
        is_racing.clear()

    world.validator.during_check = lose

    after = world.admin.update("a", {"by": "loser"})

    assert after.revision == MOST_CHECKS
    assert world.admin.get("a").properties == {"by": "loser"}


def test_an_update_of_one_revision_never_is_of_another(world):
    """CM-10: also when what it lost against had the same values."""
    world.admin.update("a", {"x": 1})

    def win():
        world.validator.during_check = lambda: None
        world.admin.update("a", {"x": 2})

    world.validator.during_check = win

    with pytest.raises(RevisionConflictError) as caught:
        world.admin.update("a", {"x": 2}, revision=1)

    assert (caught.value.expected, caught.value.actual) == (1, 2)


def test_who_lost_against_the_same_values_changes_nothing(world):
    """CM-08, CM-10."""
    listener = world.listener()

    def win():
        world.validator.during_check = lambda: None
        world.admin.update("a", {"x": 1})

    world.validator.during_check = win

    assert world.admin.update("a", {"x": 1}).revision == 1
    world.flush()
    assert [event.type for event in listener.events] == [CM_UPDATED]
