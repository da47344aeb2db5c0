"""What every store promises."""

import contextlib
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.configuration import Configuration, Origin, OriginKind
from config_admin.core.errors import RevisionConflictError
from config_admin.core.properties import Properties, typed
from config_admin.core.storage import Retention
from config_admin.stores.database import Database
from config_admin.stores.memory import MemoryStore
from config_admin.stores.opening import open_database
from config_admin.stores.sqlite import SqliteStore


@contextlib.contextmanager
def in_memory(retention=None):
    yield MemoryStore(retention)


@contextlib.contextmanager
def in_sqlite(retention=None):
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "c.db", 5.0, "OFF")
        with contextlib.closing(database):
            open_database(database)
            yield SqliteStore(database, retention)


STORES = [in_memory, in_sqlite]  # a new store adds one line

VALUES = ["", "a", "größe\n\x1b", 0, -(2**63), 2**63 - 1, 0.1, 1.0, True, (), ("", "a")]


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture(params=STORES)
def store(request):
    with request.param() as store:
        yield store


@pytest.fixture(params=STORES)
def make_store(request):
    """A store that keeps as much of the history as is said."""
    with contextlib.ExitStack() as stack:
        yield lambda **kept: stack.enter_context(request.param(Retention(**kept)))


def at(revision, pid="a", *, deleted=False, minute=None, **properties):
    kept = Properties() if deleted else Properties(properties)
    changed_at = None if minute is None else clock(minute)
    return Configuration(
        pid, kept, revision, Origin.API, deleted=deleted, changed_at=changed_at
    )


def clock(minute):
    return NOON + timedelta(minutes=minute)


def names(found):
    """PID and revision of each."""
    return [(one.pid, one.revision) for one in found]


def revisions_of(store, pid="a"):
    return [one.revision for one in store.revisions(pid)]


def test_a_new_store_is_empty(store):
    assert tuple(store.all()) == ()


def test_what_was_put_is_there(store):
    first = at(1, x=1)

    store.put(first)

    assert tuple(store.all()) == (first,)


def test_a_successor_takes_the_place_of_the_revision_before(store):
    store.put(at(1, x=1))
    store.put(at(2, y=2))

    assert tuple(store.all()) == (at(2, y=2),)


def test_everything_is_in_pid_order(store):
    for pid in ("b", "a~2", "a", "B", "a~10"):
        store.put(at(1, pid))

    assert [one.pid for one in store.all()] == ["B", "a", "a~10", "a~2", "b"]


def test_a_tombstone_is_kept_and_has_a_successor(store):
    store.put(at(1))
    store.put(at(2, deleted=True))
    assert tuple(store.all()) == (at(2, deleted=True),)

    store.put(at(3, x=1))

    assert tuple(store.all()) == (at(3, x=1),)


@pytest.mark.parametrize("stored", [0, 1, 2])
@pytest.mark.parametrize("distance", [-1, 0, 2, 3])
def test_who_does_not_follow_is_told_what_is_there(store, stored, distance):
    for revision in range(1, stored + 1):
        store.put(at(revision))
    before = tuple(store.all())

    with pytest.raises(RevisionConflictError) as caught:
        store.put(at(stored + distance, x=1))

    assert caught.value.pid == "a"
    assert caught.value.actual == stored
    assert caught.value.expected == stored + distance - 1
    assert tuple(store.all()) == before


def test_revisions_are_counted_for_each_pid(store):
    store.put(at(1))

    with pytest.raises(RevisionConflictError):
        store.put(at(2, "b"))
    store.put(at(1, "b"))

    assert [one.revision for one in store.all()] == [1, 1]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_keeps_its_type(store, value):
    store.put(at(1, Key=value))

    (kept,) = store.all()
    assert list(kept.properties) == ["Key"]
    assert typed(kept.properties["Key"]) == typed(value)


@pytest.mark.parametrize("origin", [Origin.API, Origin.file("etc/größe.cfg")])
def test_the_origin_is_kept(store, origin):
    store.put(Configuration("a", Properties(), 1, origin))

    (kept,) = store.all()
    assert kept.origin == origin


