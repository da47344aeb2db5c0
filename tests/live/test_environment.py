"""Variables of the environment, in a running admin."""

import pytest

from config_admin import InvalidConfigurationError

RABBITMQ = "net.roboconf.messaging.rabbitmq"
VARIABLE = "NET_ROBOCONF_MESSAGING_RABBITMQ__MESSAGE_SERVER_IP"
PASSWORD = "NET_ROBOCONF_MESSAGING_RABBITMQ__MESSAGE_SERVER_PASSWORD"


@pytest.fixture
def follow(make_admin, new_service, monkeypatch):
    """Start an admin with these variables; the admin and what its service gets."""

    def start(etc, schemas, variables, **options):
        for name, text in variables.items():
            monkeypatch.setenv(name, text)
        admin = make_admin(etc, schemas=schemas, environment_overrides=True, **options)
        service = new_service()
        admin.add_managed_service(RABBITMQ, service)
        admin.start()
        return admin, service

    return start


def test_a_variable_overrides_a_file(shipped_etc, schemas, follow):
    """CM-50, CM-33: what is processed says that it came from there."""
    admin, service = follow(shipped_etc, schemas, {VARIABLE: "10.0.0.9:5672"})

    assert service.next()["message-server-ip"] == "10.0.0.9:5672"
    processed = admin.processed_properties(RABBITMQ)
    assert processed["message-server-ip"] == "10.0.0.9:5672"
    assert processed.sources == {"message-server-ip": f"${VARIABLE} of the environment"}
    assert admin.get(RABBITMQ).properties["message-server-ip"] != "10.0.0.9:5672"


def test_a_variable_counts_without_a_file_too(etc, schemas, follow):
    """CM-50, CM-15."""
    admin, service = follow(etc, schemas, {VARIABLE: "10.0.0.9:5672"})

    assert service.next()["message-server-ip"] == "10.0.0.9:5672"
    assert admin.find(RABBITMQ) is None


def test_what_it_sets_is_checked_like_everything_else(etc, schemas, follow):
    """CM-50."""
    admin, service = follow(etc, schemas, {VARIABLE: "10.0.0.9:99999"})

    assert service.next() is None
    (fault,) = admin.faults()
    assert VARIABLE in fault.found
    with pytest.raises(InvalidConfigurationError, match=VARIABLE):
        admin.update(RABBITMQ, {"message-server-username": "me"})


def test_it_is_never_written_to_the_file(shipped_etc, schemas, follow):
    """CM-50, CM-60."""
    admin, service = follow(shipped_etc, schemas, {PASSWORD: "hunter2"})
    delivered = service.next()
    assert delivered["message-server-password"] == "hunter2"

    admin.update(RABBITMQ, {**delivered, "message-server-ip": "10.0.0.1:5672"})
    assert admin.flush(10.0)

    text = (shipped_etc / f"{RABBITMQ}.cfg").read_text()
    assert "10.0.0.1:5672" in text
    assert "hunter2" not in text
    assert "hunter2" not in repr(admin.processed_properties(RABBITMQ))


def test_without_asking_for_it_a_variable_means_nothing(
    etc, schemas, make_admin, new_service, monkeypatch
):
    """CM-50."""
    monkeypatch.setenv(VARIABLE, "10.0.0.9:5672")
    service = new_service()
    admin = make_admin(etc, schemas=schemas)
    admin.add_managed_service(RABBITMQ, service)

    admin.start()

    assert service.next() is None
