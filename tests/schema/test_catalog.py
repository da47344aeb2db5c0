"""Which schema applies, and what happens when it changes or breaks."""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from config_admin.core.faults import FaultBook
from config_admin.schema.catalog import SchemaCatalog
from config_admin.schema.validator import SchemaValidator

PORT = {"properties": {"port": {"type": "integer"}}}
BROKEN = [
    ('{"type":\n  oops}', "JSON", (2, 3)),
    ("[1]", "an object", (1, 1)),
    ('\ufeff{"type": "object"}', "JSON in UTF-8", (1, 1)),
    ('{"type": "objekt"}', "a JSON Schema (2020-12)", (1, 10)),
    ('{\n "properties": {\n  "a": {"minimum": "x"}}}', "JSON Schema", (3, 20)),
    ('{"properties": {"a": {"pattern": "["}}}', "JSON Schema", (1, 34)),
    ('{"$schema": "http://json-schema.org/draft-07/schema#"}', "2020-12", (1, 13)),
    ('{"a": 1, "a": 2}', "JSON", (None, None)),
    ('{"maximum": NaN}', "JSON", (None, None)),
    ('{"maximum": ' + "1" * 5000 + "}", "JSON", (None, None)),
    ("[" * 70 + "]" * 70, "at most 64 levels", (None, None)),
    ("[" * 100_000, "at most 64 levels", (None, None)),
    ('{"$ref": "https://example.org/x.json"}', "$id of a schema", (1, 2)),
    ('{"$ref": "#/$defs/none"}', "$id of a schema", (1, 2)),
    ('{"$ref": "other.schema.json"}', "$id of a schema", (1, 2)),
    ('{"$ref": "#"}', "comes to an end", (1, 1)),
    ('{"properties": {"A": {}, "a": {}}}', "each key once", (1, 31)),
    ('{"properties": {"a": {"default": {}}}}', "a flat list", (1, 34)),
    (
        '{"properties": {"a": {"type": "integer", "default": "x"}}}',
        "a default that fits",
        (1, 53),
    ),
    (" " * (1024 * 1024) + "{}", "at most 1,048,576 bytes", (None, None)),
]


IN_A = '{{"properties": {{"a": {}}}}}'
NO_SCHEMA = [
    (IN_A.format('{"pattern": "a{99999999999999}"}'), (1, 34)),
    (IN_A.format('{"pattern": "a{' + "9" * 5000 + '}"}'), (1, 34)),
    (IN_A.format('{"pattern": "' + "(" * 3000 + ")" * 3000 + '"}'), (1, 34)),
    (IN_A.format('{"$ref": "http://[x"}'), (1, 31)),
    ('{"required": ["a"],\n "$ref": "#/required/zz"}', (2, 2)),
    ('{"minimum": 3,\n "$ref": "#/minimum/x"}', (2, 2)),
    ('{"$id": "http://["}', (1, 9)),
    (IN_A.format('{"$id": "http://["}'), (1, 30)),
    ('{"$ref": "%00.schema.json"}', (1, 2)),
    ('{"$ref": "\\ud800.schema.json"}', (1, 2)),
]


@pytest.mark.parametrize(("text", "place"), NO_SCHEMA)
def test_what_makes_a_library_fail_is_a_broken_schema(desk, text, place):
    """CM-35, CM-53."""
    desk.write("p", PORT)
    desk.check({})
    desk.write("p", text)
    desk.refused({"port": "x"})

    (fault,) = desk.book.all()
    assert fault.file == str(desk.path("p"))
    assert (fault.line, fault.column) == place


def test_whatever_else_reading_raises_is_told_by_its_name_alone(desk):
    """CM-37: its text may quote a value."""
    step = {"type": "number", "multipleOf": 10**400}
    desk.write("p", PORT)
    desk.check({"port": "1"})
    desk.write("p", {"properties": {"step": {**step, "default": 0.5}}})

    desk.refused({"port": "x"})
    (fault,) = desk.book.all()
    assert fault.found == "a schema that ends in OverflowError when it is read"
    assert fault.file == str(desk.path("p"))
    desk.write("p", {"properties": {"step": step}})
    desk.check({"port": "x"})
    assert desk.book.all() == ()


