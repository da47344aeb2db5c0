"""Wrong arguments: what was found and what to write, at the call; nothing changes."""

import math
import os
from pathlib import Path

import pytest

from config_admin import (
    ConfigAdmin,
    Directory,
    InvalidPidError,
    NoSuchConfigurationError,
    RevisionConflictError,
    Settings,
    UsageError,
    testing,
)


class Odd:
    """Cannot show itself."""

    def __repr__(self):
        raise ValueError("no")


class Plugin:
    def modify_configuration(self, _pid, _properties):
        """Only looks."""


def follow(_):
    """Takes everything."""


@pytest.fixture
def admin():
    with testing.admin({"a": {"x": 1}, "f~n": {}}) as admin:
        yield admin


def everything(admin):
    return (admin.list_configurations(), admin.services(), admin.faults())


# Registering, reading and changing

HIGH = "ranking is 'high': write a whole number."
RANKINGS = [
    ("high", HIGH),
    (1.5, "ranking is 1.5: write"),
    (True, "ranking is True: write"),
    (None, "ranking is None: write"),
    (Odd(), "ranking is of type Odd: write"),
]
RANKED = {
    "service": lambda admin, it: admin.add_managed_service("a", follow, ranking=it),
    "decorator": lambda admin, it: admin.managed_service("a", ranking=it),
    "factory": lambda admin, it: admin.add_managed_service_factory(
        "f", testing.RecordingFactory(), ranking=it
    ),
    "plugin": lambda admin, it: admin.add_plugin(Plugin(), ranking=it),
    "directory": lambda _, it: Directory("etc", ranking=it),
}


@pytest.mark.parametrize("call", RANKED.values(), ids=RANKED)
@pytest.mark.parametrize(("ranking", "text"), RANKINGS)
def test_a_ranking_is_a_whole_number(admin, call, ranking, text):
    before = everything(admin)

    with pytest.raises(UsageError) as caught:
        call(admin, ranking)

    assert text in str(caught.value)
    assert everything(admin) == before


PIDS = {
    "get": lambda admin, it: admin.get(it),
    "find": lambda admin, it: admin.find(it),
    "update": lambda admin, it: admin.update(it, {}),
    "delete": lambda admin, it: admin.delete(it),
    "create": lambda admin, it: admin.create_factory_configuration(it, {}),
    "processed": lambda admin, it: admin.processed_properties(it),
    "wait": lambda admin, it: admin.wait_applied(it, 0),
    "service": lambda admin, it: admin.add_managed_service([it], follow),
    "factory": lambda admin, it: admin.add_managed_service_factory(
        it, testing.RecordingFactory()
    ),
    "plugin": lambda admin, it: admin.add_plugin(Plugin(), targets=[it]),
}


@pytest.mark.parametrize("call", PIDS.values(), ids=PIDS)
@pytest.mark.parametrize("pid", [5, None, b"a"])
def test_a_pid_is_text(admin, call, pid):
    """CM-01."""
    before = everything(admin)

    with pytest.raises(InvalidPidError) as caught:
        call(admin, pid)

    kind = type(pid).__name__
    assert f"it is of type {kind}, and a PID is text, such as" in str(caught.value)
    assert everything(admin) == before


OTHERS = {
    "pids is 5: write a PID, or several in a list.": (
        lambda admin: admin.add_managed_service(5, follow)
    ),
    "pids is None: write": lambda admin: admin.add_managed_service(None, follow),
    "pids is of type bytes: write": (
        lambda admin: admin.add_managed_service(b"a", follow)
    ),
    "targets is 5: write PIDs in a list, or leave it out.": (
        lambda admin: admin.add_plugin(Plugin(), targets=5)
    ),
    "name is 5: write what required_plugins calls the plugin.": (
        lambda admin: admin.add_plugin(Plugin(), name=5)
    ),
    "target is 5: write a Target, or 'name|version|location'.": (
        lambda admin: admin.add_managed_service("a", follow, target=5)
    ),
    "target is of type Odd: write": (
        lambda admin: admin.managed_service("a", target=Odd())
    ),
    "The filter is 5: write text, such as '(port>=8080)'.": (
        lambda admin: admin.list_configurations(5)
    ),
    "The filter is of type dict: write": (
        lambda admin: admin.list_configurations({"port": 1})
    ),
    "name is 7: write text, or leave it out to have one made.": (
        lambda admin: admin.create_factory_configuration("f", {}, name=7)
    ),
    "reason is 5: write text, or leave it out.": (
        lambda admin: admin.update("a", {}, reason=5)
    ),
    "reason is of type list: write": lambda admin: admin.delete("a", reason=["why"]),
    "revision is '1': write a whole number.": (
        lambda admin: admin.delete("a", revision="1")
    ),
}


