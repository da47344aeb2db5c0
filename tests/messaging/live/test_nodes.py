"""The DM and the agents that follow files, and what user data says."""

import base64
import stat

import pytest

from config_admin.messaging import Context
from config_admin.nodes import Agent, Dm

LIMIT_S = 20.0
DM_FILE = "net.roboconf.dm.configuration.cfg"
AGENT_FILE = "net.roboconf.agent.configuration.cfg"
AGENT = "application-name = shop\nscoped-instance-path = /vm\nmessaging-type = {}\n"


def agent_of(name):
    return Context.agent(application="shop", instance=name)


@pytest.fixture
def agent(admin, tmp_path):
    """A started agent; it has no file yet."""
    with Agent(admin, user_data_directory=tmp_path / "private") as agent:
        yield agent


@pytest.fixture
def dm(admin):
    with Dm(admin) as dm:
        yield dm


@pytest.fixture
def write(etc, save):
    """Save a file of etc/."""
    return lambda name, text: save(etc / name, text)


@pytest.fixture
def tell(write, tmp_path):
    """Let the agent be told *text* by user data."""

    def by_file(text, target="iaas-ec2"):
        file = tmp_path / "told.properties"
        file.write_text(text)
        write(AGENT_FILE, f"target-id = {target}\nuser-data-file = {file}\n")

    return by_file


def test_dm_and_agent_are_who_their_files_say(agent, dm, write, wait_until, new_inbox):
    """The whole way: two files, and a message."""
    inbox = new_inbox()
    dm.on_message(inbox)
    write(DM_FILE, "messaging-type = in-memory\ndomain = d\n")
    write(AGENT_FILE, AGENT.format("in-memory") + "domain = d\n")
    wait_until(lambda: dm.client and agent.client)
    dm.client.subscribe(Context.dm(domain="d", application="shop"))

    agent.client.publish(Context.dm(domain="d", application="shop"), "started")

    assert inbox.wait_for(1) == ["started"]
    assert inbox.messages[0].sender == "d.shop.vm"


def test_a_change_of_the_type_keeps_the_client(dm, write, wait_until):
    write(DM_FILE, "messaging-type = in-memory\n")
    client = wait_until(lambda: dm.client)

    write(DM_FILE, "messaging-type = idle\n")

    wait_until(lambda: client.messaging_type == "idle")
    assert dm.client is client


def test_another_name_is_another_client(agent, write, wait_until, new_inbox):
    seen, inbox = [], new_inbox()
    agent.on_client(seen.append)
    agent.on_message(inbox)
    write(AGENT_FILE, AGENT.format("in-memory"))
    wait_until(lambda: agent.client)

    write(AGENT_FILE, AGENT.format("in-memory").replace("/vm", "/db"))

    client = wait_until(lambda: len(seen) == 2 and agent.client)
    assert client.owner == Context.agent(application="shop", instance="db")
    client.publish(client.owner, "hello")
    assert inbox.wait_for(1) == ["hello"]


def test_without_its_file_there_is_nobody(agent, etc, write, wait_until):
    write(AGENT_FILE, AGENT.format("in-memory"))
    wait_until(lambda: agent.client)

    (etc / AGENT_FILE).unlink()

    wait_until(lambda: agent.client is None)


def test_an_agent_without_a_name_is_refused_with_the_key(
    agent, admin, write, wait_until
):
    write(AGENT_FILE, "application-name = shop\nmessaging-type = in-memory\n")

    (fault,) = wait_until(admin.faults)

    assert fault.key == "scoped-instance-path"
    assert "write scoped-instance-path = /vm/server" in str(fault)
    assert agent.client is None


def test_a_node_that_is_closed_while_it_changes_leaves_nobody(
    agent, write, wait_until, new_inbox, our_threads
):
    agent.on_message(new_inbox())
    write(AGENT_FILE, AGENT.format("in-memory"))
    client = wait_until(lambda: agent.client)
    client.publish(agent_of("nobody"), "keeps it from closing at once")
    write(AGENT_FILE, AGENT.format("in-memory").replace("/vm", "/db"))
    wait_until(lambda: client._is_closed or not client.flush(0.01))

    agent.close()

    wait_until(lambda: not [t for t in our_threads() if "shop.db" in t.name])
    assert agent.client is None


# User data


@pytest.fixture
def told_agent(admin, agent):
    """Both of them."""
    return admin, agent


USER_DATA = r"""
domain = cloud
application.name = shop
scoped.instance.path = /vm
net.roboconf.messaging.type = in-memory
"""


def test_user_data_says_who_an_agent_is(agent, tell, wait_until):
    tell(USER_DATA)

    client = wait_until(lambda: agent.client)
    assert client.owner.queue == "cloud.shop.vm"
    assert client.messaging_type == "in-memory"


def test_what_user_data_said_may_be_changed_until_the_next_start(
    agent, tell, etc, write, wait_until
):
    tell(USER_DATA)
    wait_until(
        lambda: agent.client and "domain = cloud" in (etc / AGENT_FILE).read_text()
    )
    text = (etc / AGENT_FILE).read_text()

    write(AGENT_FILE, text.replace("domain = cloud", "domain = other"))

    wait_until(lambda: agent.client and agent.client.owner.domain == "other")
    agent.close()
    agent.start()
    wait_until(lambda: agent.client and agent.client.owner.domain == "cloud")


def test_user_data_brings_the_parameters_and_files_of_its_messaging(
    admin, agent, tell, tmp_path, wait_until
):
    """The messaging needs no file of its own."""
    told = base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()
    prefix = "net.roboconf.messaging.rabbitmq"
    tell(
        USER_DATA.replace("in-memory", "rabbitmq")
        + f"message-server-ip = 127.0.0.1:1\n{prefix}.ssl.trust.store.type = PEM\n"
        + f"@file@{prefix}.ssl.trust.store.path = {told}\n"
    )

    found = wait_until(lambda: admin.find(prefix)).properties

    assert found["message-server-ip"] == "127.0.0.1:1"
    (stored,) = (tmp_path / "private").iterdir()
    assert found[f"{prefix}.ssl.trust.store.path"] == str(stored)
    assert stored.read_bytes() == b"-----BEGIN CERTIFICATE-----"
    assert stat.S_IMODE(stored.stat().st_mode) == 0o600
    assert admin.history(prefix)[0].configuration.reason == "user data"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            USER_DATA.replace("/vm", "/v.m"),
            ["told.properties:4", "scoped.instance.path"],
        ),
        (USER_DATA.replace("in-memory", "pigeon"), ["pigeon", "rabbitmq"]),
        (USER_DATA + "@file@a.b = !!!\n", ["told.properties:6", "@file@a.b"]),
        ("", ["net.roboconf.messaging.type", "expected a value"]),
    ],
)
def test_wrong_user_data_leaves_the_agent_idle_and_is_said(
    told_agent, tell, wait_until, text, told
):
    admin, agent = told_agent
    tell(text)

    faults = wait_until(admin.faults)

    assert all(part in str(faults[0]) for part in told), str(faults[0])
    assert agent.client is None
    tell(USER_DATA, "iaas-ec3")
    wait_until(lambda: agent.client)
    wait_until(lambda: not admin.faults())


def test_user_data_may_stand_in_the_environment(agent, write, wait_until, monkeypatch):
    monkeypatch.setenv("TOLD", USER_DATA)

    write(AGENT_FILE, "target-id = iaas-ec2\nuser-data-variable = TOLD\n")

    assert wait_until(lambda: agent.client).owner.queue == "cloud.shop.vm"
