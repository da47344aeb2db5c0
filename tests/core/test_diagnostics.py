"""What is wrong, where, and how to put it right."""

import pytest

from config_admin.core.configuration import Configuration, Origin, OriginKind
from config_admin.core.diagnostics import Diagnostic, Severity
from config_admin.core.events import CM_UPDATED, ConfigurationEvent
from config_admin.core.properties import Properties

PORT = Diagnostic(
    key="port",
    found="'70000'",
    expected="a port from 1 to 65535",
    cure="Set a smaller number.",
    rule="maximum",
)


@pytest.mark.parametrize(
    ("file", "line", "column", "place"),
    [
        ("etc/a.cfg", 3, 8, "etc/a.cfg:3:8"),
        ("etc/a.cfg", 3, None, "etc/a.cfg:3"),
        ("etc/a.cfg", None, None, "etc/a.cfg"),
    ],
)
def test_a_place_is_as_exact_as_it_is_known(file, line, column, place):
    found = PORT.at(file, line, column)

    assert found.place == place
    assert str(found) == f"{place}: {PORT.message}"
    assert found.brief == f"{place}: port: was '70000'"


def test_without_a_place_only_the_sentence_is_shown():
    assert PORT.place == ""
    assert str(PORT) == PORT.message
    assert PORT.brief == "port: was '70000'"
    assert PORT.message == (
        "port: found '70000', expected a port from 1 to 65535. Set a smaller number."
    )


def test_what_is_about_all_keys_names_none():
    whole = Diagnostic(found="nothing", expected="a key", cure="Add it.", rule="r")

    assert str(whole) == "found nothing, expected a key. Add it."
    assert whole.brief == "was nothing"
    assert whole.severity is Severity.ERROR


def test_a_foreign_key_is_shown_escaped():
    """CM-51."""
    foreign = Diagnostic(key="\x1b[2J", found="a", expected="b", cure="C.", rule="r")

    assert str(foreign) == "\\x1b[2J: found a, expected b. C."
    assert foreign.brief == "\\x1b[2J: was a"


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (Origin.API, "api"),
        (Origin(OriginKind.API, "me"), "api me"),
        (Origin.file("etc/a.cfg"), "file etc/a.cfg"),
        (Origin.file("etc/\x1b.cfg"), "file etc/\\x1b.cfg"),
    ],
)
def test_an_origin_says_where_a_change_came_from(origin, text):
    assert str(origin) == text


def test_an_instance_knows_its_factory_and_its_name():
    """CM-02."""
    instance = Configuration("web~eu", Properties(), 1, Origin.API)
    event = ConfigurationEvent(CM_UPDATED, "web~eu", 1, Origin.API)

    assert (instance.factory_pid, instance.name) == ("web", "eu")
    assert event.factory_pid == "web"


def test_a_singleton_has_neither():
    """CM-02."""
    singleton = Configuration("web", Properties(), 1, Origin.API)
    event = ConfigurationEvent(CM_UPDATED, "web", 1, Origin.API)

    assert (singleton.factory_pid, singleton.name) == (None, None)
    assert event.factory_pid is None