@pytest.mark.parametrize(("text", "expected", "place"), BROKEN)
def test_a_broken_schema_is_reported_with_its_place(desk, text, expected, place):
    """CM-35, CM-38 for references, CM-53 for the limits."""
    desk.write("p", text)

    error = desk.refused({"port": "1"})

    (fault,) = desk.book.all()
    assert expected in fault.expected
    assert (fault.line, fault.column) == place
    assert fault.file == str(desk.path("p"))
    assert fault.pid == "p"
    assert str(desk.path("p")) in str(error)


@pytest.mark.parametrize(("levels", "is_good"), [(64, True), (65, False)])
def test_a_schema_may_be_64_levels_deep(desk, levels, is_good):
    """CM-53."""
    outer = levels - 1
    desk.write("p", '{"not": ' * outer + "{}" + "}" * outer)

    desk.catalog.generation("p")
    desk.catalog.report_pending()

    assert (desk.book.all() == ()) is is_good


def test_bytes_that_are_not_utf8_are_reported_with_their_line(desk):
    desk.path("p").write_bytes(b'{\n"a": "\xff"}')

    assert desk.refused({}).violations[0].line == 2


def test_a_directory_or_a_pipe_in_place_of_a_schema_is_reported(desk):
    desk.path("p").mkdir()
    os.mkfifo(desk.path("q"))

    assert "a directory" in str(desk.refused({}, "p"))
    assert "no regular file" in str(desk.refused({}, "q"))


def test_without_a_schema_everything_is_as_it_is(desk):
    """CM-35."""
    checked = desk.check({"port": "1"})

    assert checked.properties == {"port": "1"}
    assert checked.schema is None
    assert checked.defaults == {}
    assert desk.validator.schema_of("p") is None


def test_without_a_directory_there_are_no_schemas():
    validator = SchemaValidator(SchemaCatalog(None, FaultBook(lambda *_: None)))

    assert validator.schema_of("p") is None
    assert validator.as_text("p", "port", 1) is None
    assert validator.as_text("p", "port", "1") == "1"


def test_an_instance_has_its_own_schema_or_that_of_its_factory(desk):
    """CM-35."""
    desk.write("f", PORT)
    assert desk.check({"port": "1"}, "f~x|app").properties == {"port": 1}

    desk.write("f~x", {})
    assert desk.check({"port": "1"}, "f~x|app").properties == {"port": "1"}
    assert desk.check({"port": "1"}, "f~y").properties == {"port": 1}


def test_a_rewritten_schema_applies_at_once(desk):
    """CM-35: each check looks at the file first."""
    for number in range(20):
        key = f"key{number % 3}"
        desk.write("p", {"properties": {key: {"type": "integer"}}})

        assert desk.check({key: "1"}).properties == {key: 1}


def test_a_removed_schema_applies_no_more(desk):
    """CM-35."""
    desk.write("p", PORT)
    desk.refused({"port": "x"})
    desk.path("p").unlink()
    desk.check({"port": "1"})
    desk.now_s = 1.0

    assert desk.check({"port": "x"}).schema is None


def test_the_generation_changes_with_the_text_and_only_then(desk):
    """CM-35: what is stored is checked anew when this changes."""
    desk.write("p", PORT)
    first = desk.validator.schema_of("p")
    assert desk.check({}).schema == first

    desk.write("p", {**PORT, "title": "another"})
    assert desk.validator.schema_of("p") not in (first, None)

    desk.write("p", PORT)
    assert desk.validator.schema_of("p") == first


