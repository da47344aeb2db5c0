"""Who uses it with types is told of mistakes, and of nothing else."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import config_admin
from config_admin import ConfigAdmin, Configuration, Properties, Registration, testing

PROJECT = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("user_program.py")

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def text():
    return PROGRAM.read_text(encoding="utf-8")


def test_the_type_checker_finds_every_mistake_and_nothing_else(text):
    """CM-24: the model that is asked for is the one that is taken, too."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", PROGRAM]
    done = subprocess.run(
        command, cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False
    )

    lines = text.splitlines()
    wrong = {n for n, line in enumerate(lines, 1) if line.endswith("  # wrong")}
    found = re.findall(r"(?m)^\S*user_program\.py:(\d+): error: ", done.stdout)
    assert len(wrong) > 20
    assert {int(number) for number in found} == wrong, done.stdout + done.stderr
    assert "error: " not in re.sub(r"\S*user_program\.py:\d+: error: ", "", done.stdout)


@pytest.mark.parametrize("name", [*config_admin.__all__, *testing.__all__])
def test_it_uses_every_public_name(text, name):
    assert re.search(rf"\b{name}\b", text)


CLASSES = (ConfigAdmin, Registration, config_admin.Transaction, testing.MemoryAdmin)
# For our own use, though their class is public.
INTERNAL = {"before_fork", "after_fork", "note_fork", "note_attempted", "on_close"}
CALLS = {name for kind in CLASSES for name in dir(kind) if name[0] != "_"}


@pytest.mark.parametrize("name", sorted(CALLS - INTERNAL))
def test_it_uses_every_public_call(text, name):
    assert re.search(rf"\.{name}\b", text)


@pytest.mark.parametrize(
    "kind",
    [
        Configuration,
        config_admin.Receipt,
        config_admin.Revision,
        config_admin.Difference,
        config_admin.RunningAdmin,
    ],
)
def test_it_reads_every_field(text, kind):
    for name in kind.__slots__:
        assert f".{name}" in text


def test_what_is_handed_out_tells_its_types():
    """The package says that it is typed."""
    assert Path(config_admin.__file__).with_name("py.typed").is_file()
    assert Properties.__getitem__.__annotations__["return"]
