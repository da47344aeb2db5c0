"""Placeholders in real files: resolved on delivery, never written down."""

import pytest

from config_admin import ConfigAdmin, FaultKind, InvalidConfigurationError, Settings

SCHEMA = """
{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
 "properties": {"port": {"type": "integer"}, "user": {"type": "string"},
                "dsn": {"type": "string"}}}
"""


@pytest.fixture
def etc(tmp_path):
    for name in ("etc", "schemas", "secrets"):
        (tmp_path / name).mkdir()
    (tmp_path / "schemas/p.schema.json").write_text(SCHEMA)
    (tmp_path / "secrets/pw").write_text("hunter2\n")
    return tmp_path / "etc"


@pytest.fixture
def admin(etc):
    settings = Settings(
        etc=etc,
        schemas=etc.with_name("schemas"),
        secrets=etc.with_name("secrets"),
        variables={"host": "example.org"},
    )
    with ConfigAdmin(settings=settings) as admin:
        yield admin


def test_a_service_gets_what_the_placeholders_stand_for(etc, admin, service):
    (etc / "p.cfg").write_text("user = u\ndsn = ${user}:$[secret:pw]@${host}\n")

    admin.add_managed_service("p", service)

    service.wait_for({"user": "u", "dsn": "u:hunter2@example.org"})


def test_a_secret_that_changes_is_delivered(etc, admin, service):
    (etc / "p.cfg").write_text("dsn = $[secret:pw]\n")
    admin.add_managed_service("p", service)
    service.wait_for({"dsn": "hunter2"})

    (etc.with_name("secrets") / "pw").write_text("correct horse\n")

    service.wait_for({"dsn": "correct horse"})
    assert admin.get("p").revision == 1


def test_an_update_leaves_the_placeholders_in_the_file(etc, admin, service, caplog):
    (etc / "p.cfg").write_text("port = 1\ndsn = $[secret:pw]\n# the end\n")
    admin.add_managed_service("p", service)
    service.wait_for({"port": 1, "dsn": "hunter2"})

    admin.update("p", {**service.calls[-1], "port": 2})
    assert admin.flush(10)

    service.wait_for({"port": 2, "dsn": "hunter2"})
    text = (etc / "p.cfg").read_text()
    assert text == "port = 2\ndsn = $[secret:pw]\n# the end\n"
    assert "hunter2" not in f"{caplog.text} {admin.get('p')!r}"


def test_a_secret_that_breaks_the_schema_is_not_shown(etc, admin, wait_until, caplog):
    (etc / "p.cfg").write_text("port = $[secret:pw]\n")

    (fault,) = wait_until(admin.faults)

    assert (fault.key, fault.line) == ("port", 1)
    assert "hunter2" not in f"{fault!r} {caplog.text}"


def test_what_is_missing_refuses_the_file_until_it_is_there(
    etc, admin, service, wait_until
):
    (etc / "p.cfg").write_text("user = u\ndsn = $[secret:late]\n")
    (fault,) = wait_until(admin.faults)
    assert (fault.key, fault.line, fault.rule) == ("dsn", 2, "placeholder")
    admin.add_managed_service("p", service)
    assert service.next() is None

    (etc.with_name("secrets") / "late").write_text("there")

    service.wait_for({"user": "u", "dsn": "there"})
    wait_until(lambda: not admin.faults())


def test_an_update_with_an_unknown_name_is_refused(admin):
    with pytest.raises(InvalidConfigurationError, match="nobody knows"):
        admin.update("p", {"user": "${nope}"})


def test_a_secret_that_kubernetes_swaps_is_delivered(etc, admin, service):
    secrets = etc.with_name("secrets")
    for version, text in (("..1", "first"), ("..2", "second")):
        (secrets / version).mkdir()
        (secrets / version / "mounted").write_text(text)
    (secrets / "..data").symlink_to("..1")
    (secrets / "mounted").symlink_to("..data/mounted")
    (etc / "p.cfg").write_text("dsn = $[secret:mounted]\n")
    admin.add_managed_service("p", service)
    service.wait_for({"dsn": "first"})

    (secrets / "..data_tmp").symlink_to("..2")
    (secrets / "..data_tmp").rename(secrets / "..data")

    service.wait_for({"dsn": "second"})


def test_a_secret_that_goes_away_takes_nothing_away(etc, admin, service, wait_until):
    (etc / "p.cfg").write_text("dsn = $[secret:pw]\n")
    admin.add_managed_service("p", service)
    service.wait_for({"dsn": "hunter2"})

    (etc.with_name("secrets") / "pw").unlink()

    (fault,) = wait_until(admin.faults)
    assert (fault.kind, fault.pid) == (FaultKind.CONFIGURATION, "p")
    assert service.calls[-1] == {"dsn": "hunter2"}
    assert admin.get("p").properties == {"dsn": "hunter2"}


def test_lists_defaults_and_typed_files_keep_what_was_written(etc, admin, service):
    (etc / "q.cfg").write_text('l = ["$[secret:pw]", "x"]\nn = I"1"\n')
    admin.add_managed_service("q", service)
    service.wait_for({"l": ("hunter2", "x"), "n": 1})

    admin.update("q", {"l": ["hunter2", "y"], "n": 2})
    assert admin.flush(10)

    text = (etc / "q.cfg").read_text()
    assert text == 'l = ["$[secret:pw]", "y"]\nn = I"2"\n'


def test_a_secret_that_is_part_of_a_value_never_leaves_by_an_exception(
    etc, admin, wait_until, caplog
):
    def updated(_):
        raise ValueError("cannot log in with hunter2")

    (etc / "p.cfg").write_text("dsn = amqp://u:$[secret:pw]@h\n")
    wait_until(lambda: admin.find("p"))
    admin.add_managed_service("p", updated)

    (fault,) = wait_until(admin.faults)

    assert "hunter2" not in f"{fault!r} {caplog.text}"


@pytest.mark.parametrize("first", ["delete", "update"])
def test_a_transaction_writes_no_resolved_secret_either(
    etc, tmp_path, make_admin, new_service, first
):
    """CM-60, CM-14."""
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted" / "db").write_text("hunter2")
    (etc / "p.cfg").write_text("url = $[secret:db]\n")
    admin, service = make_admin(etc, secrets=str(tmp_path / "mounted")), new_service()
    admin.add_managed_service("p", service)
    admin.start()
    delivered = service.next()

    with admin.transaction() as transaction:
        if first == "delete":
            transaction.delete("p")
        else:
            transaction.update("p", {"other": "1"})
        transaction.update("p", {**delivered, "n": "1"})
    assert admin.flush(10.0)

    text = (etc / "p.cfg").read_text()
    assert "hunter2" not in text
    assert "$[secret:db]" in text
    service.wait_for({"url": "hunter2", "n": "1"})
