"""File names and PIDs: the table of Felix, and the round trip of every PID."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from config_admin.core.errors import InvalidPidError
from config_admin.core.pid import require_pid
from config_admin.fileinstall.names import file_name_of, pid_of, suffix_of

# Letters that names, escapes and targets are made of, and some of everything else.
characters = st.one_of(st.sampled_from("abDd25%-~.|_ "), st.characters())


def is_pid(text):
    try:
        require_pid(text)
    except InvalidPidError:
        return False
    return True


@given(st.text(characters, min_size=1, max_size=30))
@example("a|app|1.2.0-rc1")
@example("factory|app|1.0~name-1")
@example("a-b")
@example("%2D")
@example("%252D-%")
@example("a~b~c")
@example("-")
@example("a.cfg")
def test_the_file_that_a_pid_is_written_to_is_read_as_that_pid(pid):
    assume(is_pid(pid))

    name = file_name_of(pid, ".cfg")

    assert suffix_of(name, [".cfg"]) == ".cfg"
    assert pid_of(name, ".cfg") == pid


@given(st.text(characters, min_size=1, max_size=30))
def test_whatever_a_file_is_called_it_names_a_pid_or_nothing(stem):
    try:
        pid = pid_of(f"{stem}.cfg", ".cfg")
    except InvalidPidError:
        return

    assert require_pid(pid) == pid


# Source: Felix File Install, ConfigInstaller.parsePid.
@pytest.mark.parametrize(
    ("file_name", "pid"),
    [
        ("org.example.service.cfg", "org.example.service"),
        ("org.example.factory-name.cfg", "org.example.factory~name"),
        ("org.example.factory~name.cfg", "org.example.factory~name"),
        ("a-b-c.cfg", "a~b-c"),
        ("a~b~c.cfg", "a~b~c"),
        ("a-b~c.cfg", "a-b~c"),
        ("a~b-c.cfg", "a~b-c"),
        ("a|app.cfg", "a|app"),
    ],
)
def test_file_names_are_read_as_felix_reads_them(file_name, pid):
    assert pid_of(file_name, ".cfg") == pid


@pytest.mark.parametrize(
    ("file_name", "pid"),
    [
        ("a%2Db.cfg", "a-b"),
        ("a%2db.cfg", "a-b"),
        ("a%25b.cfg", "a%b"),
        ("a%252D.cfg", "a%2D"),
        ("a%20b.cfg", "a%20b"),
        ("-a.cfg", "-a"),
    ],
)
def test_a_hyphen_and_a_percent_sign_have_escapes_of_ours(file_name, pid):
    assert pid_of(file_name, ".cfg") == pid


@pytest.mark.parametrize(
    "file_name",
    ["a-.cfg", "a~.cfg", "~a.cfg", " a.cfg", "a .cfg", "a..b.cfg", "a\nb.cfg"],
)
def test_a_name_that_is_no_pid_is_refused(file_name):
    with pytest.raises(InvalidPidError):
        pid_of(file_name, ".cfg")


@pytest.mark.parametrize(
    ("file_name", "suffix"),
    [
        ("p.cfg", ".cfg"),
        ("p.cfg.json", ".cfg.json"),
        ("p.json", ".json"),
        ("p.schema.json", None),
        ("p.cfg~", None),
        ("p.cfg.swp", None),
        ("p.cfg.tmp", None),
        ("p.cfg.bak", None),
        ("p.cfg.orig", None),
        ("p.cfg.refused", None),
        ("p.cfg.rpmnew", None),
        ("p.cfg.dpkg-dist", None),
        (".p.cfg", None),
        (".cfg", None),
        ("p.CFG", None),
        ("p", None),
    ],
)
def test_the_longest_known_suffix_counts_and_others_are_not_ours(file_name, suffix):
    """CM-43."""
    assert suffix_of(file_name, [".cfg", ".json", ".cfg.json"]) == suffix


@pytest.mark.parametrize(
    ("file_name", "suffix"),
    [("p.cfg", None), ("p.json", ".json"), ("p.cfg.json", None)],
)
def test_a_longer_suffix_that_is_not_taken_is_no_shorter_one(file_name, suffix):
    """CM-44: ``p.cfg.json`` is never the file of the PID ``p.cfg``."""
    assert suffix_of(file_name, [".json"], [".cfg", ".json", ".cfg.json"]) == suffix
