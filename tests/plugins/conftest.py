"""A directory of schemas, its validator, and sources that a test fills."""

import json
from dataclasses import dataclass, field

import pytest

from config_admin.core.faults import FaultBook
from config_admin.plugins.interpolation import Interpolator
from config_admin.plugins.resolving import ResolvingValidator
from config_admin.schema.catalog import SchemaCatalog
from config_admin.schema.validator import SchemaValidator


@dataclass
class Texts:
    """A source of its own."""

    texts: dict = field(default_factory=dict)
    is_secret: bool = False

    def find(self, name):
        return self.texts.get(name)


class Bench:
    """Placeholders before schemas, as an admin has them."""

    def __init__(self, directory):
        self.directory = directory
        self.told = []
        self.book = FaultBook(lambda came, went: self.told.append((came, went)))
        self.schemas = SchemaValidator(SchemaCatalog(directory, self.book))
        self.env = Texts({"PORT": "8080", "HOST": "example.org", "EMPTY": ""})
        self.secret = Texts({"pw": "hunter2"}, is_secret=True)
        self.validator = self.resolving()

    def resolving(self, access=None):
        sources = {"env": self.env, "secret": self.secret}
        interpolator = Interpolator(sources, {"name": "x"}, access or {})
        return ResolvingValidator(interpolator, self.schemas)

    def declare(self, properties, pid="p", **rest):
        schema = {"type": "object", "properties": properties, **rest}
        path = self.directory / f"{pid}.schema.json"
        path.write_text(json.dumps(schema), encoding="utf-8")


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


@pytest.fixture(scope="session")
def shared_bench(tmp_path_factory):
    """One for laws, which try many cases on one schema."""
    return Bench(tmp_path_factory.mktemp("schemas"))
