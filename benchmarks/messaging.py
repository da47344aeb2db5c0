"""
Confirmed persistent messages a second, of 256 bytes, over a RabbitMQ broker.

A client with one thread and with 16, and, as the reference in the same process, bare
pika with 64 in flight. They take turns, and the medians count. The broker's guest has
to be let in; the queues are deleted in the end.

    python benchmarks/messaging.py [--broker 127.0.0.1:5672] [--messages 20000]
"""

import argparse
import statistics
import tempfile
import threading
from pathlib import Path
from time import perf_counter
from typing import Any

import pika

from config_admin import ConfigAdmin
from config_admin.messaging import Context, ReconfigurableClient

PID = "net.roboconf.messaging.rabbitmq"
RECEIVER = Context.agent(application="benchmark", instance="receiver", domain="bench")
SENDER = Context.agent(application="benchmark", instance="sender", domain="bench")
BARE_QUEUE = "bench.bare"
BODY = b"x" * 256
ROUNDS = 5
THREADS = 16
IN_FLIGHT = 64
LIMIT_S = 60.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", default="127.0.0.1:5672")
    parser.add_argument("--messages", type=int, default=20_000)
    options = parser.parse_args()
    host, _, port = options.broker.rpartition(":")
    parameters = pika.ConnectionParameters(host, int(port))
    _declare(parameters)
    found: dict[str, list[float]] = {}
    waits_s: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as etc:
        Path(etc, f"{PID}.cfg").write_text(f"message-server-ip = {options.broker}\n")
        with ConfigAdmin(etc, store=None) as admin, _client(admin) as client:
            for _ in range(ROUNDS):
                _note(found, "bare pika, 64", Bare(parameters, options.messages).run())
                for threads in (1, THREADS):
                    name = f"client, {threads} thread{'s' * (threads > 1)}"
                    rate, wait_s = measured(client, threads, options.messages)
                    _note(found, name, rate)
                    waits_s[name] = max(wait_s, waits_s.get(name, 0.0))
    _delete(parameters)
    report(found, waits_s)


def measured(
    client: ReconfigurableClient, threads: int, messages: int
) -> tuple[float, float]:
    """Messages a second by so many threads, and the longest wait in `publish`."""
    waits_s = [0.0] * threads

    def publish(name: int) -> None:
        for _ in range(messages // threads):
            begun = perf_counter()
            client.publish(RECEIVER, BODY)
            waits_s[name] = max(waits_s[name], perf_counter() - begun)

    running = [threading.Thread(target=publish, args=[name]) for name in range(threads)]
    begun = perf_counter()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert client.flush(LIMIT_S)
    rate = messages // threads * threads / (perf_counter() - begun)
    assert client.status().undeliverable == 0
    return rate, max(waits_s)


class Bare:
    """
    What pika does with so many in flight, and nothing around it.

    Args:
        parameters: Of the connection.
        messages: How many are sent.
    """

    def __init__(self, parameters: pika.ConnectionParameters, messages: int) -> None:
        self._parameters = parameters
        self._messages = messages
        self._sent = 0
        self._unconfirmed: set[int] = set()
        self._begun = self._ended = 0.0
        self._channel: Any = None
        self._properties = pika.BasicProperties(delivery_mode=2)

    def run(self) -> float:
        """Messages a second."""
        self._connection = pika.SelectConnection(
            self._parameters,
            on_open_callback=lambda it: it.channel(on_open_callback=self._open),
            on_close_callback=lambda it, _: it.ioloop.stop(),
        )
        self._connection.ioloop.start()
        assert self._sent == self._messages
        return self._messages / (self._ended - self._begun)

    def _open(self, channel: Any) -> None:  # noqa: ANN401 - pika has no types
        self._channel = channel
        channel.confirm_delivery(self._answered, self._start)

    def _start(self, _: object) -> None:
        self._begun = perf_counter()
        self._publish()

    def _publish(self) -> None:
        while self._sent < self._messages and len(self._unconfirmed) < IN_FLIGHT:
            self._channel.basic_publish("", BARE_QUEUE, BODY, self._properties)
            self._sent += 1
            self._unconfirmed.add(self._sent)

    def _answered(self, frame: Any) -> None:  # noqa: ANN401 - the same
        number = frame.method.delivery_tag
        if frame.method.multiple:
            self._unconfirmed = {one for one in self._unconfirmed if one > number}
        else:
            self._unconfirmed.discard(number)
        if self._sent == self._messages and not self._unconfirmed:
            self._ended = perf_counter()
            self._connection.close()
        else:
            self._publish()


def report(found: dict[str, list[float]], waits_s: dict[str, float]) -> None:
    """Print the medians, and how they compare to bare pika."""
    reference = statistics.median(next(iter(found.values())))
    for name, rates in found.items():
        rate = statistics.median(rates)
        line = (
            f"{name:20} {rate:8,.0f} messages/s "
            f"({min(rates):,.0f} to {max(rates):,.0f})   ratio {rate / reference:.2f}"
        )
        if name in waits_s:
            line += f"   longest wait of a publish {1000 * waits_s[name]:.0f} ms"
        print(line)


def _client(admin: ConfigAdmin) -> ReconfigurableClient:
    """A client that is connected."""
    client = ReconfigurableClient(admin, messaging_type="rabbitmq", owner=SENDER)
    assert client.publish(RECEIVER, BODY).wait(LIMIT_S), admin.faults()
    return client


def _queues() -> tuple[str, ...]:
    return BARE_QUEUE, RECEIVER.queue, SENDER.queue


def _declare(parameters: pika.ConnectionParameters) -> None:
    """Queues that keep what comes; nobody reads it, so that publishing is measured."""
    with pika.BlockingConnection(parameters) as connection:
        channel = connection.channel()
        channel.queue_declare(BARE_QUEUE, durable=True)
        channel.queue_declare(RECEIVER.queue, durable=True)
        channel.exchange_declare(RECEIVER.exchange, "topic", durable=True)
        channel.queue_bind(RECEIVER.queue, RECEIVER.exchange, RECEIVER.topic)


def _delete(parameters: pika.ConnectionParameters) -> None:
    with pika.BlockingConnection(parameters) as connection:
        channel = connection.channel()
        for queue in _queues():
            channel.queue_delete(queue)
        channel.exchange_delete(RECEIVER.exchange)


def _note(found: dict[str, list[float]], name: str, rate: float) -> None:
    found.setdefault(name, []).append(rate)


if __name__ == "__main__":
    main()
