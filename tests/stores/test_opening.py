"""Opening the database: private, ours, of a layout that is known, and whole."""

import contextlib
import os
import shutil
import sqlite3
import stat
import tempfile
from pathlib import Path

import pytest

from config_admin.core.errors import StoreError
from config_admin.core.storage import FileRecord
from config_admin.stores.alive import Alive
from config_admin.stores.database import Database
from config_admin.stores.layout import APPLICATION_ID, MIGRATIONS, VERSION
from config_admin.stores.opening import DamagedDatabaseError, open_database

ASIDE = "c.db.damaged-2026-01-02T03-04-05Z"


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask():
    """Everybody may do everything, unless a file says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def make_foreign(tmp_path):
    """A database of another program."""
    path = tmp_path / "c.db"

    def make(application_id, *, wal=False):
        with contextlib.closing(sqlite3.connect(path)) as connection:
            if wal:
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA application_id = {application_id}")
            connection.execute("CREATE TABLE theirs (x)")
            connection.execute("INSERT INTO theirs VALUES (1)")
            connection.commit()
        return path

    return make


@pytest.fixture
def full(path, open_embedded, one):
    """A closed database with enough in it to be damaged."""
    embedded = open_embedded(path)
    for number in range(20):
        embedded.store.put(one(1, f"p{number}", x="x" * 4000))
    embedded.close()
    return path


# Private


def test_everything_is_private_from_the_first_byte(path, umask, open_embedded, one):
    embedded = open_embedded(path)
    embedded.store.put(one(1))

    modes = {found.name: mode_of(found) for found in path.parent.iterdir()}
    assert {"c.db", "c.db-wal", "c.db-shm"} < set(modes)
    assert set(modes.values()) == {0o600}
    assert mode_of(path.parent) == 0o700


def test_a_directory_that_is_there_keeps_its_mode(tmp_path, umask, open_embedded):
    (tmp_path / "var").mkdir(mode=0o755)

    open_embedded(tmp_path / "var" / "c.db")

    assert mode_of(tmp_path / "var") == 0o755


def test_one_file_is_left_behind(path, open_embedded, one, bytes_of):
    embedded = open_embedded(path)
    embedded.store.put(one(1))
    embedded.close()

    assert set(bytes_of(path.parent)) == {"c.db"}
    assert open_embedded(path).store.all() == (one(1),)


def test_it_can_be_closed_twice_and_opened_again(path, open_embedded, one):
    embedded = open_embedded(path)
    embedded.close()
    embedded.close()

    with pytest.raises(StoreError, match="is not open"):
        embedded.store.put(one(1))
    assert embedded.open() is None
    embedded.store.put(one(1))


# Ours


@pytest.mark.parametrize("application_id", [0, 0x12345678])
@pytest.mark.parametrize("wal", [False, True])
def test_the_database_of_another_program_is_refused(
    make_foreign, make_embedded, bytes_of, application_id, wal
):
    path = make_foreign(application_id, wal=wal)
    before = bytes_of(path.parent)

    with pytest.raises(StoreError) as caught:
        make_embedded(path).open()

    assert str(caught.value) == (
        f"{path} is the database of another program (application id "
        f"{application_id:#x}). Name another file (store=)."
    )
    assert bytes_of(path.parent) == before


def test_the_database_of_a_newer_version_is_refused(full, make_embedded, ask):
    ask(full, f"PRAGMA user_version = {VERSION + 1}")
    before = full.read_bytes()

    with pytest.raises(StoreError) as caught:
        make_embedded(full).open()

    assert str(caught.value) == (
        f"{full} was written by a newer version (layout {VERSION + 1}; this one knows "
        f"up to {VERSION}). Install that version, or name another file (store=)."
    )
    assert full.read_bytes() == before


@pytest.mark.parametrize(
    "text",
    [
        b"a = 1\n",
        b"\n",
        "größe = 1\n".encode(),
        "größe = 1\n".encode("latin-1"),
        b"SQLite format 3 is what this is about\n",
    ],
)
def test_a_text_is_refused_and_not_touched(tmp_path, make_embedded, bytes_of, text):
    path = tmp_path / "p.cfg"
    path.write_bytes(text)

    with pytest.raises(StoreError) as caught:
        make_embedded(path).open()

    assert str(caught.value) == (
        f"{path} is a text file, not a database. Name another file (store=)."
    )
    assert bytes_of(tmp_path) == {"p.cfg": text}


def test_an_empty_file_is_taken(tmp_path, open_embedded, one):
    path = tmp_path / "c.db"
    path.touch()

    embedded = open_embedded(path)
    embedded.store.put(one(1))
    embedded.close()

    assert path.read_bytes()[68:72] == APPLICATION_ID.to_bytes(4, "big")


# Whole


def overwritten(data):
    """Its pages are not what they were; the first one is."""
    return data[:8192] + b"\xa5" * 16384 + data[24576:]


DAMAGE = {
    "pages in the middle": overwritten,
    "the header": lambda data: b"\xa5" * 100 + data[100:],
    "a text as the header": lambda data: b"garbage " * 13 + data[104:],
    "half of it": lambda data: data[: len(data) // 2],
    "a few bytes of it": lambda data: data[:12],
    "the first page": lambda data: data[:100] + b"\xa5" * 3996 + data[4096:],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_one_is_put_aside(full, make_embedded, bytes_of, one, damage):
    damaged = damage(full.read_bytes())
    full.write_bytes(damaged)
    embedded = make_embedded(full)

    lost = embedded.open()

    assert lost.file == str(full)
    assert str(lost) == (
        f"{full}: found a damaged database, expected the configurations and their "
        "history. All is built anew from the files. The history is lost, and what was "
        f"changed in code and is in no file. The damaged one is kept as {ASIDE}."
    )
    assert bytes_of(full.parent)[ASIDE] == damaged
    assert embedded.store.all() == ()
    embedded.store.put(one(1))
    embedded.close()
    assert set(bytes_of(full.parent)) == {"c.db", ASIDE}
    assert make_embedded(full).open() is None


def test_it_is_put_aside_with_its_log(
    path, make_embedded, open_embedded, one, tmp_path
):
    """To close it would write the log into it."""
    embedded = open_embedded(path)
    for number in range(20):
        embedded.store.put(one(1, f"p{number}", x="x" * 4000))
    embedded.close()
    embedded = open_embedded(path)
    embedded.store.put(one(1))
    copy = tmp_path / "copy" / "c.db"
    copy.parent.mkdir()
    log = path.with_name("c.db-wal").read_bytes()  # as if the process was killed here
    copy.write_bytes(overwritten(path.read_bytes()))
    copy.with_name("c.db-wal").write_bytes(log)
    assert log

    assert make_embedded(copy).open() is not None

    assert copy.with_name(ASIDE).read_bytes() == overwritten(path.read_bytes())
    assert copy.with_name(f"{ASIDE}-wal").read_bytes() == log


def test_a_second_one_has_another_name(full, make_embedded, bytes_of):
    for _ in range(3):
        full.write_bytes(b"\0damaged")
        embedded = make_embedded(full)
        assert embedded.open() is not None
        embedded.close()

    assert set(bytes_of(full.parent)) == {"c.db", ASIDE, f"{ASIDE}-2", f"{ASIDE}-3"}


def test_it_stays_as_long_as_another_process_uses_it(full, make_embedded, bytes_of):
    damaged = overwritten(full.read_bytes())
    full.write_bytes(damaged)

    with Alive(full), pytest.raises(StoreError) as caught:
        make_embedded(full).open()

    assert str(caught.value).startswith(f"{full} is damaged (")
    assert str(caught.value).endswith(
        " Stop the other processes that use it, then start again."
    )
    assert bytes_of(full.parent) == {"c.db": damaged}
    assert make_embedded(full).open() is not None


@pytest.mark.parametrize(
    ("column", "damage"),
    [
        ("properties", "[1]"),
        ("properties", '{"a": "\\udc80"}'),
        ("properties", '{"a": null}'),
        ("origin", "nobody"),
        ("secret_keys", "1"),
        ("changed_at_us", "x"),
    ],
)
def test_a_row_that_nobody_can_have_made_is_told(
    full, open_embedded, ask, column, damage
):
    statement = f"UPDATE revisions SET {column} = ? WHERE pid = 'p7'"  # noqa: S608 - of the table above
    ask(full, statement, damage)
    store = open_embedded(full).store

    for question in (store.all, store.news, lambda: store.revisions("p7")):
        with pytest.raises(StoreError, match="Revision 1 of p7 cannot be read"):
            question()
    assert store.revision("p8", 1).pid == "p8"


# Not possible


@pytest.fixture
def open_folder():
    """A directory that everybody may look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_where_nothing_may_be_made_it_is_said(
    open_folder, make_embedded, without_privileges
):
    open_folder.chmod(0o555)

    for path in (open_folder / "c.db", open_folder / "var" / "c.db"):
        told = without_privileges(make_embedded(path).open)

        assert told.startswith(f"StoreError: {open_folder}/")
        assert "Permission denied" in told
        assert "(store=)" in told
    assert list(open_folder.iterdir()) == []


