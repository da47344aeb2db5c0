"""No secret is in any byte of the database, nor what was purged from its history."""

import pytest

from config_admin import ConfigAdmin

SECRET, REPLACED = "correct-horse-battery", "plain-text-staple"


@pytest.fixture
def etc(tmp_path):
    for name in ("etc", "secrets"):
        (tmp_path / name).mkdir()
    (tmp_path / "secrets" / "x").write_text(f"{SECRET}\n")
    return tmp_path / "etc"


@pytest.fixture
def var(etc):
    return etc.with_name("var")


@pytest.fixture
def admin(etc):
    with ConfigAdmin(etc, secrets=etc.with_name("secrets")) as admin:
        yield admin


class Service:
    """Keeps what it got, and says its secret aloud when it is to."""

    def __init__(self):
        self.got = []

    def updated(self, properties):
        self.got.append(properties)
        if properties is not None and "loud" in properties:
            raise ValueError(properties["password"])


def places_of(text, folder):
    """The files that hold *text*, in whatever encoding."""
    wanted = [text.encode(), text.encode("utf-16-le"), text.encode().hex().encode()]
    return [
        one.name
        for one in folder.iterdir()
        if any(found in one.read_bytes() for found in wanted)
    ]


@pytest.mark.integration
def test_what_a_placeholder_stands_for_is_never_stored(admin, etc, var):
    """Not from a file, not from code, and not in what is told of services."""
    service = Service()
    (etc / "p.cfg").write_text("password = $[secret:x]\nloud = 1\n")
    admin.add_managed_service("p", service)
    admin.update("q", {"password": "$[secret:x]", "n": 1})
    admin.add_managed_service("q", service)
    admin.update("q", {**admin.get("q").properties, "n": 2})
    assert admin.flush(10)
    assert SECRET in [got["password"] for got in service.got if got]

    assert places_of("$[secret:x]", var) != []
    assert places_of(SECRET, var) == []
    admin.stop()
    assert places_of("$[secret:x]", var) == ["config_admin.db"]
    assert places_of(SECRET, var) == []


@pytest.mark.integration
def test_what_is_delivered_can_be_stored_again_without_its_secrets(admin, var):
    admin.update("q", {"password": "$[secret:x]", "n": 1})
    service = Service()
    admin.add_managed_service("q", service)
    assert admin.flush(10)

    admin.update("q", {**service.got[-1], "n": 2})
    assert admin.flush(10)

    assert admin.get("q").properties["n"] == 2
    assert places_of(SECRET, var) == []


@pytest.mark.integration
@pytest.mark.parametrize("write_back", [True, False])
def test_of_what_was_purged_no_byte_is_left(etc, var, write_back):
    secrets = etc.with_name("secrets")
    with ConfigAdmin(etc, write_back=write_back, secrets=secrets) as admin:
        for number in range(50):  # some pages of it
            admin.update("p", {"password": f"{REPLACED}-{number}", "n": number})
        assert admin.flush(10)
        assert places_of(REPLACED, var) != []
        admin.update("p", {"password": "$[secret:x]"})
        assert admin.flush(10)
        assert places_of(REPLACED, var) != []

        assert admin.purge_history("p") == 50

        assert places_of(REPLACED, var) == []
        assert places_of("$[secret:x]", var) != []
    assert places_of(REPLACED, var) == []


@pytest.mark.integration
def test_what_was_forgotten_before_is_purged_as_well(etc, var):
    """Its bytes are where nothing is any more."""
    with ConfigAdmin(etc, history_limit=1, write_back=False) as admin:
        admin.purge_history()
        admin.update("p", {"password": REPLACED})
        admin.update("p", {"n": 1})
        assert places_of(REPLACED, var) != []

        assert admin.purge_history() == 0

        assert places_of(REPLACED, var) == []
    assert places_of(REPLACED, var) == []


@pytest.mark.integration
def test_a_purge_right_after_the_change_waits_for_the_file(etc, var):
    """What is known of the file says the old value until then."""
    (etc / "p.cfg").write_text(f"password = {REPLACED}\n")
    with ConfigAdmin(etc, secrets=etc.with_name("secrets")) as admin:
        admin.update("p", {"password": "$[secret:x]"})

        admin.purge_history("p")

        assert places_of(REPLACED, var) == []
    assert places_of(REPLACED, var) == []
