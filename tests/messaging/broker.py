"""A real RabbitMQ broker that belongs to the tests alone."""

import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

STARTS_WITHIN_S = 60.0
_PAUSE = threading.Event()
_HELLO = b"AMQP\x00\x00\x09\x01"

# Debian's rabbitmq-server starts it as another user, with its own directories.
_SCRIPTS = Path("/usr/lib/rabbitmq/bin")


def until(condition, what, limit_s=STARTS_WITHIN_S):
    """Wait for *condition* to hold; what it gives then."""
    deadline_s = time.monotonic() + limit_s
    while not (found := condition()):
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"{what} within {limit_s:g} s")
        _PAUSE.wait(0.01)
    return found


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Broker:
    """
    One node with directories, ports and an epmd of its own.

    Args:
        name: Of the node.
        configuration: More lines of its rabbitmq.conf; `{tls_port}` is one of ours.

    Attributes:
        port: Where it speaks AMQP.
        tls_port: Where it may speak it over TLS.
    """

    def __init__(self, name, configuration=""):
        self.directory = Path(tempfile.mkdtemp(prefix=f"broker-{name}-"))
        self._process = None
        ports = free_ports(5)
        self.port, self.management, self.tls_port, self._dist, self._epmd = ports
        (self.directory / "plugins").write_text("[rabbitmq_management].\n")
        (self.directory / "rabbitmq.conf").write_text(
            "management.tcp.ip = 127.0.0.1\n"
            f"management.tcp.port = {self.management}\n"
            "loopback_users = none\n"
            + configuration.replace("{tls_port}", str(self.tls_port))
        )
        self._environment = self._environment_of(f"{name}@localhost")

    def _environment_of(self, node):
        inside = self.directory
        loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(inside),
            "RABBITMQ_NODENAME": node,
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(self._dist),
            "ERL_EPMD_PORT": str(self._epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": str(inside / "mnesia"),
            "RABBITMQ_LOG_BASE": str(inside / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(inside / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(inside / "rabbitmq.conf"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": loopback,
        }

    def begin(self):
        """Start it; `await_ready` says when it answers."""
        with (self.directory / "output").open("ab") as output:
            self._process = subprocess.Popen(
                [_script("rabbitmq-server")],
                env=self._environment,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def await_ready(self):
        until(self._answers, f"no broker answered; see {self.directory}")
        until(self._manages, f"no management answered; see {self.directory}")

    def start(self):
        self.begin()
        self.await_ready()

    def _answers(self):
        if self._process.poll() is not None:
            output = (self.directory / "output").read_text(errors="replace")
            raise RuntimeError(f"the broker ended at its start:\n{output}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as stream:
                stream.sendall(_HELLO)
                return stream.recv(1) == b"\x01"
        except OSError:
            return False

    def _manages(self):
        try:
            self.api("GET", "overview")
        except OSError:
            return False
        return True

    def api(self, method, path, body=None):
        """Ask the management; what it answers."""
        token = base64.b64encode(b"guest:guest").decode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.management}/api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Basic {token}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the same
            text = answer.read()
        return json.loads(text) if text else None

    def add_virtual_host(self, name, user, password):
        self.api("PUT", f"vhosts/{_quoted(name)}")
        self.api("PUT", f"users/{_quoted(user)}", {"password": password, "tags": ""})
        every = {"configure": ".*", "write": ".*", "read": ".*"}
        self.api("PUT", f"permissions/{_quoted(name)}/{_quoted(user)}", every)

    def remove_virtual_host(self, name, user):
        self.api("DELETE", f"vhosts/{_quoted(name)}")
        self.api("DELETE", f"users/{_quoted(user)}")

    def control(self, *arguments):
        """Run rabbitmqctl; what it says."""
        return subprocess.run(
            [_script("rabbitmqctl"), *arguments],
            env=self._environment,
            cwd=self.directory,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout

    def set_memory_alarm(self, *, is_on):
        limit = ("absolute", "1MB") if is_on else ("0.4",)
        self.control("set_vm_memory_high_watermark", *limit)

    def freeze(self):
        os.kill(self._beam(), signal.SIGSTOP)

    def thaw(self):
        os.kill(self._beam(), signal.SIGCONT)

    def kill(self):
        """End it as a loss of power would."""
        os.kill(self._beam(), signal.SIGKILL)
        self._process.wait(30)

    def _beam(self):
        """The node itself: what was started is a shell around it."""
        pids = subprocess.run(
            ["ps", "-o", "pid=,comm=", "--sid", str(self._process.pid)],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.splitlines()
        return next(int(line.split()[0]) for line in pids if "beam" in line)

    def end(self):
        """End it for good, with its epmd and its files."""
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            self.kill()
        subprocess.run(
            ["epmd", "-port", str(self._epmd), "-kill"],
            env=self._environment,
            check=False,
            capture_output=True,
        )
        shutil.rmtree(self.directory, ignore_errors=True)


def _quoted(name):
    return urllib.parse.quote(name, safe="")


def _script(name):
    inside = _SCRIPTS / name
    return str(inside) if inside.exists() else name
