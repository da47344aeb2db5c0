"""What two processes remember of one directory, and what rides with a change."""

import pytest

from config_admin.core.errors import RevisionConflictError, StoreError
from config_admin.core.storage import FileRecord, StaleRecordError
from config_admin.stores.ledger import SqliteLedger
from config_admin.stores.sqlite import SqliteStore

OURS, THEIRS = FileRecord("a.cfg", known="ours"), FileRecord("a.cfg", known="theirs")
PENDING = FileRecord("a.cfg", pending="about to be written")


@pytest.fixture
def databases(tmp_path, make_database):
    """Two connections to one file, as of two processes."""
    return [make_database(tmp_path / "c.db", timeout_s=0) for _ in range(2)]


@pytest.fixture
def ledgers(databases):
    return [SqliteLedger(database, "etc") for database in databases]


@pytest.fixture
def ledger(ledgers):
    return ledgers[0]


@pytest.fixture
def other(ledgers):
    return ledgers[1]


@pytest.fixture
def store(databases):
    return SqliteStore(databases[0])


@pytest.fixture
def busy(tmp_path, busy_at):
    return lambda: busy_at(tmp_path / "c.db")


def test_what_is_not_pending_waits_for_a_flush(ledger, other):
    ledger.put("a", OURS)
    assert other.get("a") is None

    ledger.flush()

    assert other.get("a") == OURS
    assert other.all() == {"a": OURS}


def test_what_is_pending_is_there_at_once(ledger, other):
    ledger.put("a", PENDING)

    assert other.get("a") == PENDING


def test_what_waits_goes_along_with_what_is_pending(ledger, other):
    ledger.put("b", OURS)
    ledger.put("a", PENDING)

    assert other.all() == {"a": PENDING, "b": OURS}


def test_each_directory_has_records_of_its_own(databases, ledger):
    elsewhere = SqliteLedger(databases[1], "elsewhere")
    ledger.put("a", PENDING)
    ledger.identity = (1, 2)

    assert elsewhere.get("a") is None
    assert elsewhere.all() == {}
    assert elsewhere.identity is None


def test_the_identity_is_there_at_once(ledger, other):
    ledger.identity = (1, 2)

    assert other.identity == (1, 2)


def test_nothing_is_pending_over_what_another_process_has_written(ledger, other):
    assert ledger.get("a") is None
    other.put("a", THEIRS)
    other.flush()

    with pytest.raises(StaleRecordError):
        ledger.put("a", PENDING)

    assert ledger.get("a") == THEIRS
    ledger.put("a", PENDING)
    assert other.get("a") == PENDING


@pytest.mark.parametrize("look", [lambda ledger: ledger.get("a"), SqliteLedger.all])
def test_also_a_row_that_was_there_before_can_be_lost(ledger, other, look):
    ledger.put("a", OURS)
    ledger.flush()
    look(other)
    ledger.put("a", FileRecord("a.cfg", known="newer"))
    ledger.flush()

    with pytest.raises(StaleRecordError):
        other.put("a", PENDING)

    assert other.get("a").known == "newer"


def test_what_is_not_pending_and_lost_is_dropped_and_read_again(ledger, other):
    ledger.put("a", OURS)
    ledger.put("b", OURS)
    other.put("a", THEIRS)
    other.flush()

    ledger.flush()

    assert ledger.all() == {"a": THEIRS, "b": OURS}
    assert other.all() == {"a": THEIRS, "b": OURS}


def test_what_waits_is_not_forgotten_when_another_process_has_written(ledger, other):
    ledger.put("a", OURS)
    other.put("b", THEIRS)
    other.flush()

    assert ledger.get("a") == OURS
    assert ledger.all() == {"a": OURS, "b": THEIRS}


# What rides with a change


def test_what_waits_rides_with_a_change_of_the_store(ledger, other, store, one):
    ledger.put("a", OURS)

    store.put(one(1))

    assert other.get("a") == OURS


def test_what_waits_rides_once(ledger, store, one, ask, tmp_path):
    ledger.put("a", OURS)
    store.put(one(1))
    store.put(one(2))

    assert ask(tmp_path / "c.db", "SELECT version FROM files") == [(1,)]


def test_nothing_rides_with_a_change_that_fails(ledger, other, store, one):
    ledger.put("a", OURS)

    with pytest.raises(RevisionConflictError):
        store.put(one(7))

    assert other.get("a") is None
    assert ledger.get("a") == OURS
    store.put(one(1))
    assert other.get("a") == OURS


def test_what_lost_is_dropped_though_the_change_takes_place(ledger, other, store, one):
    ledger.put("a", OURS)
    other.put("a", THEIRS)
    other.flush()

    store.put(one(1))

    assert store.revision("a", 1) == one(1)
    assert ledger.get("a") == THEIRS


# A database that fails


def test_what_cannot_be_kept_is_not_remembered(ledger, other, busy):
    ledger.put("a", OURS)

    with busy(), pytest.raises(StoreError):
        ledger.put("a", PENDING)

    assert ledger.get("a") == OURS
    ledger.flush()
    assert other.get("a") == OURS
    ledger.put("a", PENDING)
    assert other.get("a") == PENDING


def test_what_cannot_be_flushed_waits_on(ledger, other, busy):
    ledger.put("a", OURS)

    with busy(), pytest.raises(StoreError):
        ledger.flush()

    ledger.flush()
    assert other.get("a") == OURS
