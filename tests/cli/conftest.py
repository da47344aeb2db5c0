"""The installed command, and a directory for it to work in."""

import os
import subprocess
from pathlib import Path

import pytest

SAMPLE = "net.roboconf.messaging.rabbitmq"


@pytest.fixture(scope="session")
def config_admin(scripts):
    return scripts / "config-admin"


@pytest.fixture
def place(tmp_path, project):
    """A directory with the shipped etc/ and schemas/."""
    for folder in ("etc", "schemas"):
        (tmp_path / folder).mkdir()
        for file in (project / folder).glob(f"{SAMPLE}.*"):
            (tmp_path / folder / file.name).write_bytes(file.read_bytes())
    return tmp_path


@pytest.fixture
def sample(place):
    """The shipped configuration file."""
    return place / "etc" / f"{SAMPLE}.cfg"


@pytest.fixture
def call(config_admin, tmp_path):
    """Run the command to its end."""

    def run(*arguments, cwd=tmp_path):
        return subprocess.run(
            [config_admin, *arguments],
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    return run


@pytest.fixture
def follow(start, config_admin, tmp_path):
    """Start `config-admin run`; it is returned when it follows."""

    def begin(*arguments, cwd=tmp_path, **options):
        environment = {**os.environ, **options.pop("env", {})}
        program = start(
            config_admin, "run", *arguments, cwd=cwd, env=environment, **options
        )
        program.line_with("Ctrl-C ends it")
        return program

    return begin


@pytest.fixture
def set_key(save):
    """Save a file by a rename with another value for one key."""

    def change(file: Path, key, value):
        lines = file.read_text(encoding="utf-8").splitlines()
        changed = [
            f"{key} = {value}" if line.startswith(f"{key} =") else line
            for line in lines
        ]
        save(file, "\n".join(changed) + "\n")

    return change
