"""The command as a whole: what is said of wrong calls, and how fast it answers."""

import subprocess
import sys
from importlib.metadata import version

import pytest

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "required: COMMAND"),
        (["fly"], "invalid choice: 'fly' (choose from 'run', 'check', 'init')"),
        (["run", "--etc"], "--etc: expected one argument"),
        (["check", "--fast"], "unrecognized arguments: --fast"),
        (["init", "a", "b"], "unrecognized arguments: b"),
    ],
)
def test_a_wrong_call_names_the_cure(call, arguments, said):
    done = call(*arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert "--help'." in done.stderr
    assert "Traceback" not in done.stderr


def test_the_version_is_told(call):
    done = call("--version")

    assert (done.returncode, done.stdout) == (
        0,
        f"config-admin {version('config-admin')}\n",
    )


@pytest.mark.parametrize("verb", ["run", "check", "init"])
def test_help_fits_80_columns(call, verb):
    for done in (call("--help"), call(verb, "--help")):
        assert done.returncode == 0
        assert verb in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_package_can_be_run(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "config_admin", "check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stdout.startswith("etc:1:1: ")


def test_a_closed_output_is_no_fault(tmp_path, config_admin):
    done = subprocess.run(
        ["bash", "-c", f"'{config_admin}' check | true; echo ${{PIPESTATUS[0]}}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "1\n"
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
