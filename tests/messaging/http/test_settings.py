import subprocess
import sys

import pytest

from config_admin.core.errors import ConfigurationError
from config_admin.core.properties import Properties
from config_admin.messaging.context import Context
from config_admin.messaging.errors import LinkError
from config_admin.messaging.http.settings import IP, PORT, TOKEN, HttpSettings, read

SECRET = "correct-horse-battery"


def test_without_a_configuration_there_are_no_settings():
    assert read(None) is None


def test_what_is_left_out_has_its_default():
    assert read(Properties({})) == HttpSettings("127.0.0.1", 8181, "")


@pytest.mark.parametrize(
    ("ip", "port", "authority"),
    [
        ("10.0.0.7", "9000", "10.0.0.7:9000"),
        (" DM.example.org ", 80, "dm.example.org:80"),
        ("[::1]", 8181, "[::1]:8181"),
        ("::1", " 8181 ", "[::1]:8181"),
        ("dm_1", 65535, "dm_1:65535"),
    ],
)
def test_address_and_port_may_be_written_in_several_ways(ip, port, authority):
    settings = read(Properties({IP: ip, PORT: port, TOKEN: SECRET}))

    assert settings.authority == authority
    assert settings.name == f"the HTTP hub at {authority}"
    assert settings.source == f"http {authority}"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (IP, "http://localhost"),
        (IP, "localhost:8181"),
        (IP, ""),
        (IP, "a..b"),
        (IP, "-a"),
        (IP, "fe80::1%eth0"),
        (IP, 7),
        (PORT, "0"),
        (PORT, 65536),
        (PORT, -1),
        (PORT, "http"),
        (PORT, 81.5),
        (PORT, True),
        (PORT, "9" * 5000),
        (TOKEN, "short"),
        (TOKEN, "with a blank in it"),
        (TOKEN, "geheimnißgeheimniß"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_key(key, value):
    with pytest.raises(ConfigurationError) as caught:
        read(Properties({key: value}))

    assert caught.value.key == key
    if key == TOKEN:
        assert value not in str(caught.value)


def test_the_token_never_shows():
    assert SECRET not in repr(read(Properties({TOKEN: SECRET})))


@pytest.mark.parametrize("owner", [Context.dm(), Context.dm(application="shop")])
def test_without_a_token_no_link_opens_and_one_is_proposed(owner, watcher, free_port):
    link = HttpSettings(port=free_port).link(owner, watcher)

    with pytest.raises(LinkError) as caught:
        link.open([owner])

    assert caught.value.key == TOKEN
    assert "16 characters at least" in caught.value.reason
    proposed = caught.value.reason.rpartition(" ")[2]
    assert read(Properties({TOKEN: proposed})).token == proposed


@pytest.mark.parametrize("owner", ["dm()", "agent(application='a', instance='i')"])
def test_without_websockets_it_says_what_to_install(owner):
    script = f"""
import sys
sys.modules["websockets"] = None
from config_admin.messaging.context import Context
from config_admin.messaging.errors import LinkError
from config_admin.messaging.http.settings import HttpSettings
link = HttpSettings(token="x" * 16).link(Context.{owner}, None)
try:
    link.open([])
except LinkError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert "pip install config-admin[http]" in done.stdout
