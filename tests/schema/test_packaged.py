"""Schemas that come with a package: followed in a directory, copied from a zip."""

import fcntl
import importlib
import json
import os
import stat
import sys
import zipfile
from importlib import resources
from pathlib import Path

import pytest

from config_admin.core.errors import InvalidConfigurationError, UsageError
from config_admin.core.faults import FaultBook
from config_admin.core.properties import Properties
from config_admin.schema.catalog import SchemaCatalog
from config_admin.schema.packaged import SchemaDirectory
from config_admin.schema.validator import SchemaValidator

SCHEMA = json.dumps({"properties": {"port": {"type": "integer"}}})
FILES = {
    "__init__.py": "",
    "schemas/p.schema.json": SCHEMA,
    "schemas/README.md": "no schema",
    "schemas/broken.schema.json": '{"$ref": "urn:nowhere"}',
    "schemas/deeper/q.schema.json": SCHEMA,
}


@pytest.fixture
def imported(tmp_path, monkeypatch):
    """Import a package of that name from this place, for the time of the test."""

    def run(name, *places):
        for place in places:
            monkeypatch.syspath_prepend(place)
        monkeypatch.delitem(sys.modules, name, raising=False)
        return importlib.import_module(name)

    yield run
    for name in [name for name in sys.modules if name.startswith("packaged_")]:
        del sys.modules[name]


def fill(directory, files):
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def in_zip(tmp_path, imported):
    archive = tmp_path / "app.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name, text in FILES.items():
            file.writestr(f"packaged_in_zip/{name}", text)
    return imported("packaged_in_zip", archive)


@pytest.fixture
def opened():
    """Open schemas, and close them in the end."""
    made = []

    def run(schemas):
        made.append(SchemaDirectory(schemas))
        return made[-1]

    yield run
    for directory in made:
        directory.close()


def validator_of(directory, book=None):
    book = book or FaultBook(lambda *_: None)
    return SchemaValidator(SchemaCatalog(directory.path, book, named=directory.named))


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_taken_as_it_is_whether_it_is_there_or_not(tmp_path, opened, kind):
    directory = opened(kind(tmp_path / "later"))

    assert directory.path == directory.named == tmp_path / "later"


def test_no_schemas_are_none(opened):
    assert opened(None).path is None


def test_a_package_in_a_directory_is_followed(tmp_path, imported, opened):
    fill(tmp_path / "packaged_plain", FILES)
    package = imported("packaged_plain", tmp_path)
    directory = opened(resources.files(package) / "schemas")

    assert directory.path == tmp_path / "packaged_plain" / "schemas"
    directory.close()
    assert directory.path.is_dir()


def test_a_folder_that_is_no_package_of_its_own_is_followed(tmp_path, imported, opened):
    fill(tmp_path / "packaged_folder", FILES)
    imported("packaged_folder", tmp_path)
    directory = opened(resources.files("packaged_folder.schemas"))

    assert directory.path == tmp_path / "packaged_folder" / "schemas"


def test_what_is_in_several_directories_is_copied(tmp_path, imported, opened):
    fill(tmp_path / "one/packaged_spread", {"a.schema.json": SCHEMA})
    fill(tmp_path / "two/packaged_spread", {"b.schema.json": SCHEMA})
    imported("packaged_spread", tmp_path / "one", tmp_path / "two")
    directory = opened(resources.files("packaged_spread"))

    found = sorted(path.name for path in directory.path.iterdir())
    assert found == ["a.schema.json", "b.schema.json"]
    assert tmp_path not in directory.path.parents


def test_the_schemas_of_a_zip_apply(in_zip, opened):
    validator = validator_of(opened(resources.files(in_zip) / "schemas"))

    assert validator.check("p", Properties({"port": "1"})).properties == {"port": 1}
    with pytest.raises(InvalidConfigurationError):
        validator.check("p", Properties({"port": "x"}))


def test_faults_name_the_file_in_the_zip(tmp_path, in_zip, opened):
    book = FaultBook(lambda *_: None)
    validator = validator_of(opened(resources.files(in_zip) / "schemas"), book)

    with pytest.raises(InvalidConfigurationError):
        validator.check("broken", Properties())

    (fault,) = book.all()
    place = tmp_path / "app.zip/packaged_in_zip/schemas"
    assert fault.file == str(place / "broken.schema.json")
    assert fault.expected == f"the name or $id of a schema file in {place}"


def test_a_copy_is_private_holds_schemas_alone_and_goes(in_zip, opened):
    directory = opened(resources.files(in_zip) / "schemas")

    assert stat.S_IMODE(directory.path.stat().st_mode) == 0o700
    names = sorted(path.name for path in directory.path.iterdir())
    assert names == ["broken.schema.json", "p.schema.json"]
    directory.close()
    assert not directory.path.exists()
    directory.close()


def test_a_copy_goes_when_nobody_closes_it(in_zip):
    directory = SchemaDirectory(resources.files(in_zip) / "schemas")
    path = directory.path

    del directory

    assert not path.exists()


def test_a_copy_is_locked_against_what_cleans_up_by_age(in_zip, opened):
    """systemd-tmpfiles leaves a directory alone that somebody holds a lock on."""
    directory = opened(resources.files(in_zip) / "schemas")

    other = os.open(directory.path, os.O_RDONLY)
    try:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(other)


@pytest.mark.integration
def test_a_child_that_was_forked_takes_nothing_away(tmp_path, project, in_zip, start):
    script = tmp_path / "program.py"
    script.write_text(
        "import os, sys\n"
        "from importlib import resources\n"
        "sys.path[:0] = sys.argv[1:]\n"
        "import packaged_in_zip\n"
        "from config_admin.schema.packaged import SchemaDirectory\n"
        "made = SchemaDirectory(resources.files(packaged_in_zip) / 'schemas')\n"
        "if (child := os.fork()) == 0:\n"
        "    sys.exit()\n"
        "os.waitpid(child, 0)\n"
        "print('kept' if made.path.is_dir() else 'gone', made.path, flush=True)\n",
        encoding="utf-8",
    )
    program = start(sys.executable, script, tmp_path / "app.zip", project)

    line = program.line_with("config-admin-")

    assert line.startswith("kept")
    assert program.ended() == 0
    assert not Path(line.split(" ")[1]).exists()


@pytest.mark.parametrize("name", ["nope", "__init__.py"])
def test_a_resource_that_is_no_directory_is_a_mistake_of_the_program(in_zip, name):
    with pytest.raises(UsageError, match="no directory of schemas"):
        SchemaDirectory(resources.files(in_zip) / name)
