"""`config-admin check`: one line for each fault, and an exit code for scripts."""

import re

import pytest

LINE = re.compile(
    r"(?P<file>[^:]+):(?P<line>[1-9]\d*):(?P<column>[1-9]\d*): (?P<message>.+)"
)
PID = "net.roboconf.messaging.rabbitmq"

pytestmark = pytest.mark.integration


def test_the_shipped_files_are_right(place, call):
    done = call("check")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "1 file, no faults\n")


def test_every_fault_has_its_line(place, sample, call):
    sample.write_text(
        "message-server-ip = host:99999\nmessage-server-usrname = dm\n",
        encoding="utf-8",
    )
    (place / "etc" / "other.cfg").write_text("a = \\u12\n", encoding="utf-8")

    done = call("check")

    places = [LINE.fullmatch(line).groups()[:3] for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert places == [
        (f"etc/{PID}.cfg", "1", "21"),
        (f"etc/{PID}.cfg", "2", "1"),
        ("etc/other.cfg", "1", "5"),
    ]
    assert "Did you mean 'message-server-username'?" in done.stdout
    assert done.stderr == "2 files, 3 faults\n"


def test_nothing_is_changed(place, call):
    def look():
        return {
            path: (path.read_bytes(), path.stat().st_mtime_ns)
            for path in place.rglob("*")
            if path.is_file()
        }

    before = look()

    call("check")

    assert look() == before


def test_a_file_that_was_just_emptied_is_checked_too(place, sample, call):
    (place / "schemas" / "strict.schema.json").write_text(
        '{"type": "object", "required": ["a"]}', encoding="utf-8"
    )
    (place / "etc" / "strict.cfg").write_bytes(b"")

    done = call("check")

    assert done.returncode == 1
    assert done.stdout.startswith("etc/strict.cfg:1:1: ")


def test_a_missing_etc_is_said_with_the_cure(tmp_path, call):
    done = call("check")

    assert done.returncode == 1
    assert LINE.fullmatch(done.stdout.rstrip("\n"))["file"] == "etc"
    assert "mkdir 'etc'" in done.stdout
    assert "no value was checked" in done.stderr


def test_an_etc_that_is_a_file_is_a_fault(place, sample, call):
    done = call("check", "--etc", str(sample))

    assert done.returncode == 1
    assert "Not a directory" in done.stdout


def test_named_schemas_have_to_be_there(place, call):
    done = call("check", "--schemas", "nowhere")

    assert done.returncode == 2
    assert "there is no such directory. Create it" in done.stderr


def test_bytes_that_are_not_utf_8_are_placed(place, sample, call):
    sample.write_bytes(b"message-server-ip = localhost\n# caf\xe9\n")

    done = call("check")

    found = LINE.fullmatch(done.stdout.rstrip("\n"))
    assert done.returncode == 1
    assert (found["file"], found["line"], found["column"]) == (
        f"etc/{PID}.cfg",
        "2",
        "6",
    )


def test_a_name_that_is_no_pid_is_a_fault(place, call):
    (place / "etc" / "a..b.cfg").write_text("a = 1\n", encoding="utf-8")

    done = call("check")

    assert done.returncode == 1
    assert "etc/a..b.cfg:1:1: " in done.stdout


def test_a_secret_is_never_printed(place, sample, call):
    sample.write_text(
        "message-server-password = hush-one\nmessage-server-pasword: hush-two\n",
        encoding="utf-8",
    )

    done = call("check")

    assert done.returncode == 1
    assert "hush" not in done.stdout + done.stderr


def test_a_broken_schema_is_a_fault_of_its_own_file(place, call):
    schema = place / "schemas" / f"{PID}.schema.json"
    schema.write_text('{"type": ', encoding="utf-8")

    done = call("check")

    assert done.returncode == 1
    assert f"schemas/{PID}.schema.json:1:" in done.stdout


def test_what_only_deserves_a_look_does_not_fail(place, call):
    # A brace that is never closed is kept as it is.
    (place / "etc" / "any.cfg").write_text("[section]\n", encoding="utf-8")

    done = call("check")

    assert done.returncode == 0
    assert "etc/any.cfg:1:1: warning: " in done.stdout


def test_files_of_other_kinds_are_left_alone(place, call):
    (place / "etc" / "notes.txt").write_text("\0", encoding="utf-8")
    (place / "etc" / ".hidden.cfg").write_bytes(b"\xff")
    (place / "etc" / "folder.cfg").mkdir()

    done = call("check")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "1 file, no faults\n")


def test_a_file_whose_name_is_split_by_mistake_is_a_warning_with_the_name(place, call):
    (place / "schemas" / "a.in-memory.schema.json").write_text("{}", encoding="utf-8")
    (place / "etc" / "a.in-memory.cfg").write_text("", encoding="utf-8")

    done = call("check")

    assert done.returncode == 0
    assert done.stdout.startswith("etc/a.in-memory.cfg:1:1: warning: ")
    assert "'a.in%2Dmemory.cfg'" in done.stdout
