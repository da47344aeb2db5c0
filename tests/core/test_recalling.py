"""What configurations were, what differs, and the way back."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.configuration import Configuration, Origin
from config_admin.core.display import MASK
from config_admin.core.errors import (
    InvalidConfigurationError,
    InvalidPidError,
    NoSuchRevisionError,
    UsageError,
)
from config_admin.core.events import CM_DELETED, CM_UPDATED
from config_admin.core.properties import Properties, typed
from config_admin.core.recalling import Difference, Revision
from config_admin.core.storage import Retention
from config_admin.stores.memory import MemoryStore


def between(old, new, *, old_secrets=(), new_secrets=()):
    return Difference.between(
        Properties(old, secret_keys=old_secrets),
        Properties(new, secret_keys=new_secrets),
    )


# Differences


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {}, [{}, {}, {}, {}]),
        ({"a": 1}, {"a": 1}, [{}, {}, {}, {}]),
        ({}, {"a": 1}, [{"a": 1}, {}, {}, {}]),
        ({"a": 1}, {}, [{}, {"a": 1}, {}, {}]),
        ({"a": 1}, {"a": 2}, [{}, {}, {"a": 1}, {"a": 2}]),
        ({"a": 1, "b": 2}, {"b": 3, "c": 4}, [{"c": 4}, {"a": 1}, {"b": 2}, {"b": 3}]),
        ({"a": 1}, {"b": 1}, [{"b": 1}, {"a": 1}, {}, {}]),
        ({"a": (1,)}, {"a": (1.0,)}, [{}, {}, {"a": (1,)}, {"a": (1.0,)}]),
        ({"a": ()}, {"a": ""}, [{}, {}, {"a": ()}, {"a": ""}]),
    ],
)
def test_what_differs_is_found(old, new, expected):
    found = between(old, new)

    assert [found.added, found.removed, found.before, found.after] == expected
    assert bool(found) is any(expected)


SIMILAR = [1, 1.0, True, "1", (1,), ("1",)]


@pytest.mark.parametrize("old", SIMILAR, ids=repr)
@pytest.mark.parametrize("new", SIMILAR, ids=repr)
def test_values_of_different_types_differ(old, new):
    found = between({"a": old}, {"a": new})

    assert bool(found) is (typed(old) != typed(new))


def test_keys_that_differ_in_case_only_are_one():
    """And a value that is another one is told by the key of now."""
    assert not between({"Size": 1}, {"size": 1})

    found = between({"Size": 1, "gone": 1}, {"sIZE": 2})

    assert list(found.after) == ["sIZE"]
    assert str(found) == "- gone = 1\n- sIZE = 1\n+ sIZE = 2"


def test_it_is_shown_line_by_line():
    found = between({"a": 1, "b": "x", "c": True}, {"b": "y\n", "c": True, "d": (1,)})

    assert str(found) == "- a = 1\n- b = 'x'\n+ b = 'y\\n'\n+ d = [1]"
    assert str(between({}, {})) == ""


@pytest.mark.parametrize("side", ["old_secrets", "new_secrets"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"size": "s3cret"}, {}),
        ({}, {"size": "s3cret"}),
        ({"size": "s3cret"}, {"Size": "hunter2"}),
        ({"size": 1}, {"size": "hunter2"}),
    ],
)
def test_what_is_a_secret_on_either_side_is_masked_on_both(old, new, side):
    found = between(old, new, **{side: ["size"]})

    for text in (str(found), repr(found), f"{found}"):
        assert MASK in text
        assert not any(secret in text for secret in ("s3cret", "hunter2"))


def test_a_secret_by_its_name_is_masked():
    found = between({"password": "s3cret"}, {"password": "hunter2", "api.token": "t0k"})

    assert not any(secret in f"{found} {found!r}" for secret in ("s3c", "hunt", "t0k"))
    assert found.after == {"password": "hunter2"}  # code can have it


@given(
    old=st.dictionaries(st.sampled_from("aBc"), st.sampled_from(SIMILAR)),
    new=st.dictionaries(st.sampled_from("Abc"), st.sampled_from(SIMILAR)),
)
def test_a_difference_leads_from_one_to_the_other(old, new):
    found = between(old, new)

    there = Properties(old).without(found.removed).with_items(found.after)
    assert there.with_items(found.added) == Properties(new)
    back = Properties(new).without(found.added).with_items(found.before)
    assert back.with_items(found.removed) == Properties(old)
    assert {key.lower() for key in found.before} == {key.lower() for key in found.after}


# Histories


@pytest.fixture
def clock():
    """Every change comes a minute after the one before it."""
    return Clock()


class Clock:
    def __init__(self):
        self.at = datetime(2026, 1, 2, 12, tzinfo=UTC)

    def __call__(self):
        self.at += timedelta(minutes=1)
        return self.at


class TimedStore(MemoryStore):
    """Takes the time of a clock for that of each change."""

    def __init__(self, clock, retention=None):
        super().__init__(retention)
        self._clock = clock

    def put(self, *configurations):
        changed_at = self._clock()
        super().put(
            *(
                Configuration(
                    one.pid,
                    one.properties,
                    one.revision,
                    one.origin,
                    one.deleted,
                    one.reason,
                    changed_at,
                )
                for one in configurations
            )
        )


@pytest.fixture
def make_history(make_world, clock):
    """A world where "a" was changed so often, and what may be remembered of it."""

    def make(times, limit=None):
        world = make_world(store=TimedStore(clock, Retention(limit)))
        for number in range(1, times + 1):
            world.admin.update("a", {"x": number}, reason=f"the {number}th")
        return world

    return make


@pytest.fixture
def history(make_history):
    return make_history(3)


def test_the_history_tells_the_newest_first(history):
    told = history.admin.recall.history("a")

    assert [one.configuration.revision for one in told] == [3, 2, 1]
    assert [one.difference.after for one in told] == [{"x": 3}, {"x": 2}, {}]
    assert [one.difference.before for one in told] == [{"x": 2}, {"x": 1}, {}]
    assert told[-1].difference.added == {"x": 1}


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_a_limit_takes_no_difference_away(history, limit):
    told = history.admin.recall.history("a", limit)

    assert told == history.admin.recall.history("a")[:limit]


@pytest.mark.parametrize("limit", [0, -1, True, 1.0, "1"])
def test_a_limit_is_a_number_above_0(history, limit):
    with pytest.raises(UsageError, match="name a number above 0, or None"):
        history.admin.recall.history("a", limit)


def test_from_what_is_not_kept_nobody_knows_the_difference(make_history):
    recall = make_history(3, limit=2).admin.recall

    assert [bool(one.difference) for one in recall.history("a")] == [True, False]
    assert recall.history("a")[1].difference is None
    assert recall.history("a", 1)[0].difference.after == {"x": 3}


def test_what_never_was_has_no_history(history):
    assert history.admin.recall.history("never") == ()
    with pytest.raises(InvalidPidError):
        history.admin.recall.history("")


def test_a_deletion_takes_everything_away(history):
    history.admin.delete("a", reason="not wanted")

    told = history.admin.recall.history("a", 1)[0]

    assert told.difference.removed == {"x": 3}
    assert str(told) == "   4  2026-01-02 12:04:00 UTC  api  deleted  not wanted"


def test_a_revision_is_shown_in_a_line():
    bare = Configuration("a", Properties({"password": "s3cret"}), 12, Origin.API)
    odd = Configuration("a", Properties(), 1, Origin.file("\x1b.cfg"), reason="a\nb")

    assert str(Revision(bare, None)) == "  12  api"
    assert str(Revision(odd, None)) == "   1  file \\x1b.cfg  a\\nb"
    assert "s3cret" not in repr(Revision(bare, None))


def test_a_revision_can_be_read(history):
    found = history.admin.recall.revision("a", 2)

    assert (found.revision, found.properties, found.reason) == (2, {"x": 2}, "the 2th")


@pytest.mark.parametrize(
    ("pid", "revision", "text"),
    [
        ("a", 4, "a: there is no revision 4 yet. The newest is 3."),
        ("a", 1, "a: revision 1 is not kept. There are 2 to 3."),
        ("b", 1, "b: it has no revision 1, for it never was configured."),
    ],
)
def test_a_revision_that_is_not_there_is_told_with_what_is(
    make_history, pid, revision, text
):
    recall = make_history(3, limit=2).admin.recall

    with pytest.raises(NoSuchRevisionError) as caught:
        recall.revision(pid, revision)

    assert str(caught.value) == text
    assert caught.value.pid == pid
    with pytest.raises(NoSuchRevisionError):
        recall.diff(pid, revision, revision)


def test_any_two_revisions_can_be_compared(history):
    recall = history.admin.recall

    assert str(recall.diff("a", 1, 3)) == "- x = 1\n+ x = 3"
    assert str(recall.diff("a", 3, 1)) == "- x = 3\n+ x = 1"
    assert not recall.diff("a", 2, 2)


def test_what_the_schema_of_now_calls_a_secret_is_masked(history):
    history.validator.secrets = {"x"}
    recall = history.admin.recall

    told = [*recall.history("a"), recall.revision("a", 1), recall.diff("a", 1, 2)]
    told += recall.at(datetime(2026, 1, 3, tzinfo=UTC))

    assert all(MASK in repr(one) for one in told)


# Times


def minute(number):
    return datetime(2026, 1, 2, 12, number, tzinfo=UTC)


def test_it_is_known_what_there_was(history):
    history.admin.update("b", {})
    history.admin.delete("a")
    recall = history.admin.recall

    def was(time):
        return [(one.pid, one.revision) for one in recall.at(time)]

    assert was(minute(0)) == []
    assert was(minute(2)) == [("a", 2)]
    assert was(minute(4)) == [("a", 3), ("b", 1)]
    assert was(minute(5)) == [("b", 1)]  # a tombstone is nothing
    assert was(minute(4).astimezone(timezone(timedelta(hours=9)))) == was(minute(4))


def test_where_the_history_begins_later_that_is_said(make_history):
    recall = make_history(3, limit=1).admin.recall

    with pytest.raises(NoSuchRevisionError) as caught:
        recall.at(minute(2))

    assert str(caught.value) == (
        "a: its history begins with revision 3 of 2026-01-02 12:03:00 UTC."
    )
    assert [one.revision for one in recall.at(minute(3))] == [3]


@pytest.mark.parametrize("time", [datetime(2026, 1, 2), "now", 0, None])  # noqa: DTZ001 - that is the mistake
def test_a_time_has_a_time_zone(history, time):
    with pytest.raises(UsageError, match="is no time with a time zone: write datetime"):
        history.admin.recall.at(time)


def test_the_history_can_be_purged(history):
    history.admin.update("b", {"x": 1})
    history.admin.update("b", {"x": 2})

    assert history.admin.recall.purge("a") == 2
    assert history.admin.recall.purge() == 1
    assert len(history.admin.recall.history("a")) == 1
    assert history.admin.get("a").revision == 3


# The way back


def test_the_way_back_is_a_change_like_any_other(history):
    """CM-09: the revision rises, services are called and listeners told."""
    service, _ = history.service("a")
    heard = history.listener()
    history.flush()

    back = history.admin.rollback("a", 1)
    history.flush()

    assert (back.revision, back.properties) == (4, {"x": 1})
    assert service.calls[-1]["x"] == 1
    assert [(one.type, one.revision) for one in heard.events] == [(CM_UPDATED, 4)]
    assert history.admin.written("a").reason == "back to revision 1"
    assert history.admin.rollback("a", 2, reason="mine").reason == "mine"


def test_the_way_back_to_what_is_there_changes_nothing(history):
    heard = history.listener()

    assert history.admin.rollback("a", 3).revision == 3
    history.flush()

    assert heard.events == []


def test_the_way_back_to_what_is_not_kept_is_refused(history):
    with pytest.raises(NoSuchRevisionError):
        history.admin.rollback("a", 9)

    assert history.admin.get("a").revision == 3


def test_the_way_back_to_a_deletion_deletes(history):
    """CM-09: that is a revision, too."""
    history.admin.delete("a")
    history.admin.update("a", {"x": 9})
    heard = history.listener()

    gone = history.admin.rollback("a", 4)
    history.flush()

    assert gone.deleted
    assert gone.revision == 6
    assert history.admin.find("a") is None
    assert [(one.type, one.revision) for one in heard.events] == [(CM_DELETED, 6)]
    assert history.admin.rollback("a", 4) == gone  # it is deleted already
    assert len(history.admin.recall.history("a")) == 6


def test_the_way_back_leads_out_of_a_deletion(history):
    """CM-09: revisions never fall."""
    history.admin.delete("a")

    back = history.admin.rollback("a", 2)

    assert (back.revision, back.properties, back.deleted) == (5, {"x": 2}, False)


def test_what_no_longer_fits_its_schema_is_refused(history):
    history.validator.refused = {"x"}
    history.validator.schema = "second"

    with pytest.raises(InvalidConfigurationError):
        history.admin.rollback("a", 1)

    assert history.admin.written("a").revision == 3


def test_what_was_written_comes_back_as_it_was_written(world):
    """A text that is read as a number stays a text."""
    world.admin.update("a", {"port": "0080"})
    world.admin.update("a", {"port": "81", "host": "h"})

    back = world.admin.rollback("a", 1)

    assert back.properties == {"port": 80}
    written = world.admin.written("a").properties
    assert typed(written["port"]) == typed("0080")
    assert world.admin.recall.revision("a", 3).properties == {"port": "0080"}


@pytest.mark.parametrize(
    ("first", "second"),
    [("80", 80), (80, "80"), ("$[secret:x]", "s3cret"), ("1", "01")],
)
def test_a_value_goes_back_literally(make_world, small_validator, first, second):
    """What stands for the same value now is another text all the same."""
    validator = small_validator()
    validator.numbers = {"x"} if str(first).isdigit() else set()
    world = make_world(validator=validator)
    origin = Origin.file("a.cfg")  # a file says exactly this
    world.admin.update("a", {"x": first}, origin=origin)
    world.admin.update("a", {"x": second}, origin=origin)

    world.admin.rollback("a", 1)

    assert typed(world.admin.written("a").properties["x"]) == typed(first)


def test_an_age_before_all_time_forgets_nothing():
    now = datetime(2026, 1, 2, tzinfo=UTC)
    one = Configuration("a", Properties(), 1, Origin.API, changed_at=now)

    assert Retention(age=timedelta.max).oldest(one) is None
    assert Retention(age=timedelta(days=1)).oldest(one) == now - timedelta(days=1)
