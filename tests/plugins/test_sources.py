"""Secrets and files stay inside their directory."""

import os

import pytest

from config_admin.plugins.sources import (
    MAX_FILE_BYTES,
    DirectorySource,
    EnvironmentSource,
)
from config_admin.plugins.unusable import UnusableError


@pytest.fixture
def source(tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "outside").write_text("not for you")
    return DirectorySource(tmp_path / "secrets", "secrets")


def test_the_final_line_end_is_dropped_and_no_other(source):
    for name, text in {"a": "x\n", "b": "x\r\n", "c": "x\n\n", "d": "x"}.items():
        (source.directory / name).write_bytes(text.encode())

    assert [source.find(name) for name in "abcd"] == ["x", "x", "x\n", "x"]


def test_what_is_not_there_is_none(source):
    assert source.find("nope") is None
    assert source.find("nope/deeper") is None


def test_links_as_kubernetes_makes_them_are_followed(source):
    """CM-52."""
    (source.directory / "..2026").mkdir()
    (source.directory / "..2026/pw").write_text("hunter2")
    (source.directory / "..data").symlink_to("..2026")
    (source.directory / "pw").symlink_to("..data/pw")

    assert source.find("pw") == "hunter2"


@pytest.mark.parametrize("name", ["../outside", "", ".", "..", "link", "a\0b"])
def test_a_name_that_leads_out_is_refused(source, name):
    """CM-52."""
    (source.directory / "link").symlink_to("../outside")

    with pytest.raises(UnusableError, match="leads out"):
        source.find(name)


def test_an_absolute_name_is_refused(source, tmp_path):
    """CM-52."""
    with pytest.raises(UnusableError, match="leads out"):
        source.find(str(tmp_path / "outside"))


def test_what_is_no_small_text_is_refused(source):
    """CM-53."""
    (source.directory / "big").write_bytes(b"x" * (MAX_FILE_BYTES + 1))
    (source.directory / "binary").write_bytes(b"\xff")
    (source.directory / "folder").mkdir()
    os.mkfifo(source.directory / "fifo")

    for name in ("big", "binary", "folder", "fifo"):
        with pytest.raises(UnusableError, match="cannot be read"):
            source.find(name)


def test_without_a_directory_the_cure_names_the_setting():
    with pytest.raises(UnusableError) as caught:
        DirectorySource(None, "secrets").find("pw")

    assert "secrets=DIR" in caught.value.cure


def test_a_variable_of_the_environment_is_found_or_not():
    source = EnvironmentSource({"A": "1"})

    assert (source.find("A"), source.find("B")) == ("1", None)
