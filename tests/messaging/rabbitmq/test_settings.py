"""What a configuration of the RabbitMQ messaging comes to."""

import logging
import subprocess
import sys

import pytest

from config_admin.core.errors import ConfigurationError
from config_admin.core.properties import Properties
from config_admin.messaging.rabbitmq.settings import (
    KeyFile,
    RabbitMQSettings,
    TlsSettings,
    read,
)

PREFIX = "net.roboconf.messaging.rabbitmq."


def of(properties):
    return read(
        Properties({name.replace("~", PREFIX): properties[name] for name in properties})
    )


def test_without_a_configuration_it_is_idle():
    assert read(None) is None


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"message-server-ip": "", "message-server-username": " "},
        {"message-server-ip": "null", "message-server-password": "null"},
        {"~server.ip": "localhost", "~ssl.use": "false"},
        {"~ssl.use": False, "~ssl.protocol": "SSLv3", "~ssl.key.store.type": "JKS"},
        {"message-server-ip": "http://localhost:5672"},
    ],
)
def test_what_is_blank_or_off_is_the_default(properties):
    assert of(properties) == RabbitMQSettings()


@pytest.mark.parametrize(
    ("properties", "settings"),
    [
        (
            {
                "message-server-ip": "http://192.168.1.89:4048",
                "message-server-username": "roboconf",
                "message-server-password": "hidden",
            },
            RabbitMQSettings("192.168.1.89", 4048, "roboconf", "hidden"),
        ),
        (
            {"~server.ip": "b", "~server.username": "u", "~server.password": "p"},
            RabbitMQSettings("b", 5672, "u", "p"),
        ),
        (
            {"~server.ip": "b", "message-server-ip": "b"},
            RabbitMQSettings("b"),
        ),
        ({"~server.ip": "b", "message-server-ip": ""}, RabbitMQSettings("b")),
        ({"~server.virtual-host": "/one"}, RabbitMQSettings(virtual_host="/one")),
        ({"~confirm-timeout-s": "0.5"}, RabbitMQSettings(confirm_timeout_s=0.5)),
        ({"~confirm-timeout-s": 2}, RabbitMQSettings(confirm_timeout_s=2.0)),
        ({"~ssl.use": "TRUE"}, RabbitMQSettings(port=5671, tls=TlsSettings())),
        (
            {
                "~ssl.use": True,
                "~server.ip": "b:1",
                "~ssl.protocol": "tlsv1.3",
                "~ssl.key.store.path": "/k.p12",
                "~ssl.key.store.passphrase": "hidden",
                "~ssl.trust.store.path": "/t.pem",
                "~ssl.trust.store.type": "pem",
            },
            RabbitMQSettings(
                "b",
                1,
                tls=TlsSettings(
                    "TLSv1.3",
                    KeyFile(f"{PREFIX}ssl.key.store.path", "/k.p12", None, "hidden"),
                    KeyFile(f"{PREFIX}ssl.trust.store.path", "/t.pem", "PEM"),
                ),
            ),
        ),
    ],
)
def test_the_properties_come_to_settings_without_secrets_in_sight(properties, settings):
    assert of(properties) == settings
    assert "hidden" not in repr(of(properties))


@pytest.mark.parametrize(
    ("properties", "key", "cure"),
    [
        (
            {"message-server-ip": "a", "~server.ip": "b"},
            "~server.ip",
            "message-server-ip and net.*Remove one",
        ),
        (
            {"message-server-password": "hidden-1", "~server.password": "hidden-2"},
            "~server.password",
            "message-server-password and net.*Remove one",
        ),
        ({"message-server-ip": "a b"}, "message-server-ip", "Write a host name"),
        ({"~server.ip": "h:99999"}, "~server.ip", "from 1 to 65535"),
        ({"~server.ip": ["a", "b"]}, "~server.ip", "single value"),
        ({"~confirm-timeout-s": "soon"}, "~confirm-timeout-s", "Write seconds"),
        ({"~confirm-timeout-s": 0}, "~confirm-timeout-s", "Write seconds"),
        ({"~confirm-timeout-s": "inf"}, "~confirm-timeout-s", "Write seconds"),
        ({"~ssl.use": "yes"}, "~ssl.use", "true or false"),
        (
            {"~ssl.use": "true", "~ssl.protocol": "TLSv1.1"},
            "~ssl.protocol",
            "TLSv1.2 or TLSv1.3",
        ),
        (
            {
                "~ssl.use": "true",
                "~ssl.key.store.path": "/k.jks",
                "~ssl.key.store.type": "jks",
            },
            "~ssl.key.store.type",
            "keytool -importkeystore .*/k.jks.* -deststoretype pkcs12",
        ),
        (
            {
                "~ssl.use": "true",
                "~ssl.trust.store.path": "/t",
                "~ssl.trust.store.type": "DER",
            },
            "~ssl.trust.store.type",
            "PKCS12 or PEM",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_key_and_its_cure(properties, key, cure):
    with pytest.raises(ConfigurationError, match=cure) as caught:
        of(properties)

    assert caught.value.key == key.replace("~", PREFIX)
    assert "hidden" not in str(caught.value)


def test_names_of_java_classes_are_ignored_with_a_notice(caplog):
    caplog.set_level(logging.INFO, "config_admin")

    settings = of({"~ssl.use": "true", "~ssl.key.manager.factory": "SunX509"})

    assert settings == of({"~ssl.use": "true"})
    assert f"{PREFIX}ssl.key.manager.factory is ignored" in caplog.text


def test_reading_loads_no_pika_and_without_pika_the_link_says_what_to_install():
    script = (
        "import sys\n"
        "from config_admin.core.properties import Properties\n"
        "from config_admin.messaging.context import Context\n"
        "from config_admin.messaging.rabbitmq.settings import read\n"
        "settings = read(Properties())\n"
        "assert 'pika' not in sys.modules\n"
        "sys.modules['pika'] = None\n"
        "try:\n"
        "    settings.link(Context.dm(), None)\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.startswith("LinkError")
    assert "pip install config-admin[rabbitmq]" in done.stdout
