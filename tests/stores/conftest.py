"""Databases that are closed with the test, and processes that use them, too."""

import contextlib
import os
import sqlite3
import sys
from datetime import UTC, datetime

import pytest

from config_admin.core.configuration import Configuration, Origin
from config_admin.core.properties import Properties
from config_admin.core.storage import Retention
from config_admin.stores.database import Database
from config_admin.stores.embedded import EmbeddedStore
from config_admin.stores.opening import open_database

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    """Where the database is to be; its directory is not there yet."""
    return tmp_path / "var" / "c.db"


@pytest.fixture
def make_database():
    """An open database: `make_database(path)`."""
    with contextlib.ExitStack() as stack:

        def make(path, timeout_s=5.0):
            path.parent.mkdir(exist_ok=True)
            database = Database(path, timeout_s, "OFF")
            stack.callback(database.close)
            open_database(database)
            return database

        yield make


@pytest.fixture
def make_embedded():
    """An embedded store, not open yet: `make_embedded(path)`."""
    with contextlib.ExitStack() as stack:

        def make(path, **options):
            settings = {
                "timeout_s": 5.0,
                "synchronous": "OFF",
                "retention": Retention(),
                "now": lambda: NOW,
                **options,
            }
            store = EmbeddedStore(path, **settings)
            stack.callback(store.close)
            return store

        yield make


@pytest.fixture
def open_embedded(make_embedded):
    """An embedded store that is open: `open_embedded(path)`."""

    def make(path, **options):
        embedded = make_embedded(path, **options)
        assert embedded.open() is None
        return embedded

    return make


@pytest.fixture
def one():
    """A revision: `one(2, x=1)`."""

    def make(revision, pid="a", **properties):
        return Configuration(pid, Properties(properties), revision, Origin.API)

    return make


@pytest.fixture(scope="session")
def ask():
    """What another program reads: `ask(path, statement)`."""

    def run(path, statement, *values):
        with contextlib.closing(sqlite3.connect(path, timeout=0)) as connection:
            found = connection.execute(statement, values).fetchall()
            connection.commit()
        return found

    return run


@pytest.fixture
def busy_at():
    """Another program writes: `with busy_at(path): ...`."""

    @contextlib.contextmanager
    def locked(path):
        other = sqlite3.connect(path, isolation_level=None)
        with contextlib.closing(other):
            other.execute("BEGIN IMMEDIATE")
            yield

    return locked


@pytest.fixture
def bytes_of():
    """Everything in a directory, by name."""
    return lambda folder: {one.name: one.read_bytes() for one in folder.iterdir()}


@pytest.fixture
def start_python(start, project, tmp_path):
    """Start a program: `start_python(source, *arguments)`."""

    def begin(source, *arguments, **options):
        environment = {**os.environ, "PYTHONPATH": str(project)}
        options = {"env": environment, "cwd": tmp_path, **options}
        return start(sys.executable, "-uc", source, *arguments, **options)

    return begin