def test_the_order_of_keys_is_kept(store):
    store.put(at(1, b=1, a=2, c=3))

    (kept,) = store.all()
    assert list(kept.properties) == ["b", "a", "c"]


def test_what_was_read_does_not_change(store):
    store.put(at(1, x=1))
    read = store.all()
    before = tuple(read)

    store.put(at(2, x=2))

    assert before == (at(1, x=1),)


@pytest.mark.parametrize("make", STORES)
@given(
    changes=st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.booleans())
    )
)
def test_the_newest_of_each_is_kept_and_nothing_else(make, changes):
    model = {}

    with make() as store:
        for pid, revision, deleted in changes:
            one = at(revision, pid, deleted=deleted, x=len(model))
            if revision == (model[pid].revision if pid in model else 0) + 1:
                store.put(one)
                model[pid] = one
            else:
                with pytest.raises(RevisionConflictError):
                    store.put(one)

        assert tuple(store.all()) == tuple(model[pid] for pid in sorted(model))


def test_of_many_writers_of_one_revision_one_wins(store):
    def put(writer, revision):
        try:
            store.put(at(revision, writer=writer))
        except RevisionConflictError as conflict:
            return conflict.actual
        return "won"

    with ThreadPoolExecutor(8) as pool:
        for revision in range(1, 21):
            results = list(pool.map(put, range(8), [revision] * 8))
            assert results.count("won") == 1
            assert results.count(revision) == 7

    (kept,) = store.all()
    assert kept.revision == 20


# Several at once


def test_several_are_stored_together(store):
    store.put(at(1), at(1, "b"), at(2, y=1))

    assert names(store.all()) == [("a", 2), ("b", 1)]


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_of_several_none_is_stored_if_one_does_not_follow(store, wrong):
    store.put(at(1), at(1, "b"), at(1, "c"))
    changes = [at(2), at(2, "b"), at(2, "c")]
    changes[wrong] = replace(changes[wrong], revision=3)

    with pytest.raises(RevisionConflictError) as caught:
        store.put(*changes)

    assert (caught.value.pid, caught.value.expected, caught.value.actual) == (
        "abc"[wrong],
        2,
        1,
    )
    assert names(store.all()) == [("a", 1), ("b", 1), ("c", 1)]
    assert all(revisions_of(store, pid) == [1] for pid in "abc")


def test_one_that_does_not_follow_another_one_of_them_is_refused(store):
    with pytest.raises(RevisionConflictError) as caught:
        store.put(at(1), at(1))

    assert (caught.value.expected, caught.value.actual) == (0, 1)
    assert tuple(store.all()) == ()


def test_to_store_nothing_is_nothing(store):
    store.put()

    assert tuple(store.all()) == ()


def test_nobody_else_stored_anything(store):
    assert tuple(store.news()) == ()
    store.put(at(1))
    store.put(at(2), at(1, "b"))

    told = names(store.news())

    assert set(told) <= {("a", 2), ("b", 1)}
    assert tuple(store.news()) == ()


# What a revision carries

WHOLE = [
    Configuration(
        "a~größe",
        Properties({"Password": "x", "key": "y"}, secret_keys=["key", "gone"]),
        1,
        Origin(kind, detail),
        reason=reason,
        changed_at=changed_at,
    )
    for kind, detail, reason, changed_at in [
        *((kind, "who", "Why not?", NOON) for kind in OriginKind),
        (OriginKind.API, "", None, None),
        (OriginKind.API, "", "", datetime.min.replace(tzinfo=UTC)),
        (OriginKind.API, "\x1b\n\0ß\U0001f600", "\0", datetime.max.replace(tzinfo=UTC)),
        # A name of a file that is no text, as Python hands it over.
        (OriginKind.FILE, "etc-\udcff/a.cfg", "\ud800", NOON.replace(microsecond=1)),
    ]
]


@pytest.mark.parametrize("one", WHOLE)
def test_a_revision_is_kept_whole(store, one):
    store.put(one)

    for kept in (*store.all(), *store.revisions(one.pid), store.revision(one.pid, 1)):
        assert astuple(kept) == astuple(one)  # the time does not count in ==
        assert kept.changed_at == one.changed_at
        assert kept.properties.secret_keys == one.properties.secret_keys


