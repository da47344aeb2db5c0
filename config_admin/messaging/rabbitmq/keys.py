"""The keys of the configuration of the RabbitMQ messaging."""

from typing import Final

PREFIX: Final = "net.roboconf.messaging.rabbitmq."

# Each has the name of the user guide up to 0.5, and the later one.
IP: Final = ("message-server-ip", f"{PREFIX}server.ip")
USERNAME: Final = ("message-server-username", f"{PREFIX}server.username")
PASSWORD: Final = ("message-server-password", f"{PREFIX}server.password")

VIRTUAL_HOST: Final = f"{PREFIX}server.virtual-host"
CONFIRM_TIMEOUT_S: Final = f"{PREFIX}confirm-timeout-s"

SSL_USE: Final = f"{PREFIX}ssl.use"
SSL_PROTOCOL: Final = f"{PREFIX}ssl.protocol"
KEY_STORE: Final = f"{PREFIX}ssl.key.store."
TRUST_STORE: Final = f"{PREFIX}ssl.trust.store."
KEY_STORE_PATH: Final = f"{KEY_STORE}path"
TRUST_STORE_PATH: Final = f"{TRUST_STORE}path"

# Names of Java classes; nothing here could be told by them.
JAVA_ONLY: Final = (
    f"{PREFIX}ssl.key.manager.factory",
    f"{PREFIX}ssl.trust.manager.factory",
)
