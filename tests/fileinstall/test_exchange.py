"""Renames that lose nothing."""

import pytest

from config_admin.fileinstall.exchange import exchange, rename_to_free


def test_two_files_change_their_names(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("1")
    other.write_text("2")

    assert exchange(one, other)

    assert (one.read_text(), other.read_text()) == ("2", "1")


def test_an_exchange_with_nothing_does_nothing(tmp_path):
    one = tmp_path / "one"
    one.write_text("1")

    with pytest.raises(FileNotFoundError):
        exchange(one, tmp_path / "other")

    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_free_name_is_taken(tmp_path):
    (tmp_path / "source").write_text("1")

    rename_to_free(tmp_path / "source", tmp_path / "target")

    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert (tmp_path / "target").read_text() == "1"


def test_a_name_that_is_taken_stays_taken(tmp_path):
    (tmp_path / "source").write_text("1")
    (tmp_path / "target").write_text("2")

    with pytest.raises(FileExistsError):
        rename_to_free(tmp_path / "source", tmp_path / "target")

    assert (tmp_path / "source").read_text() == "1"
    assert (tmp_path / "target").read_text() == "2"


def test_a_link_to_nowhere_takes_a_name_too(tmp_path):
    (tmp_path / "source").write_text("1")
    (tmp_path / "target").symlink_to("nowhere")

    with pytest.raises(FileExistsError):
        rename_to_free(tmp_path / "source", tmp_path / "target")


def test_a_missing_source_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        rename_to_free(tmp_path / "source", tmp_path / "target")
