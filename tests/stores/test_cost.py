"""What a change costs, counted and not timed."""

from collections import Counter

import pytest

from config_admin import ConfigAdmin


@pytest.fixture
def counted(tmp_path):
    """A running admin without services, and the first words of its statements."""
    (tmp_path / "etc").mkdir()
    words = Counter()
    with ConfigAdmin(tmp_path / "etc", write_back=False) as admin:
        connection = admin._house._keeping._storage._database._connection
        connection.set_trace_callback(lambda text: words.update([text.split()[0]]))
        admin.update("p", {"v": "0"})
        words.clear()
        yield admin, words
        connection.set_trace_callback(None)


def test_an_update_is_one_commit_of_two_rows(counted):
    admin, words = counted

    admin.update("p", {"v": "1"})

    assert words == {"BEGIN": 1, "SELECT": 1, "INSERT": 2, "COMMIT": 1}


def test_storing_what_is_there_asks_nothing(counted):
    admin, words = counted

    admin.update("p", {"v": "0"})

    assert words == {}


def test_a_thousand_updates_in_a_transaction_are_one_commit(counted):
    admin, words = counted

    with admin.transaction() as transaction:
        for number in range(1000):
            transaction.update(f"p{number}", {"v": "1"})

    assert (words["BEGIN"], words["COMMIT"]) == (1, 1)
    assert admin.get("p999").revision == 1


def test_reading_asks_nothing(counted):
    admin, words = counted

    admin.get("p")
    admin.find("q")
    admin.list_configurations("(v=0)")

    assert words == {}