def test_what_belongs_to_somebody_else_is_not_opened(
    open_folder, make_embedded, without_privileges, bytes_of
):
    open_folder.chmod(0o777)
    path = open_folder / "c.db"
    embedded = make_embedded(path)
    embedded.open()
    embedded.close()
    path.chmod(0o000)
    path.chmod(0o000 if os.geteuid() else 0o600)

    told = without_privileges(make_embedded(path).open)

    assert told.startswith(f"StoreError: {path}: unable to open database file. Give")
    assert set(bytes_of(open_folder)) == {"c.db"}


def test_what_may_only_be_read_is_not_opened(
    open_folder, make_embedded, without_privileges
):
    open_folder.chmod(0o777)
    path = open_folder / "c.db"
    embedded = make_embedded(path)
    embedded.open()
    embedded.close()
    path.chmod(0o444)

    told = without_privileges(make_embedded(path).open)

    assert told.startswith(f"StoreError: {path}: ")
    assert "the permission to read and write the file and its directory" in told


def test_a_directory_is_no_database(tmp_path, make_embedded):
    (tmp_path / "c.db").mkdir()

    with pytest.raises(StoreError, match=r"Is a directory.* \(store=\)"):
        make_embedded(tmp_path / "c.db").open()

    assert [found.name for found in tmp_path.iterdir()] == ["c.db"]


