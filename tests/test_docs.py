"""What the documentation says is true: its example runs, and nothing is left out."""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from config_admin import ConfigAdmin, Settings
from config_admin.cli.main import _parser

PROJECT = Path(__file__).parents[1]
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
SAMPLE = "etc/net.roboconf.messaging.rabbitmq.cfg"


DM = "etc/net.roboconf.dm.configuration.cfg"


def block_after(mark, page=PAGES[0]):
    """The block of a page that follows the comment with *mark*."""
    text = page.read_text(encoding="utf-8")
    found = re.search(rf"<!-- {mark}.*?-->\n```\w*\n(.*?)```", text, re.DOTALL)
    return found[1]


def everything():
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


@pytest.fixture
def place(tmp_path):
    """A directory with the shipped etc/ and schemas/."""
    for folder in ("etc", "schemas"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    return tmp_path


@pytest.fixture
def set_address(place, save):
    def change(address):
        file = place / SAMPLE
        text = file.read_text(encoding="utf-8")
        save(
            file,
            re.sub("(?m)^message-server-ip.*", f"message-server-ip = {address}", text),
        )

    return change


@pytest.mark.integration
def test_the_example_of_the_readme_runs(place, set_address, start):
    (place / "example.py").write_text(block_after("the example"), encoding="utf-8")
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    program = start(sys.executable, "example.py", cwd=place, env=environment)
    program.line_with("localhost")

    set_address("192.168.1.87")
    program.line_with("192.168.1.87")

    assert program.end() == -signal.SIGINT


@pytest.mark.integration
def test_the_message_of_the_readme_is_what_is_said(place, set_address, monkeypatch):
    monkeypatch.chdir(place)
    set_address("192.168.1.87:99999")
    promised, rest = block_after("the message").split("…")

    with ConfigAdmin("etc", schemas="schemas") as admin:
        (fault,) = admin.faults()

    assert rest == "\n"
    assert str(fault).startswith(promised)


@pytest.mark.integration
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_example_that_follows_does_what_it_says(place, set_address, start, number):
    shutil.copytree(PROJECT / "examples", place / "examples")
    program = start(sys.executable, "examples/follow.py", cwd=place)
    program.line_with("message-server-ip = 'localhost'")
    program.line_with("message-server-password = '******'")
    program.line_with(f"Now open {SAMPLE}")
    program.line_with("Ctrl-C ends it")

    set_address("192.168.1.87:99999")
    program.line_with("expected a port from 1 to 65535")
    set_address("192.168.1.87:5672")
    program.line_with("message-server-ip = '192.168.1.87:5672'")
    (place / SAMPLE).unlink()
    program.line_with("There is no configuration")

    assert program.end(number) == 0
    assert "Traceback" not in program.output


@pytest.mark.integration
@pytest.mark.parametrize("mark", ["the messaging example", "the node example"])
def test_the_example_of_the_messaging_runs(place, start, mark):
    page = PROJECT / "docs" / "messaging.md"
    (place / "example.py").write_text(block_after(mark, page))

    program = start(sys.executable, "example.py", cwd=place)

    program.line_with("default.shop.vm started")
    assert program.ended() == 0
    assert "Traceback" not in program.output


@pytest.mark.integration
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_program_of_make_run_does_what_it_says(place, save, start, number):
    """Another way, a mistake, and a way that leads nowhere: messages go on."""
    text = (place / DM).read_text(encoding="utf-8")

    def choose(messaging_type):
        save(place / DM, text.replace("= in-memory", f"= {messaging_type}"))

    demo = ["-m", "config_admin.messaging", "demo", "--every-s", "0.1"]
    program = start(sys.executable, *demo, cwd=place)
    program.line_with(DM)
    program.line_with("Ctrl-C ends it")
    program.line_with("order 2: DM")

    choose("pigeon")
    program.line_with("error")
    program.line_with("'pigeon'")
    program.line_with("by in-memory messaging")
    choose("http")
    program.line_with("net.roboconf.messaging.http.token: found nothing")
    program.line_with("by in-memory messaging")
    choose("idle")
    program.line_with("switched the DM")

    assert program.end(number) == 0
    assert "Traceback" not in program.output


def options():
    (verbs,) = (
        action.choices
        for action in _parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    for name, parser in verbs.items():
        yield f"config-admin {name}"
        for action in parser._actions:
            yield from (name for name in action.option_strings if name[1] == "-")
    yield from ("--version", "--help")


@pytest.mark.parametrize("option", sorted(set(options())))
def test_every_verb_and_option_is_documented(option):
    assert f"`{option}" in everything()


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda field: field.name)
def test_every_setting_has_its_row_with_its_default(setting):
    page = (PROJECT / "docs" / "settings.md").read_text(encoding="utf-8")
    row = re.search(rf"(?m)^\| `{setting.name}` \| (.*?) \|", page)

    assert row is not None
    documented = row[1].strip("`")
    default = setting.default
    if default is MISSING:
        default = setting.default_factory()
    if isinstance(default, float):
        assert float(documented) == default
    else:
        assert documented == str(default)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")

    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / target).exists(), target


def test_the_example_of_the_settings_runs(tmp_path):
    page = (PROJECT / "docs" / "settings.md").read_text(encoding="utf-8")
    script = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]

    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)


@pytest.mark.parametrize("target", ["run", "test", "check", "test-nightly"])
def test_every_target_of_the_readme_is_there(target):
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")

    assert f"make {target}" in everything()
    assert re.search(rf"(?m)^{target}:", makefile)
