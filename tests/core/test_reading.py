"""What others have stored is read as the schemas of this process read it."""

import pytest

from config_admin.core.configuration import Configuration, Origin
from config_admin.core.entry import Entry
from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.faults import FaultKind
from config_admin.core.parts import World
from config_admin.core.ports import Checked
from config_admin.core.properties import Properties, typed
from config_admin.core.reading import Reading


class Place:
    """
    A reading, and what it stands in.

    Attributes:
        known: What is known, by PID.
    """

    def __init__(self, world):
        self.known = {}
        self.validator, self.faults = world.validator, world.faults
        parts = World(
            validator=world.validator,
            dispatcher=world.dispatcher,
            faults=world.faults,
            now=lambda: None,
        )
        self.reading = Reading(self.known.get, parts)

    def enter(self, stored):
        """What is read of *stored*, in force; and what is wrong with it is told."""
        entry = self.known[stored.pid] = self.reading.entry_of(stored)
        self.reading.tell(entry)
        return entry


@pytest.fixture
def place(world):
    return Place(world)


def stored(revision, origin=Origin.API, *, deleted=False, **properties):
    return Configuration("a", Properties(properties), revision, origin, deleted=deleted)


def entry(configuration, incarnation):
    return Entry(configuration, Checked(configuration.properties), incarnation)


def test_what_fits_is_read_by_its_schema(place):
    place.validator.defaults = {"host": "h"}

    found = place.enter(stored(3, port="80"))

    assert typed(found.checked.properties["port"]) == typed(80)
    assert typed(found.configuration.properties["port"]) == typed("80")
    assert found.delivered()["host"] == "h"
    assert found.misfits == ()
    assert place.faults.all() == ()


def test_what_the_schema_calls_a_secret_is_masked_as_written_too(place):
    place.validator.secrets = {"x"}

    found = place.reading.entry_of(stored(1, x="s3cret"))

    assert found.configuration.properties.secret_keys == {"x"}
    assert "s3cret" not in repr(found)


def test_a_tombstone_is_not_checked(place):
    place.validator.refused = {"bad"}

    found = place.reading.entry_of(stored(4, deleted=True))

    assert found.delivered() is None
    assert found.configuration.revision == 4
    assert place.validator.checks == 0


@pytest.mark.parametrize(
    ("origin", "file"),
    [(Origin.API, "a"), (Origin.file("etc/\x1b.cfg"), "etc/\\x1b.cfg")],
)
def test_what_does_not_fit_is_there_with_what_is_wrong(place, origin, file):
    found = place.enter(stored(3, origin, bad="1", port="80"))

    with pytest.raises(InvalidConfigurationError) as caught:
        place.validator.check("a", found.configuration.properties)
    assert found.misfits == caught.value.violations
    assert found.checked.schema != place.validator.schema_of("a")
    assert found.configuration.properties == {"bad": "1", "port": "80"}
    (fault,) = place.faults.all()
    assert (fault.kind, fault.pid) == (FaultKind.CONFIGURATION, "a")
    assert (fault.key, fault.file) == ("bad", file)


def test_what_fits_takes_the_fault_away(place):
    place.enter(stored(1, bad="1"))

    place.enter(stored(2, good="1"))

    assert place.faults.all() == ()


def test_a_deletion_takes_the_fault_away(place):
    place.enter(stored(1, bad="1"))

    place.enter(stored(2, deleted=True))

    assert place.faults.all() == ()


def test_to_read_tells_nothing(place):
    place.enter(stored(1, bad="1"))
    before = place.faults.all()

    place.reading.entry_of(stored(2, worse="1", bad="2"))
    place.reading.entry_of(stored(2, good="1"))
    place.reading.entry_of(stored(2, deleted=True))

    assert place.faults.all() == before


def test_of_what_is_past_nothing_is_told(world, place):
    past = place.reading.entry_of(stored(1, bad="1"))
    place.enter(stored(2, good="1"))

    place.reading.tell(past)

    assert world.told == []


@pytest.mark.parametrize(("key", "expected"), [("good", []), ("worse", ["worse"])])
def test_what_came_while_it_was_told_is_told_again(world, place, key, expected):
    """It may have been told before: then what is past would be the last word."""
    place.validator.refused = {"bad", "worse"}
    newer = place.reading.entry_of(stored(2, **{key: "1"}))

    def change():
        world.when_told = lambda: None
        place.known["a"] = newer

    world.when_told = change
    place.enter(stored(1, bad="1"))

    assert [fault.key for fault in place.faults.all()] == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (None, 7),
        (entry(stored(3, x=1), 2), 2),  # it has been there since
        (entry(stored(6, deleted=True), 6), 7),  # it is another one
    ],
)
@pytest.mark.parametrize("key", ["x", "bad"])
def test_it_is_known_since_when_it_is_there(place, before, expected, key):
    place.known["a"] = before

    assert place.reading.entry_of(stored(7, **{key: 2})).incarnation == expected


def test_a_step_leads_from_what_is_known(place):
    before = place.known["a"] = entry(stored(3, x=1), 2)

    step = place.reading.step_to(stored(5, x=2))

    assert step.before is before
    assert step.after.configuration == stored(5, x=2)
    assert (step.change.pid, step.change.properties) == ("a", {"x": 2})
    assert step.is_news


def test_a_step_to_a_tombstone_asks_for_nothing(place):
    step = place.reading.step_to(stored(5, deleted=True))

    assert step.change.properties is None
    assert step.after.configuration.deleted
