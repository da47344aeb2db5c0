"""What every ledger promises."""

import pytest

from config_admin.core.diagnostics import Diagnostic
from config_admin.core.ports import FileRecord
from config_admin.core.properties import Properties
from config_admin.stores.memory import MemoryLedger

LEDGERS = [MemoryLedger]  # a new ledger adds one line

EMPTY = FileRecord("a.cfg")
FULL = FileRecord(
    file="größe.cfg",
    known="digest",
    pending="other digest",
    revision=7,
    properties=Properties({"b": 1, "a": (1.0,)}),
    refused=(
        Diagnostic(found="a", expected="b", cure="C.", rule="r", key="k", line=3),
    ),
    signature=(1, 2, 3),
)


@pytest.fixture(params=LEDGERS)
def ledger(request):
    return request.param()


def test_a_new_ledger_remembers_nothing(ledger):
    assert ledger.get("a") is None
    assert ledger.all() == {}


@pytest.mark.parametrize("record", [EMPTY, FULL], ids=["empty", "full"])
def test_a_record_is_remembered_whole(ledger, record):
    ledger.put("a", record)

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
