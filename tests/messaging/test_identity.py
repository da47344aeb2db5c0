"""Who the DM and an agent are, from what their configurations say."""

import pytest

from config_admin.core.errors import ConfigurationError
from config_admin.core.properties import Properties
from config_admin.messaging.context import Context
from config_admin.messaging.identity import (
    AgentIdentity,
    DmIdentity,
    read_agent,
    read_dm,
)

AGENT = {"application-name": "shop", "scoped-instance-path": "/vm/server"}


def refused(read, properties):
    with pytest.raises(ConfigurationError) as caught:
        read(Properties(properties))
    return caught.value


def test_a_dm_without_a_word_idles_in_the_default_domain():
    assert read_dm(Properties()) == DmIdentity("idle", "default")


def test_a_dm_owns_the_address_of_its_domain():
    dm = read_dm(Properties({"Messaging-Type": "http", "domain": " blue "}))

    assert dm == DmIdentity("http", "blue")
    assert dm.owner == Context.dm(domain="blue")


def test_an_agent_owns_the_address_of_its_instance():
    agent = read_agent(
        Properties(
            {
                **AGENT,
                "messaging-type": "rabbitmq",
                "domain": "blue",
                "target-id": "embedded",
                "ip-address-of-the-agent": "10.0.0.1",
            }
        )
    )

    assert agent == AgentIdentity(
        messaging_type="rabbitmq",
        domain="blue",
        application="shop",
        instance="/vm/server",
        target_id="embedded",
        ip_address="10.0.0.1",
    )
    assert agent.owner.queue == "blue.shop.vm.server"


def test_what_an_agent_may_leave_out_has_a_default():
    agent = read_agent(Properties(AGENT))

    assert (agent.messaging_type, agent.domain) == ("idle", "default")
    assert (agent.target_id, agent.ip_address) == ("", "")


@pytest.mark.parametrize("newer", [{}, {"scoped-instance-path": ""}])
def test_the_older_name_of_the_instance_will_do(newer):
    properties = {"application-name": "shop", "root-instance-name": "vm", **newer}

    assert read_agent(Properties(properties)).owner.queue == "default.shop.vm"


@pytest.mark.parametrize("key", AGENT)
@pytest.mark.parametrize("value", [None, "", " "])
def test_an_agent_without_application_or_instance_is_told_what_to_write(key, value):
    properties = {**AGENT, key: value or ""}
    if value is None:
        del properties[key]

    error = refused(read_agent, properties)

    assert error.key == key
    assert f"write {key} = " in error.reason


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("application-name", "a.b"),
        ("scoped-instance-path", "/vm//server"),
        ("scoped-instance-path", "a" * 181),
        ("domain", "amq"),
        ("domain", "#"),
        ("domain", 1),
    ],
)
def test_what_is_no_name_is_told_with_its_key_and_a_cure(key, value):
    error = refused(read_agent, {**AGENT, key: value})

    assert error.key == key
    assert ": write " in error.reason or ": take " in error.reason


def test_the_older_name_is_told_if_it_was_written():
    properties = {"application-name": "shop", "root-instance-name": "a.b"}

    assert refused(read_agent, properties).key == "root-instance-name"


@pytest.mark.parametrize(("key", "value"), [("domain", "a.b"), ("messaging-type", 5)])
def test_a_dm_is_told_as_well(key, value):
    assert refused(read_dm, {key: value}).key == key
