"""Several directories (CM-44), and directories of which nothing is told."""

import os

import pytest

from config_admin import ConfigAdmin, Directory, Settings, UsageError


@pytest.fixture
def high(tmp_path):
    (tmp_path / "high").mkdir()
    return tmp_path / "high"


def test_files_of_several_directories_are_followed(  # noqa: PLR0913, PLR0917 - fixtures
    etc, high, make_admin, new_service, save, wait_until
):
    """CM-44: the highest ranking directory with a file holds."""
    admin = make_admin([etc, Directory(high, ranking=1)])
    service = new_service()
    admin.add_managed_service("p", service)
    save(etc / "p.cfg", "a = low\n")
    admin.start()
    assert service.next() == {"a": "low"}

    save(high / "p.cfg", "a = high\n")
    assert service.next() == {"a": "high"}
    (fault,) = wait_until(admin.faults)
    assert fault.file == str(etc / "p.cfg")

    admin.update("p", {"a": "api"})
    assert service.next() == {"a": "api"}
    assert admin.flush(15)
    assert (high / "p.cfg").read_text() == "a = api\n"
    assert (etc / "p.cfg").read_text() == "a = low\n"

    (high / "p.cfg").unlink()
    assert service.next() == {"a": "low"}
    wait_until(lambda: not admin.faults())

    admin.update("q", {"a": "new"})
    assert admin.flush(15)
    assert (high / "q.cfg").exists()
    assert None not in service.calls


def test_a_directory_that_is_not_written_is_not_touched(etc, high, make_admin):
    """CM-44."""
    (high / "p.cfg").write_text("a = 1\n")
    before = high.stat()
    admin = make_admin([Directory(high, write_back=False, ranking=1), str(etc)])
    admin.start()

    admin.update("p", {"a": "2"})
    admin.update("q", {"a": "2"})
    assert admin.flush(15)

    assert (high / "p.cfg").read_text() == "a = 1\n"
    assert high.stat().st_mtime_ns == before.st_mtime_ns
    assert [path.name for path in etc.iterdir()] == ["q.cfg"]


def test_settings_that_write_nothing_back_hold_for_every_directory(etc, high):
    settings = Settings(etc=[etc, Directory(high)], write_back=False)
    with ConfigAdmin(settings=settings) as admin:
        admin.update("p", {"a": "1"})
        assert admin.flush(15)

    assert [*etc.iterdir(), *high.iterdir()] == []


def test_a_directory_takes_the_formats_it_names(etc, high, make_admin):
    """CM-44: the first one is that of new files."""
    for name in ("one.cfg", "two.config", "three.json"):
        (etc / name).write_text('{"a": "1"}' if name == "three.json" else 'a = "1"\n')
    (etc / "four.cfg.json").write_text('{"a": "1"}')
    admin = make_admin(Directory(etc, formats=[".json", ".config"]))
    admin.start()
    admin.update("five", {"a": "1"})
    assert admin.flush(15)

    pids = [one.pid for one in admin.list_configurations()]
    assert pids == ["five", "three", "two"]
    assert (etc / "five.json").exists()


@pytest.mark.parametrize(
    ("etc", "complaint"),
    [
        ([], "at least one"),
        (["etc", os.path.join(".", "etc")], "named twice"),  # noqa: PTH118 - as named
        (Directory("etc", formats=(".ini",)), "knows no format '.ini'"),
        (Directory("etc", formats=()), "takes no format"),
    ],
)
def test_directories_that_cannot_be_are_refused_at_once(etc, complaint):
    with pytest.raises(UsageError, match=complaint):
        ConfigAdmin(etc)


@pytest.mark.parametrize("polling_s", [0, -1.0, float("nan")])
def test_a_pause_that_is_none_is_refused(etc, polling_s):
    with pytest.raises(UsageError, match="above 0"):
        ConfigAdmin(settings=Settings(etc=etc, polling_s=polling_s))


def test_without_events_files_schemas_and_secrets_are_followed(
    tmp_path, make_admin, new_service, save, wait_until
):
    """CM-39, CM-44: polling_s."""
    for name in ("etc", "schemas", "secrets"):
        (tmp_path / name).mkdir()
    (tmp_path / "secrets" / "one").write_text("first")
    settings = Settings(
        etc=tmp_path / "etc",
        schemas=tmp_path / "schemas",
        secrets=tmp_path / "secrets",
        polling_s=0.05,
    )
    admin, service = make_admin(settings=settings), new_service()
    admin.add_managed_service("p", service)
    admin.start()
    assert service.next() is None

    save(tmp_path / "etc" / "p.cfg", "a = $[secret:one]\n")
    assert service.next() == {"a": "first"}
    save(tmp_path / "secrets" / "one", "second")
    assert service.next() == {"a": "second"}
    save(tmp_path / "schemas" / "p.schema.json", '{"required": ["b"]}')
    wait_until(admin.faults)
    (tmp_path / "etc" / "p.cfg").unlink()
    assert service.next() is None


def test_force_puts_a_refused_edit_aside(etc, admin, service, save, wait_until):
    save(etc / "p.cfg", "a = 1\n")
    assert service.next() == {"a": "1"}
    save(etc / "p.cfg", "a = \\u12\n")
    wait_until(admin.faults)

    admin.update("p", {"a": "2"}, force=True)
    assert service.next() == {"a": "2"}
    assert admin.flush(15)

    assert (etc / "p.cfg").read_text() == "a = 2\n"
    assert (etc / "p.cfg.refused").read_text() == "a = \\u12\n"
    assert admin.faults() == ()