def test_a_tombstone_is_kept_whole(store):
    gone = replace(at(2, deleted=True, minute=1), reason="not wanted")
    store.put(at(1), gone)

    (kept,) = store.all()

    assert astuple(kept) == astuple(gone)


# The history


@pytest.fixture
def full(make_store):
    """Three revisions of one PID, and some of another one, a tombstone among them."""
    store = make_store()
    store.put(at(1, minute=1, x=1))
    store.put(at(1, "b", minute=2))
    store.put(at(2, minute=3, x=2))
    store.put(at(2, "b", minute=4, deleted=True))
    store.put(at(3, minute=5, x=3), at(3, "b", minute=5))
    return store


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(None, [3, 2, 1]), (1, [3]), (2, [3, 2]), (3, [3, 2, 1]), (4, [3, 2, 1])],
)
def test_revisions_are_told_the_newest_first(full, limit, expected):
    found = full.revisions("a", limit)

    assert [one.revision for one in found] == expected
    assert found[0] == at(3, x=3)


def test_nothing_is_told_of_what_never_was(full):
    assert tuple(full.revisions("c")) == ()
    assert full.revision("c", 1) is None
    assert full.purge("c") == 0


@pytest.mark.parametrize(("revision", "x"), [(1, 1), (2, 2), (3, 3)])
def test_each_revision_is_found(full, revision, x):
    assert full.revision("a", revision) == at(revision, x=x)


@pytest.mark.parametrize("revision", [-1, 0, 4])
def test_a_revision_that_never_was_is_not_found(full, revision):
    assert full.revision("a", revision) is None


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        (0.9, []),
        (1, [("a", 1)]),
        (1.5, [("a", 1)]),
        (2, [("a", 1), ("b", 1)]),
        (3.5, [("a", 2), ("b", 1)]),
        (4, [("a", 2), ("b", 2)]),  # a tombstone
        (4.9, [("a", 2), ("b", 2)]),
        (5, [("a", 3), ("b", 3)]),
        (9, [("a", 3), ("b", 3)]),
    ],
)
def test_it_is_known_what_was_at_a_time(full, minute, expected):
    found = full.at(clock(minute))

    assert names(found) == expected
    assert all(one.changed_at <= clock(minute) for one in found)


def test_a_time_is_the_same_in_every_time_zone(full):
    tokyo = clock(3).astimezone(timezone(timedelta(hours=9)))

    assert names(full.at(tokyo)) == [("a", 2), ("b", 1)]


def test_what_is_not_kept_is_stood_for_by_something_younger(make_store):
    store = make_store(limit=1)
    store.put(at(1, minute=1), at(1, "b", minute=1))
    store.put(at(2, minute=5))

    found = store.at(clock(3))

    assert names(found) == [("a", 2), ("b", 1)]
    assert found[0].changed_at > clock(3)
    assert names(store.at(clock(0))) == [("a", 2)]  # of b all is known: it was not


def test_a_clock_that_goes_back_makes_nothing_younger_than_asked_for(make_store):
    """The order of the commits counts: what came after a younger one is as young."""
    store = make_store()
    store.put(at(1, minute=1))
    store.put(at(1, "b", minute=10))
    store.put(at(2, minute=5))
    store.put(at(2, "b", minute=11))

    assert names(store.at(clock(7))) == [("a", 1)]
    assert names(store.at(clock(10))) == [("a", 2), ("b", 1)]
    assert names(store.at(clock(11))) == [("a", 2), ("b", 2)]


def test_what_has_no_time_is_as_old_as_what_came_before(make_store):
    store = make_store()
    store.put(at(1, minute=1))
    store.put(at(2))
    store.put(at(3, minute=3))

    assert names(store.at(clock(1))) == [("a", 2)]
    assert names(store.at(clock(0))) == []


