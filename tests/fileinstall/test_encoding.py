"""Bytes and text, in UTF-8 or Latin-1; nothing is lost on the way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config_admin import ConfigAdmin, Settings, UsageError
from config_admin.fileinstall.encoding import (
    UndecodableError,
    decoded,
    encoded,
    require_encoding,
)
from config_admin.formats import cfg


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_value_survives_in_latin_1(value):
    data = encoded(cfg.dumps({"a": value}), "iso-8859-1")

    assert cfg.loads(decoded(data, "iso-8859-1")) == {"a": value}


def test_what_has_no_byte_is_written_as_java_does():
    assert encoded("é €😀", "iso-8859-1") == b"\xe9 \\u20ac\\ud83d\\ude00"


def test_a_byte_that_is_not_utf_8_is_told_with_its_place_and_the_setting():
    with pytest.raises(UndecodableError) as caught:
        decoded(b"a = 1\r\nb = \xe9\n", "utf-8")

    diagnostic = caught.value.diagnostic
    assert (diagnostic.line, diagnostic.column) == (2, 5)
    assert "0xE9" in diagnostic.found
    assert "encoding='iso-8859-1'" in diagnostic.cure


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "latin-1", "ISO-8859-1"])
def test_the_names_of_an_encoding_do_not_matter(name):
    assert require_encoding(name) in {"utf-8", "iso8859-1"}


@pytest.mark.parametrize("name", ["utf-16", "klingon", ""])
def test_other_encodings_are_refused(name):
    with pytest.raises(UsageError, match=r"'utf-8' or 'iso-8859-1'"):
        require_encoding(name)


def test_a_directory_in_latin_1_is_read_and_written(tmp_path):
    (tmp_path / "p.cfg").write_bytes(b"# caf\xe9\na = \xfc\n")

    with ConfigAdmin(
        settings=Settings(etc=tmp_path, encoding="latin-1", store=None)
    ) as admin:
        assert admin.get("p").properties == {"a": "ü"}
        admin.update("p", {"a": "ö", "b": "€"})
        assert admin.flush(10)

    assert (tmp_path / "p.cfg").read_bytes() == b"# caf\xe9\na = \xf6\nb = \\u20ac\n"
