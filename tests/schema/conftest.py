"""A directory for schemas, and a validator that looks at it."""

import json
from pathlib import Path

import pytest

from config_admin.core.errors import InvalidConfigurationError
from config_admin.core.faults import FaultBook
from config_admin.core.properties import Properties
from config_admin.schema.catalog import SchemaCatalog
from config_admin.schema.validator import SchemaValidator

SHIPPED = Path(__file__).parents[2] / "schemas"


class Desk:
    """A validator over one directory, with its book of faults."""

    def __init__(self, directory):
        self.directory = directory
        self.now_s = 0.0
        self.told = []
        self.book = FaultBook(lambda came, went: self.told.append((came, went)))
        self.catalog = SchemaCatalog(directory, self.book, clock=lambda: self.now_s)
        self.validator = SchemaValidator(self.catalog)

    def write(self, pid, schema):
        text = schema if isinstance(schema, str) else json.dumps(schema, indent=2)
        self.path(pid).write_text(text, encoding="utf-8")

    def path(self, pid):
        return self.directory / f"{pid}.schema.json"

    def files(self):
        return sorted(self.directory.glob("*.schema.json"))

    def check(self, properties, pid="p"):
        return self.validator.check(pid, Properties(properties))

    def refused(self, properties, pid="p"):
        with pytest.raises(InvalidConfigurationError) as caught:
            self.check(properties, pid)
        return caught.value


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def open_desk():
    return Desk


@pytest.fixture(scope="session")
def shipped():
    return Desk(SHIPPED)


@pytest.fixture
def declare(desk):
    """Write a schema of the PID "p" with these properties."""

    def write(properties=None, **rest):
        desk.write("p", {"type": "object", "properties": properties or {}, **rest})
        return desk

    return write
