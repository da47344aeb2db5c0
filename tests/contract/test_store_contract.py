"""What every store promises."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin.core.configuration import Configuration, Origin
from config_admin.core.errors import RevisionConflictError
from config_admin.core.properties import Properties, typed
from config_admin.stores.memory import MemoryStore

STORES = [MemoryStore]  # a new store adds one line

VALUES = ["", "a", "größe\n\x1b", 0, -(2**63), 2**63 - 1, 0.1, 1.0, True, (), ("", "a")]


@pytest.fixture(params=STORES)
def store(request):
    return request.param()


def at(revision, pid="a", *, deleted=False, **properties):
    kept = Properties() if deleted else Properties(properties)
    return Configuration(pid, kept, revision, Origin.API, deleted=deleted)


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
    store, model = make(), {}

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
