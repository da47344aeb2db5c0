"""The reference store shares nothing with another one."""

from config_admin.core.configuration import Configuration, Origin
from config_admin.core.properties import Properties
from config_admin.core.storage import FileRecord
from config_admin.stores.memory import MemoryLedger, MemoryStore


def test_two_stores_do_not_know_each_other():
    one, other = MemoryStore(), MemoryStore()

    one.put(Configuration("a", Properties(), 1, Origin.API))

    assert other.all() == ()


def test_two_ledgers_do_not_know_each_other():
    one, other = MemoryLedger(), MemoryLedger()

    one.put("a", FileRecord("a.cfg"))

    assert other.all() == {}
