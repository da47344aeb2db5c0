"""From the bytes of a file to properties, with the place of all that is wrong."""

import pytest

from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.fileinstall.texts import RefusedTextError, read_text
from config_admin.formats import cfg


def read(data):
    return read_text("etc/p.cfg", data, cfg, "utf-8")


def refused(data):
    with pytest.raises(RefusedTextError) as caught:
        read(data)
    return caught.value.diagnostics


def violation(key, rule="pattern"):
    return Diagnostic(key=key, rule=rule, found="f", expected="e", cure="c")


def test_a_text_is_read_as_written():
    text = read(b"# comment\na = 1\nb: two words\n")

    assert dict(text.properties) == {"a": "1", "b": "two words"}
    assert text.warnings == ()


def test_nothing_at_all_is_a_configuration_without_properties():
    assert dict(read(b"").properties) == {}


def test_a_byte_order_mark_belongs_to_no_key():
    assert dict(read(b"\xef\xbb\xbfa = 1\n").properties) == {"a": "1"}


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"\xff", (1, 1)),
        (b"a = 1\nb = \xe9t\xe9\n", (2, 5)),
        (b"a = 1\r\nb = \xff\n", (2, 5)),
        (b"a = 1\rb = \xff\n", (2, 5)),
        ("ü = ä".encode() + b"\xff", (1, 6)),
        (b"a = \xc3", (1, 5)),
    ],
)
def test_a_byte_that_is_not_utf_8_is_told_with_its_line_and_column(data, place):
    (diagnostic,) = refused(data)

    assert (diagnostic.line, diagnostic.column) == place
    assert diagnostic.file == "etc/p.cfg"
    assert "not UTF-8" in diagnostic.found
    assert diagnostic.cure.startswith("Save the file as UTF-8, or set encoding=")


def test_all_faults_of_a_text_are_told_at_once():
    diagnostics = refused(b"a = \\u12\nb = 1\nc = \\u1\n")

    assert [(d.key, d.file, d.line, d.column) for d in diagnostics] == [
        ("a", "etc/p.cfg", 1, 5),
        ("c", "etc/p.cfg", 3, 5),
    ]


def test_two_keys_that_differ_in_case_alone_are_refused_with_their_line():
    (diagnostic, *_) = refused(b"key = 1\nx = 1\nKEY = 2\n")

    assert diagnostic.file == "etc/p.cfg"
    assert diagnostic.line in (1, 3)


def test_automatic_properties_are_dropped_with_a_warning_at_their_line():
    """CM-05."""
    text = read(b"a = 1\nservice.pid = mine\nService.FactoryPid = f\n")

    assert dict(text.properties) == {"a": "1"}
    assert [(w.key, w.line, w.column, w.severity) for w in text.warnings] == [
        ("service.pid", 2, 1, Severity.WARNING),
        ("Service.FactoryPid", 3, 1, Severity.WARNING),
    ]


def test_a_repeated_key_is_a_warning_and_the_last_one_counts():
    text = read(b"a = 1\na = 2\n")

    assert dict(text.properties) == {"a": "2"}
    (warning,) = text.warnings
    assert (warning.file, warning.line) == ("etc/p.cfg", 2)


def test_a_wrong_value_is_placed_at_the_value_and_a_wrong_key_at_the_key():
    text = read(b"first = 1\n  port = \\\n   none\n")

    assert text.placed(violation("port")).place == "etc/p.cfg:3:4"
    placed = text.placed(violation("port", "additionalProperties"))
    assert placed.place == "etc/p.cfg:2:3"


def test_a_violation_finds_its_key_without_regard_to_case():
    text = read(b"a = 1\nPort = x\n")

    assert text.placed(violation("port")).line == 2


@pytest.mark.parametrize("key", [None, "absent"])
def test_a_violation_of_no_line_is_placed_at_the_beginning(key):
    assert read(b"a = 1\n").placed(violation(key)).place == "etc/p.cfg:1:1"
