"""A PID names a configuration and its file, and is never a path."""

import tempfile
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from config_admin.core.display import escaped
from config_admin.core.errors import InvalidPidError
from config_admin.core.pid import (
    factory_pid_of,
    name_of,
    require_pid,
    schema_pids,
)

PATHS = "it names a file, so it holds no '/', no '\\' and no '..'."
EDGES = "it begins or ends with white space."
INVISIBLE = "it holds a control or invisible character."
TOO_LONG = "as a file name it is longer than 200 bytes."
HALF = "an instance is 'factory~name', and one of the two is empty."

MAX_FILE_NAME_BYTES = 255
LONGEST_SUFFIX = ".cfg.json.refused"


@pytest.mark.parametrize(
    "pid",
    [
        "a",
        "net.roboconf.messaging.rabbitmq",
        "net.roboconf~eu-1",
        "a~b~c",
        "a|app|1.2.0-rc1|here",
        "with space",
        "größe",
        "日本",
        "🐇",
        "a.",
        "100%",
        "x" * 200,
        "é" * 100,
        "-" * 66,
    ],
)
def test_a_name_is_a_pid(pid):
    """CM-01."""
    assert require_pid(pid) == pid


# CM-01, CM-62
@pytest.mark.parametrize(
    ("pid", "reason"),
    [
        ("", "it is empty."),
        (" a", EDGES),
        ("a ", EDGES),
        ("a\n", EDGES),
        ("a\u3000", EDGES),
        ("a/b", PATHS),
        ("/etc/passwd", PATHS),
        ("a\\b", PATHS),
        ("a\0b", PATHS),
        ("a..b", PATHS),
        ("..", PATHS),
        (".hidden", "it begins with a dot."),
        (".", "it begins with a dot."),
        ("a\nb", INVISIBLE),
        ("a\x1b[31m", INVISIBLE),
        ("a\x7f", INVISIBLE),
        ("a\u202eb", INVISIBLE),
        ("a\u200bb", INVISIBLE),
        ("a\u2028b", INVISIBLE),
        ("a\ud800b", INVISIBLE),
        ("x" * 201, TOO_LONG),
        ("é" * 101, TOO_LONG),
        ("-" * 67, TOO_LONG),
        ("%" * 67, TOO_LONG),
        ("~a", HALF),
        ("a~", HALF),
        ("~", HALF),
    ],
)
def test_what_is_no_pid_is_told_why(pid, reason):
    """CM-01, CM-62."""
    with pytest.raises(InvalidPidError) as caught:
        require_pid(pid)

    assert caught.value.pid == pid
    assert caught.value.reason == reason


class Pid(str, Enum):  # noqa: UP042 - not StrEnum: it shows itself as its name
    WEB = "net.web"


def test_a_pid_of_a_subclass_is_its_text():
    """CM-01, CM-64."""
    assert type(require_pid(Pid.WEB)) is str
    assert require_pid(Pid.WEB) == "net.web"


@pytest.mark.parametrize("pid", [None, 1, b"a", ["a"]])
def test_a_pid_is_text(pid):
    """CM-01."""
    with pytest.raises(InvalidPidError) as caught:
        require_pid(pid)

    assert caught.value.pid == repr(pid)
    assert caught.value.reason == (
        f"it is of type {type(pid).__name__}, and a PID is text, such as 'my.service'."
    )


@given(st.text())
def test_a_refusal_can_be_shown_on_any_terminal(text):
    """CM-01, CM-51."""
    with pytest.raises(InvalidPidError) as caught:
        require_pid(f"{text}/")

    assert escaped(str(caught.value)) == str(caught.value)


@given(st.text(max_size=210) | st.text("aé-%~|.", max_size=210))
def test_every_accepted_pid_is_safe_as_a_file_name(text):
    """CM-01."""
    try:
        pid = require_pid(text)
    except InvalidPidError:
        assume(False)  # noqa: FBT003 - Hypothesis' way to say "another one"
    escaped = pid.replace("%", "%25").replace("-", "%2D")

    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, f"{escaped}{LONGEST_SUFFIX}")
        file.touch()
        assert [path.name for path in Path(directory).iterdir()] == [file.name]

    assert len(file.name.encode()) <= MAX_FILE_NAME_BYTES
    assert pid == pid.strip()


# CM-02
@pytest.mark.parametrize(
    ("pid", "factory", "name"),
    [
        ("a", None, None),
        ("a~b", "a", "b"),
        ("a~b~c", "a", "b~c"),
        ("a|app~b", "a|app", "b"),
        ("a-b", None, None),
    ],
)
def test_an_instance_is_a_factory_and_a_name(pid, factory, name):
    """CM-02."""
    assert factory_pid_of(pid) == factory
    assert name_of(pid) == name


@pytest.mark.parametrize(
    ("pid", "candidates"),
    [
        ("a", ("a",)),
        ("a~b", ("a~b", "a")),
        ("a|app", ("a|app", "a")),
        ("a|app|1.0", ("a|app|1.0", "a")),
        ("a~b|app", ("a~b|app", "a~b", "a")),
        ("a|app~b", ("a|app~b", "a|app", "a")),
    ],
)
def test_the_most_specific_schema_comes_first(pid, candidates):
    """CM-35, CM-34."""
    assert schema_pids(pid) == candidates