def test_a_file_is_no_directory(tmp_path, make_embedded):
    (tmp_path / "var").touch()

    with pytest.raises(StoreError, match=r"File exists.* \(store=\)"):
        make_embedded(tmp_path / "var" / "c.db").open()


def test_a_disk_without_room_for_a_change_takes_none(
    path, open_embedded, full_disk, one
):
    embedded = open_embedded(path)
    embedded.store.put(one(1))
    room = path.with_name("c.db-wal").stat().st_size + 10_000

    with full_disk(room), pytest.raises(StoreError) as caught:
        embedded.store.put(one(2, x="x" * 100_000))

    assert str(caught.value).startswith(f"{path}: ")
    assert "space on its file system" in str(caught.value) or (
        "free space" in str(caught.value)
    )
    assert embedded.store.all() == (one(1),)
    embedded.store.put(one(2, x="x" * 100_000))
    embedded.close()
    assert open_embedded(path).store.all() == (one(2, x="x" * 100_000),)


def test_a_disk_without_room_for_a_database_has_none(path, make_embedded, full_disk):
    with full_disk(8192), pytest.raises(StoreError, match="space"):
        make_embedded(path).open()

    assert make_embedded(path).open() is None


# Layouts

ROWS = {
    1: [
        """
        INSERT INTO revisions VALUES
        (7, 'a', 3, 0, '{"x":1}', '["x"]', 'api', 'who', 'why', 1000000)
        """,
        "INSERT INTO configurations VALUES ('a', 3, 7)",
        """
        INSERT INTO files VALUES
        ('../etc', 'a', 2, 'a.cfg', 'k', NULL, 3, '{}', NULL, NULL, '[1]', 0)
        """,
        "INSERT INTO directories VALUES ('../etc', '[1,2]')",
        "INSERT INTO running VALUES ('gone.alive', 1, 2, 3, '[]', '[]', '[]')",
    ]
}


def layout_of(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"
        return connection.execute(found).fetchall()


@pytest.mark.parametrize("version", range(1, VERSION + 1))
def test_every_earlier_layout_becomes_that_of_today(
    tmp_path, open_embedded, ask, version
):
    """A new layout adds the rows of the one before it to `ROWS`."""
    fresh, old = tmp_path / "fresh" / "c.db", tmp_path / "old" / "c.db"
    old.parent.mkdir()
    open_embedded(fresh).close()
    with contextlib.closing(sqlite3.connect(old)) as connection:
        for statements in MIGRATIONS[:version]:
            for statement in statements:
                connection.execute(statement)
        for statement in ROWS[version]:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()

    embedded = open_embedded(old)

    assert layout_of(old) == layout_of(fresh)
    assert ask(old, "PRAGMA user_version") == [(VERSION,)]
    (kept,) = embedded.store.revisions("a")
    assert (kept.revision, kept.properties, kept.reason) == (3, {"x": 1}, "why")
    assert kept.properties.secret_keys == {"x"}
    assert embedded.store.all() == (kept,)
    ledger = embedded.ledger(tmp_path / "etc")
    assert ledger.identity == (1, 2)
    assert ledger.get("a") == FileRecord("a.cfg", known="k", revision=3, signature=(1,))


class Vanishing(Database):
    """A database whose file another process puts aside once it is open."""

    def open(self):
        super().open()
        self.path.rename(self.path.with_name("aside"))


def test_a_damaged_one_that_cannot_be_looked_at_is_told(full):
    """Whether it is somebody's text nobody knows, so it is not put aside."""
    full.write_bytes(DAMAGE["the header"](full.read_bytes()))
    database = Vanishing(full, 5.0, "OFF")

    with pytest.raises(StoreError) as caught:
        open_database(database)

    assert str(caught.value) == (
        f"{full} cannot be read: No such file or directory. Let this process read it, "
        "or name another file (store=)."
    )
    assert not isinstance(caught.value, DamagedDatabaseError)
    with pytest.raises(StoreError, match="is not open"):
        database.run("SELECT 1")


def test_a_row_that_is_no_json_is_damage_and_not_quoted(full, make_embedded, ask):
    """quick_check looks after the pages, not after what stands in them."""
    ask(full, "UPDATE revisions SET properties = CAST(? AS TEXT)", b'{"pw": "hunter2')

    lost = make_embedded(full).open()

    assert lost is not None
    assert "hunter2" not in str(lost)


def test_bytes_that_are_no_text_are_not_quoted(full, open_embedded, ask):
    broken = b'{"password": "hunter2\xff"}'
    ask(full, "UPDATE revisions SET properties = CAST(? AS TEXT)", broken)

    with pytest.raises(StoreError) as caught:
        open_embedded(full).store.all()

    assert "hunter2" not in str(caught.value)