@pytest.mark.parametrize(("text", "call"), OTHERS.items(), ids=OTHERS)
def test_an_argument_that_is_none_is_named(admin, text, call):
    before = everything(admin)

    with pytest.raises(UsageError) as caught:
        call(admin)

    assert text in str(caught.value)
    assert everything(admin) == before


def test_within_a_transaction_it_is_named_at_the_call(admin):
    """CM-14."""
    with admin.transaction() as transaction:
        with pytest.raises(UsageError, match="reason is 5"):
            transaction.update("a", {"x": 2}, reason=5)
        with pytest.raises(InvalidPidError):
            transaction.delete(5)

    assert admin.get("a").revision == 1


def test_one_target_of_a_plugin_may_be_a_text(admin):
    """CM-31."""
    registration = admin.add_plugin(Plugin(), targets="a")

    assert (registration.sees("a"), registration.sees("b")) == (True, False)


# Names that are nearly right


@pytest.mark.parametrize(
    ("pid", "meant"),
    [
        ("a.cfg", "a"),
        ("a.config", "a"),
        ("a.cfg.json", "a"),
        ("f~n.json", "f~n"),
    ],
)
@pytest.mark.parametrize("name", ["get", "delete", "processed_properties"])
def test_the_name_of_a_file_is_no_pid_but_tells_it(admin, name, pid, meant):
    with pytest.raises(NoSuchConfigurationError) as caught:
        getattr(admin, name)(pid)

    assert caught.value.similar == (meant,)
    assert str(caught.value).endswith(f"Did you mean '{meant}'?")


@pytest.mark.parametrize("pid", ["b.cfg", "a.of.three.parts", "zz"])
def test_what_resembles_nothing_tells_nothing(admin, pid):
    with pytest.raises(NoSuchConfigurationError) as caught:
        admin.get(pid)

    assert caught.value.similar == ()


def test_an_instance_that_exists_tells_the_cures(admin):
    """CM-63."""
    with pytest.raises(RevisionConflictError) as caught:
        admin.create_factory_configuration("f", {}, name="n")

    assert str(caught.value) == (
        "f~n exists already, at revision 1. Choose another name, or update it: "
        "update('f~n', …)."
    )


# Settings

SECONDS = [
    field
    for field in Settings.__dataclass_fields__
    if field.endswith("_s") and field != "polling_s"
]
ENDLESS = {"check_timeout_s", "callback_busy_after_s"}
WRONG_SECONDS = [
    ("10", "'10'"),
    (-1, "-1"),
    (math.nan, "nan"),
    (True, "True"),
    ([1], "of type list"),
]


@pytest.mark.parametrize("name", [*SECONDS, "polling_s"])
@pytest.mark.parametrize(("value", "found"), WRONG_SECONDS)
def test_seconds_are_a_number(name, value, found):
    with pytest.raises(UsageError) as caught:
        ConfigAdmin("etc", **{name: value})

    assert str(caught.value).startswith(f"{name} is {found}: write seconds as a ")


@pytest.mark.parametrize("name", SECONDS)
def test_only_what_is_never_slept_may_be_endless(name):
    for endless in (math.inf, 1e300):
        if name in ENDLESS:
            assert getattr(Settings(**{name: endless}), name) == endless
        else:
            with pytest.raises(UsageError, match="a finite number"):
                Settings(**{name: endless})


@pytest.mark.parametrize("name", [*SECONDS, "polling_s"])
def test_no_time_is_enough_for_what_can_be_left_out(name):
    if name in {"check_timeout_s", "polling_s"}:
        with pytest.raises(UsageError, match=rf"{name} is 0: .*, above 0\."):
            Settings(**{name: 0})
    else:
        assert getattr(Settings(**{name: 0}), name) == 0


