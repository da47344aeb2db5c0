"""A DM and two agents that pass orders on: what somebody reconfigures to see it."""

import threading
from functools import partial
from time import monotonic
from typing import Final, Self

from config_admin import ConfigAdmin, Properties
from config_admin.cli.terminal import Terminal
from config_admin.messaging import (
    Context,
    Message,
    MessagingError,
    ReconfigurableClient,
    Switch,
)

_PID: Final = "net.roboconf.dm.configuration"
_APPLICATION: Final = "demo"
_LATE_S: Final = 5.0


class Demo:
    """
    Sends an order round now and then: from the DM to one agent, the other, and back.

    Args:
        admin: Tells of the configurations.
        terminal: Whom to show it.
        every_s: Between two orders.
    """

    def __init__(
        self, admin: ConfigAdmin, terminal: Terminal, *, every_s: float
    ) -> None:
        self._admin = admin
        self._terminal = terminal
        self._every_s = every_s
        self._clients: dict[str, ReconfigurableClient] = {}
        self._domain = ""
        self._sent_s: dict[str, float] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="demo", daemon=True)

    def __enter__(self) -> Self:
        self._registration = self._admin.add_managed_service(_PID, self.updated)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join(self._every_s + 1)
        self._registration.close()
        self._end()

    def updated(self, properties: Properties | None) -> None:
        """Let everybody use the messaging that *properties* name."""
        if properties is None:
            self._end()
            what = f"nobody exchanges messages: there is no {_PID}.cfg. Create it with "
            self._terminal.tell("note", f"{what}'messaging-type = in-memory'.")
            return
        messaging_type = str(properties.get("messaging-type", "idle"))
        domain = str(properties.get("domain", "default"))
        if domain != self._domain:
            self._end()
            self._begin(domain, messaging_type)
        for client in self._clients.values():
            client.change_type(messaging_type)

    def _begin(self, domain: str, messaging_type: str) -> None:
        self._domain = domain
        owners = {
            "the DM": Context.dm(domain=domain),
            "agent vm1": self._agent("vm1"),
            "agent vm2": self._agent("vm2"),
        }
        for name, owner in owners.items():
            client = ReconfigurableClient(
                self._admin, messaging_type=messaging_type, owner=owner
            )
            client.on_switch(partial(self._tell_switch, name))
            self._clients[name] = client
        self._clients["the DM"].subscribe(self._dm())
        self._clients["the DM"].on_message(self._note_answer)
        self._clients["agent vm1"].on_message(partial(self._pass_on, "agent vm1"))
        self._clients["agent vm2"].on_message(partial(self._pass_on, "agent vm2"))

    def _end(self) -> None:
        clients, self._clients = self._clients, {}
        for client in reversed(clients.values()):  # the DM last: it may be the hub
            client.close(timeout_s=1.0)
        self._domain = ""

    def _run(self) -> None:
        number = 0
        while not self._is_over.wait(self._every_s):
            number += 1
            self._tell_late()
            client = self._clients.get("the DM")
            if client is not None:
                self._sent_s[str(number)] = monotonic()
                self._publish(client, self._agent("vm1"), str(number))

    def _pass_on(self, name: str, message: Message) -> None:
        whom = self._agent("vm2") if name == "agent vm1" else self._dm()
        self._publish(self._clients[name], whom, message.body.decode())

    def _publish(
        self, client: ReconfigurableClient, context: Context, text: str
    ) -> None:
        try:
            client.publish(context, text, timeout_s=1.0)
        except MessagingError as error:
            self._terminal.tell("error", f"order {text} was not accepted: {error}")

    def _note_answer(self, message: Message) -> None:
        number = message.body.decode()
        sent_s = self._sent_s.pop(number, None)
        if sent_s is None:
            return
        took_ms = 1000 * (monotonic() - sent_s)
        whole = f" {self._terminal.arrow} ".join(["DM", "vm1", "vm2", "DM"])
        text = f"{number}: {whole} in {took_ms:.1f} ms, by {message.way}"
        self._terminal.tell("order", text)

    def _tell_late(self) -> None:
        for number, sent_s in tuple(self._sent_s.items()):
            if monotonic() - sent_s > _LATE_S:
                self._sent_s.pop(number, None)
                text = f"{number}: did not come back within {_LATE_S:g} s"
                self._terminal.tell("order", text)

    def _tell_switch(self, name: str, switch: Switch) -> None:
        text = str(switch).replace("->", self._terminal.arrow)
        self._terminal.tell("switched", f"{name}: {text}")

    def _agent(self, name: str) -> Context:
        return Context.agent(
            application=_APPLICATION, instance=name, domain=self._domain
        )

    def _dm(self) -> Context:
        return Context.dm(domain=self._domain, application=_APPLICATION)
