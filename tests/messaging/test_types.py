"""The kinds of messaging, and what else a client refuses."""

import pytest

from config_admin.core.errors import UsageError
from config_admin.messaging import Context, ReconfigurableClient
from config_admin.messaging.types import pid_of, reader_of


@pytest.mark.parametrize("name", ["rabbitmq", "http", "in-memory", "idle"])
def test_every_type_reads_its_configurations(name):
    assert pid_of(name) == f"net.roboconf.messaging.{name}"
    settings = reader_of(name)(None)
    assert (settings is not None) == (name == "in-memory")


def test_an_unknown_type_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match="one of rabbitmq, http, in-memory, idle"):
        reader_of("pigeon")


@pytest.mark.parametrize("name", [None, 1, ["http"]])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(UsageError, match="messaging_type is"):
        reader_of(name)


class Admin:
    """Nobody is ever called."""

    def add_managed_service(self, pids, service):  # noqa: ARG002 - its shape
        raise AssertionError("nothing should have been registered")


def test_a_client_is_somebody():
    with pytest.raises(UsageError, match="address of many"):
        ReconfigurableClient(
            Admin(),
            messaging_type="idle",
            owner=Context.exporters("db", application="shop"),
        )


def test_a_client_of_an_unknown_type_registers_nothing():
    with pytest.raises(UsageError, match="no messaging type 'pigeon'"):
        ReconfigurableClient(Admin(), messaging_type="pigeon", owner=Context.dm())