def test_a_broken_schema_leaves_the_last_good_one_until_it_is_mended(desk):
    """CM-35."""
    desk.write("p", PORT)
    good = desk.validator.schema_of("p")

    desk.write("p", "{")
    assert desk.check({"port": "1"}).properties == {"port": 1}
    assert desk.validator.schema_of("p") == good
    assert len(desk.book.all()) == 1

    desk.write("p", {})
    assert desk.check({"port": "1"}).properties == {"port": "1"}
    assert desk.book.all() == ()


def test_a_schema_that_never_was_good_has_a_generation_that_mending_changes(desk):
    """CM-35."""
    desk.write("p", "{")
    broken = desk.validator.schema_of("p")
    assert broken is not None
    assert desk.validator.as_text("p", "port", 1) is None

    desk.write("p", PORT)
    assert desk.validator.schema_of("p") not in (broken, None)


def test_removing_a_broken_schema_clears_its_fault(desk):
    desk.write("p", "{")
    desk.refused({})
    desk.path("p").unlink()
    desk.refused({})
    assert len(desk.book.all()) == 1
    desk.now_s = 1.0
    desk.check({})

    assert desk.book.all() == ()


@pytest.mark.parametrize(
    "reference", ["common.schema.json", "urn:common", "urn:common#/$defs/port"]
)
@pytest.mark.parametrize("base", [None, "https://example.org/x/p.schema.json", "urn:p"])
def test_references_resolve_among_the_files(desk, reference, base):
    """CM-38."""
    common = {"$id": "urn:common", "$defs": {"port": {"type": "integer"}}}
    common |= {"type": "integer"}
    desk.write("common", common)
    identity = {"$id": base} if base else {}
    desk.write("p", {**identity, "properties": {"port": {"$ref": reference}}})

    assert desk.check({"port": "5672"}).properties == {"port": 5672}
    assert desk.refused({"port": "x"}).violations[0].expected == "a whole number"


def test_a_changed_reference_is_another_generation(desk):
    """CM-35, CM-38."""
    desk.write("common", {"type": "integer"})
    desk.write("p", {"properties": {"port": {"$ref": "common.schema.json"}}})
    before = desk.validator.schema_of("p")

    desk.write("common", {"type": "boolean"})

    assert desk.validator.schema_of("p") != before
    desk.refused({"port": "5672"})


def test_a_missing_reference_is_found_when_it_comes(desk):
    """CM-38."""
    desk.write("p", {"properties": {"port": {"$ref": "urn:common"}}})
    desk.refused({})

    desk.write("any-name", {"$id": "urn:common", "type": "integer"})

    assert desk.check({"port": "1"}).properties == {"port": 1}
    assert desk.book.all() == ()


def test_a_remote_reference_is_never_fetched(desk):
    """CM-38."""
    asked = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.set()

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/x.schema.json"
        desk.write("p", {"properties": {"port": {"$ref": url}}})
        error = desk.refused({"port": "1"})
        server.shutdown()

    assert not asked.is_set()
    assert "nothing is fetched" in str(error)


def test_keys_of_allof_and_of_references_are_declared_too(desk):
    """CM-36, CM-38."""
    desk.write(
        "tls", {"properties": {"ssl.use": {"type": "boolean", "default": False}}}
    )
    desk.write("p", {"allOf": [{"$ref": "tls.schema.json"}], **PORT})

    checked = desk.check({"SSL.use": "TRUE", "port": "1"})

    assert checked.properties == {"ssl.use": True, "port": 1}
    assert desk.check({}).defaults == {"ssl.use": False}


def test_threads_share_a_catalog_whose_schema_changes(desk):
    desk.write("p", PORT)
    failures = []

    def check():
        for _ in range(200):
            try:
                desk.check({"port": "1"})
            except Exception as error:  # noqa: BLE001 - any is a failure here
                failures.append(error)

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(20):
        text = json.dumps({**PORT, "title": str(number)})
        whole = desk.directory / "next"
        whole.write_text(text, encoding="utf-8")
        whole.replace(desk.path("p"))
    for thread in threads:
        thread.join()

    assert failures == []
    assert desk.book.all() == ()
