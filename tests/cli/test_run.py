"""`config-admin run`, as a process on real files."""

import io
import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest

ADDRESS = "message-server-ip"
PASSWORD = "message-server-password"
PID = "net.roboconf.messaging.rabbitmq"

pytestmark = pytest.mark.integration


def test_what_is_there_is_loaded(place, follow):
    program = follow()

    assert f"loaded {PID}: 3 keys" in program.output
    assert f"etc/{PID}.cfg" in program.output
    assert "following etc" in program.output
    assert max(map(len, program.lines)) <= 80


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(place, follow, number):
    program = follow()

    assert program.end(number) == 0
    assert "ended" in program.lines[-1]
    assert "Traceback" not in program.output


def test_a_change_is_told_from_old_to_new(place, sample, follow, set_key):
    program = follow()

    set_key(sample, ADDRESS, "192.168.1.87")

    program.line_with(f"changed {PID}")
    line = program.line_with(ADDRESS)
    assert line.split(": ")[1] == "'localhost' → '192.168.1.87'"


def test_a_key_is_added_and_removed(tmp_path, follow, save):
    file = tmp_path / "etc" / "any.cfg"
    file.parent.mkdir()
    save(file, "kept = 1\nold = 2\n")
    program = follow()

    save(file, "kept = 1\nnew = 3\n")

    program.line_with("changed any")
    assert "new: added, '3'" in program.line_with("new")
    assert "old: removed, was '2'" in program.line_with("old")
    assert "kept" not in program.output


def test_a_file_comes_and_goes(place, follow, save):
    program = follow()
    file = place / "etc" / "queue~fast.cfg"

    save(file, "depth = 7\n")
    assert "1 key from etc/queue~fast.cfg" in program.line_with("loaded queue~fast")

    file.unlink()
    program.line_with("deleted queue~fast")


def test_a_fault_is_told_once_and_when_it_is_mended(place, sample, follow, set_key):
    program = follow()

    set_key(sample, ADDRESS, "host:99999")
    place_line = program.line_with("error")
    program.line_with("expected a port from 1 to 65535")
    set_key(sample, ADDRESS, "host:9999")
    program.line_with("mended")
    program.line_with("'localhost' → 'host:9999'")

    assert f"etc/{PID}.cfg:21:21" in place_line
    assert program.end() == 0
    assert program.output.count(" error ") == 1
    assert max(map(len, program.lines)) <= 80


def test_a_secret_is_never_told(place, sample, follow, set_key):
    set_key(sample, PASSWORD, "hush-one")
    program = follow()

    set_key(sample, PASSWORD, "hush-two")
    assert "changed, ******" in program.line_with(PASSWORD)
    set_key(sample, f"{PASSWORD}", "hush-three\nmessage-server-pasword = hush-four")
    program.line_with("error")

    assert program.end() == 0
    assert "hush" not in program.output


def test_control_characters_do_not_reach_the_terminal(tmp_path, follow, save):
    file = tmp_path / "etc" / "any.cfg"
    file.parent.mkdir()
    save(file, "a = 1\n")
    program = follow()

    save(file, "a = \\u001b[2Jx\\u202ey\n")

    assert r"'\x1b[2Jx\u202ey'" in program.line_with("a: ")


def test_bytes_that_are_not_utf_8_are_a_fault(place, sample, follow):
    program = follow()
    draft = sample.with_suffix(".saving")
    draft.write_bytes(b"message-server-ip = caf\xe9\n")

    draft.replace(sample)

    program.line_with("error")
    assert "UTF-8" in program.line_with("UTF-8")


def test_a_missing_directory_is_awaited(tmp_path, follow, save):
    program = follow()
    assert "error etc" in program.output
    assert "error schemas" in program.output
    assert "(mkdir 'etc')" in " ".join(program.output.split())

    (tmp_path / "etc").mkdir()
    program.line_with("mended etc")
    save(tmp_path / "etc" / "any.cfg", "a = 1\n")
    program.line_with("loaded any")


def test_other_directories_can_be_named(place, follow):
    (place / "etc").rename(place / "conf")
    (place / "schemas").rename(place / "rules")

    program = follow("--etc", "conf", "--schemas", "rules")

    assert "following conf" in program.output
    assert f"loaded {PID}" in program.output


def test_named_schemas_have_to_be_there(place, call):
    done = call("run", "--schemas", "nowhere")

    assert done.returncode == 2
    assert "'nowhere': there is no such directory. Create it" in done.stderr


def test_a_reader_that_leaves_ends_it_silently(place, config_admin):
    done = subprocess.run(
        ["bash", "-c", f"'{config_admin}' run | head -1"],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )

    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_a_reader_that_leaves_later_ends_it_too(place, config_admin):
    with subprocess.Popen(
        [config_admin, "run"], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        while b"Ctrl-C" not in process.stdout.readline():
            assert process.poll() is None
        process.stdout.close()

        assert process.wait(10) == 0
        assert process.stderr.read() == b""


def test_a_full_disk_is_told(place, config_admin, start):
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        program = start(
            config_admin, "run", cwd=place, stdout=full, stderr=subprocess.PIPE
        )
        program.read_from(program.process.stderr)
        program.line_with("cannot write the output")

        assert program.ended() == 1


@pytest.mark.parametrize(
    ("environment", "is_coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_only_a_terminal_gets_colours(
    place, start, config_admin, environment, is_coloured
):
    ours, theirs = pty.openpty()
    inherited = {key: os.environ[key] for key in os.environ if key != "NO_COLOR"}
    program = start(
        config_admin,
        "run",
        cwd=place,
        env={**inherited, "TERM": "xterm", **environment},
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    program.read_from(io.FileIO(ours))

    program.line_with("Ctrl-C ends it")

    assert program.end() == 0
    assert ("\x1b[" in program.output) is is_coloured


def test_a_pipe_gets_no_colours_and_any_encoding_will_do(
    place, sample, follow, set_key
):
    program = follow(env={"PYTHONIOENCODING": "ascii"})

    set_key(sample, ADDRESS, "other")

    assert "'localhost' -> 'other'" in program.line_with(ADDRESS)
    assert program.end() == 0
    assert "\x1b" not in program.output


@pytest.mark.parametrize(
    ("options", "made"),
    [
        ([], ["etc", "schemas", "var"]),
        (["--no-store"], ["etc", "schemas"]),
        (["--store", "kept/c.db"], ["etc", "kept", "schemas"]),
    ],
)
def test_where_the_history_is_kept_can_be_said(place, follow, options, made):
    program = follow(*options)

    assert sorted(one.name for one in place.iterdir()) == made
    assert program.end(signal.SIGINT) == 0