# How much is kept


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(0, [5]), (1, [5]), (2, [5, 4]), (5, [5, 4, 3, 2, 1]), (None, [5, 4, 3, 2, 1])],
)
def test_so_many_are_kept(make_store, limit, expected):
    store = make_store(limit=limit)
    store.put(at(1, "b"))

    for revision in range(1, 6):
        store.put(at(revision))

    assert revisions_of(store) == expected
    assert revisions_of(store, "b") == [1]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([0, 1, 2], [3, 2, 1]),
        ([0, 5, 10], [3, 2]),
        ([0, 5, 10.1], [3]),
        ([0, 0, 99], [3]),
        ([9, 0, 10], [3]),  # no gaps: what came before one that is too old goes, too
        ([None, 0, 10], [3]),
        ([0, None, 10], [3, 2]),
        ([0, 4, None], [3, 2, 1]),
    ],
)
def test_what_is_too_old_is_forgotten_with_the_next_change(
    make_store, minutes, expected
):
    store = make_store(limit=None, age=timedelta(minutes=5))
    store.put(at(1, "b", minute=0))

    for revision, minute in enumerate(minutes, start=1):
        store.put(at(revision, minute=minute))

    assert revisions_of(store) == expected
    assert revisions_of(store, "b") == [1]  # the newest is never too old


@pytest.mark.parametrize("kept", [{"limit": 1}, {"age": timedelta()}])
def test_the_newest_is_kept_also_if_it_is_a_tombstone(make_store, kept):
    store = make_store(**kept)
    store.put(at(1, minute=0))
    store.put(at(2, minute=1, deleted=True))

    assert names(store.all()) == [("a", 2)]
    assert store.revisions("a") == (at(2, deleted=True),)


def test_one_pid_can_be_purged(full):
    assert full.purge("a") == 2

    assert revisions_of(full) == [3]
    assert revisions_of(full, "b") == [3, 2, 1]
    assert full.purge("a") == 0


def test_all_can_be_purged(full):
    newest = tuple(full.all())

    assert full.purge() == 4

    assert tuple(full.all()) == newest
    assert revisions_of(full) == revisions_of(full, "b") == [3]
    full.put(at(4))
    assert revisions_of(full) == [4, 3]


# The stores are one

PIDS = st.sampled_from(["a", "A", "b~1", "b~2"])
MINUTES = st.none() | st.integers(0, 12)
PUTS = st.tuples(
    st.just("put"),
    st.lists(
        st.tuples(PIDS, MINUTES, st.booleans(), st.sampled_from([0, 0, 0, 0, 1, -1])),
        min_size=1,
        max_size=3,
    ),
)
PURGES = st.tuples(st.just("purge"), st.none() | PIDS)


def made_by(store, call, revisions):
    """What *call* gives, or how it is refused."""
    kind, about = call
    if kind == "purge":
        return store.purge(about)
    ahead, changes = dict(revisions), []
    for pid, minute, deleted, distance in about:
        ahead[pid] = ahead.get(pid, 0) + 1
        revision = max(1, ahead[pid] + distance)
        changes.append(at(revision, pid, minute=minute, deleted=deleted, x=minute or 0))
    try:
        store.put(*changes)
    except RevisionConflictError as error:
        return error.args
    return ahead


def answers_of(store):
    """Everything that can be asked."""
    pids = ["a", "A", "b~1", "b~2", "c"]
    found = [store.all(), *(store.at(clock(minute)) for minute in range(-1, 14))]
    found += [store.revisions(pid, limit) for pid in pids for limit in (None, 1, 2)]
    found += [(store.revision(pid, n),) for pid in pids for n in range(4)]
    return [[one and astuple(one) for one in some] for some in found]


@given(
    calls=st.lists(PUTS | PURGES, max_size=12),
    limit=st.none() | st.integers(1, 4),
    age_m=st.none() | st.integers(0, 6),
)
@pytest.mark.parametrize("make", STORES[1:])
def test_whatever_is_asked_every_store_answers_as_the_one_in_memory(
    make, calls, limit, age_m
):
    retention = Retention(limit, None if age_m is None else timedelta(minutes=age_m))
    with in_memory(retention) as model, make(retention) as store:
        revisions = {}
        for call in calls:
            expected = made_by(model, call, revisions)
            assert made_by(store, call, revisions) == expected
            if isinstance(expected, dict):
                revisions = expected
        assert answers_of(store) == answers_of(model)