TEXTS = "write a mapping of text to text, such as"
SETTINGS = [
    ({"etc": 5}, "etc is 5: write the path of a directory."),
    ({"etc": b"etc"}, "etc is of type bytes: write the path"),
    ({"etc": ["etc", 5]}, "etc is 5: write the path"),
    ({"etc": []}, "Name at least one directory"),
    ({"schemas": 5}, "schemas is 5: write the path"),
    ({"secrets": 5}, "secrets is 5: write the path"),
    ({"files": b"f"}, "files is of type bytes: write the path"),
    ({"store": 5}, "store is 5: write the path of the file."),
    ({"store": ":memory:"}, "or None to keep all in memory."),
    ({"store_synchronous": "OFF"}, "store_synchronous is 'OFF': write 'FULL' or"),
    ({"store_timeout_s": -1}, "store_timeout_s is -1: write seconds"),
    ({"history_limit": 0}, "history_limit is 0: write a whole number, 1 or more."),
    ({"history_days": math.inf}, "history_days is inf: write days as a finite number"),
    ({"encoding": None}, "encoding is None: write 'utf-8' or"),
    ({"encoding": "utf-16"}, "name 'utf-8' or 'iso-8859-1'"),
    ({"max_callback_threads": 0}, "is 0: write a whole number, 1 or more."),
    ({"max_callback_threads": 1.0}, "is 1.0: write a whole number, 1 or more."),
    ({"max_callback_threads": True}, "is True: write a whole number"),
    ({"variables": "x=1"}, f"variables is of type str: {TEXTS}"),
    ({"variables": {"x": 4711}}, f"variables['x'] is of type int: {TEXTS}"),
    ({"variables": {5: "x"}}, f"A key of variables is 5: {TEXTS}"),
    ({"required_plugins": "decrypt"}, "is 'decrypt': write a list, such as ['decr"),
    ({"required_plugins": {"decrypt"}}, "is of type set: write a list"),
    ({"required_plugins": [5]}, "An element of required_plugins is 5: write texts"),
    ({"placeholder_access": "*"}, "is of type str: write which PIDs may use what"),
    ({"placeholder_access": {"*": "env:X"}}, "['*'] is 'env:X': write a list"),
    ({"placeholder_access": {"*": [5]}}, "['*'] is 5: write texts"),
    ({"placeholder_access": {"*": ["X"]}}, "patterns with their kind"),
    ({"environment_overrides": "false"}, "is 'false': write True or False."),
    ({"write_back": None}, "write_back is None: write True or False."),
]


@pytest.mark.parametrize(("options", "text"), SETTINGS)
def test_a_setting_that_is_none_is_named_when_it_is_made(options, text):
    with pytest.raises(UsageError) as caught:
        Settings(**options)

    assert text in str(caught.value)
    assert "4711" not in str(caught.value), "a variable may be secret"


def test_every_setting_is_looked_at():
    """With what none of them can be."""
    for name in Settings.__dataclass_fields__:
        with pytest.raises(UsageError):
            Settings(**{name: Odd()})


def test_what_a_setting_may_be_is_taken(tmp_path):
    settings = Settings(
        etc=[str(tmp_path), Directory(tmp_path / "more", formats=[".cfg"])],
        schemas=tmp_path,
        secrets=str(tmp_path),
        store=tmp_path / "c.db",
        history_days=1e9,
        history_limit=1,
        variables=os.environ,
        required_plugins=("a", "b"),
        placeholder_access={"*": ("env:*",)},
        environment_overrides=1,
        polling_s=1,
        start_timeout_s=0,
    )

    assert settings.directories()[0].path == str(tmp_path)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: Directory(5), "The path of a Directory is 5: write the path"),
        (lambda: Directory("etc", formats=".cfg"), "formats is '.cfg': write a list"),
        (lambda: Directory("etc", formats=[5]), "An element of formats is 5"),
        (lambda: Directory("etc", write_back="no"), "write_back is 'no'"),
        (
            lambda: ConfigAdmin("etc", "schemas"),
            "The second argument of ConfigAdmin() is 'schemas': name it, schemas=…",
        ),
        (lambda: ConfigAdmin("etc", None, 5), "is None: name it"),
        (lambda: ConfigAdmin(Settings()), "write ConfigAdmin(settings=…)."),
        (
            lambda: ConfigAdmin("etc", settings={"settle_s": 1}),
            "settings is of type dict: write settings=Settings(…), or each",
        ),
        (
            lambda: testing.admin("etc"),
            "configurations is of type str: testing.admin() has no files: write what",
        ),
        (lambda: testing.admin(Path("etc")), "testing.admin() has no files"),
        (lambda: testing.admin({5: {}}), "A key of configurations is 5"),
        (lambda: testing.admin(schemas=5), "schemas is 5: write the path"),
        (lambda: testing.admin(variables=["x"]), f"variables is of type list: {TEXTS}"),
        (lambda: testing.admin(secrets={"x": 4711}), "secrets['x'] is of type int:"),
        (lambda: testing.admin(environment=5), "environment is of type int"),
        (lambda: testing.admin(files=5), "files is of type int"),
        (
            lambda: testing.admin(required_plugins="decrypt"),
            "required_plugins is 'decrypt': write a list",
        ),
    ],
)
def test_what_an_admin_is_made_from_is_named(call, text):
    with pytest.raises(UsageError) as caught:
        call()

    assert text in str(caught.value)


def test_a_later_setting_is_looked_at_too():
    """Those of the arguments come before those of `settings=`."""
    with pytest.raises(UsageError, match="settle_s is '1'"):
        ConfigAdmin("etc", settings=Settings(), settle_s="1")
