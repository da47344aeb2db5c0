"""What every ledger promises."""

import contextlib
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.core.properties import Properties
from config_admin.core.storage import FileRecord
from config_admin.stores.database import Database
from config_admin.stores.ledger import SqliteLedger
from config_admin.stores.memory import MemoryLedger
from config_admin.stores.opening import open_database


@contextlib.contextmanager
def in_memory():
    yield MemoryLedger()


@contextlib.contextmanager
def in_sqlite():
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "c.db", 5.0, "OFF")
        with contextlib.closing(database):
            open_database(database)
            yield SqliteLedger(database, "etc")


LEDGERS = [in_memory, in_sqlite]  # a new ledger adds one line

EMPTY = FileRecord("a.cfg")
FULL = FileRecord(
    file="größe.cfg",
    known="digest",
    pending="other digest",
    revision=7,
    properties=Properties({"b": 1, "a": (1.0,)}),
    refused=(
        Diagnostic(found="a", expected="b", cure="C.", rule="r", key="k", line=3),
        Diagnostic(
            found="ß",
            expected="b",
            cure="C.",
            rule="r",
            file="etc/größe.cfg",
            column=7,
            severity=Severity.WARNING,
        ),
    ),
    signature=(1, 2, 3),
    has_warnings=True,
)
ODD = FileRecord("\udcff.cfg", signature=(), properties=Properties({"Key": ()}))


@pytest.fixture(params=LEDGERS)
def ledger(request):
    with request.param() as ledger:
        yield ledger


def test_a_new_ledger_remembers_nothing(ledger):
    assert ledger.get("a") is None
    assert ledger.all() == {}


@pytest.mark.parametrize("record", [EMPTY, FULL, ODD], ids=["empty", "full", "odd"])
def test_a_record_is_remembered_whole(ledger, record):
    ledger.put("a", record)
    assert ledger.get("a") == record
    assert ledger.all() == {"a": record}

    ledger.flush()

    assert ledger.get("a") == record
    assert ledger.all() == {"a": record}


def test_a_record_takes_the_place_of_the_one_before(ledger):
    ledger.put("a", FULL)
    ledger.put("a", EMPTY)

    assert ledger.get("a") == EMPTY


def test_each_pid_has_a_record_of_its_own(ledger):
    ledger.put("a", EMPTY)
    ledger.put("b", FULL)

    assert ledger.get("a") == EMPTY
    assert ledger.all() == {"a": EMPTY, "b": FULL}


def test_what_was_read_does_not_change(ledger):
    ledger.put("a", EMPTY)
    before = ledger.all()

    ledger.put("b", FULL)

    assert before == {"a": EMPTY}


def test_secret_keys_are_remembered(ledger):
    properties = Properties({"key": "x"}, secret_keys=["key"])
    ledger.put("a", replace(FULL, properties=properties))

    assert ledger.get("a").properties.secret_keys == {"key"}


def test_nothing_is_known_of_a_new_directory(ledger):
    assert ledger.identity is None


@pytest.mark.parametrize("identity", [(), (1, 2**63), None])
def test_the_identity_of_the_directory_is_remembered(ledger, identity):
    ledger.identity = (3, 4)
    ledger.identity = identity

    assert ledger.identity == identity


def test_to_flush_what_was_flushed_is_nothing(ledger):
    ledger.flush()
    ledger.put("a", EMPTY)
    ledger.flush()
    ledger.flush()

    assert ledger.all() == {"a": EMPTY}
