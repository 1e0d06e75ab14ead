"""A real Apache Kafka cluster (KRaft) on loopback ports, for tests: brokers can be killed, paused and started again.

Every broker is a controller too, so three of them outlive the loss of any one.
"""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, TopicMetadata

from omni_assets.broker.connection import Connection, open_client
from tests.support.kafka_jars import jars
from tests.support.tethered import Tethered

Answer = TypeVar("Answer")

CLUSTER_ID = "b21uaS1hc3NldHMtdGVzdA"
CLIENTS, _CONTROLLER = "CLIENTS", "CONTROLLER"
_HOST = "127.0.0.1"
_START_SECONDS = 60.0
_POLL_SECONDS = 0.1
_JAVA = [
    "java", "-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
]  # fmt: skip
# What a laptop needs to be quick about it. Auto-creation stays on, as Kafka ships: whoever asks for a topic by
# name and creates it so would be found out.
_SETTINGS = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "true",
    "background.threads": "2",
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",
    "controller.quorum.election.timeout.ms": "500",
    "group.initial.rebalance.delay.ms": "0",
    "log.cleaner.dedupe.buffer.size": "2097152",
    "log.segment.delete.delay.ms": "100",
    "num.io.threads": "4",
    "num.network.threads": "2",
    "offsets.topic.num.partitions": "3",
    "share.coordinator.state.topic.num.partitions": "1",
    "transaction.state.log.num.partitions": "3",
}


@dataclass(frozen=True, slots=True)
class Flavour:
    """What differs between clusters: the protocol of the clients' listener, and settings beside the common ones.

    ``others`` are further listeners for clients, each with its protocol. ``format_options`` go to the storage tool,
    ``properties`` to the clients of whoever may do everything.
    """

    protocol: str = "PLAINTEXT"
    others: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    format_options: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)


class KafkaCluster:
    """Brokers 1 to ``size`` with their data in ``folder``. Nothing runs before ``start_all``.

    Brokers talk to each other on a listener of their own, in plain text, so that tests reach the clients' one alone.
    """

    def __init__(self, folder: Path, size: int = 3, flavour: Flavour | None = None) -> None:
        self.folder = folder
        self.flavour = flavour or Flavour()
        self.ids = tuple(range(1, size + 1))
        self._listeners = (CLIENTS, "INTERNAL", _CONTROLLER, *self.flavour.others)
        ports = iter(_free_ports(len(self._listeners) * size))
        self._ports = {broker: {name: next(ports) for name in self._listeners} for broker in self.ids}
        self._running: dict[int, Tethered] = {}
        self._paused: set[int] = set()

    @property
    def bootstrap_servers(self) -> str:
        return self.servers()

    def servers(self, listener: str = CLIENTS) -> str:
        """Where clients reach the brokers by one of their listeners."""
        return ",".join(self.address(broker, listener) for broker in self.ids)

    @property
    def connection(self) -> Connection:
        """As somebody who may do everything."""
        return Connection(self.bootstrap_servers, self.flavour.properties)

    @cached_property
    def client(self) -> AdminClient:
        """A plain admin client, for changes behind omni's back."""
        return open_client(AdminClient, self.connection)

    def address(self, broker: int, listener: str = CLIENTS) -> str:
        """Where clients reach one broker."""
        return f"{_HOST}:{self._ports[broker][listener]}"

    def at(self, address: str) -> int:
        """Which broker clients reach there."""
        return next(broker for broker in self.ids if self.address(broker) == address)

    def pid(self, broker: int) -> int:
        return self._running[broker].pid

    def log(self, broker: int) -> Path:
        """What the broker had to say: warnings and errors."""
        return self.folder / f"broker-{broker}.log"

    def running(self) -> frozenset[int]:
        """Brokers whose process is there, the paused ones among them."""
        return frozenset(broker for broker, process in self._running.items() if process.running)

    def start_all(self) -> None:
        """Format what was never formatted, start what does not run, and wait for all of it."""
        new = [broker for broker in self.ids if not self._data(broker).exists()]
        for broker in new:
            self._configuration(broker).write_text(self._settings(broker), encoding="utf-8")
        _together(
            [
                [*_java("kafka.tools.StorageTool"), "format", "--cluster-id", CLUSTER_ID,
                 "--config", str(self._configuration(broker)), *self.flavour.format_options]
                for broker in new
            ]
        )  # fmt: skip
        for broker in self.ids:
            self.resume(broker)
            self.launch(broker)
        self.wait_for(self.ids)

    def start(self, broker: int) -> None:
        """Start one broker and wait until the others know it."""
        self.launch(broker)
        self.wait_for(self.running() - self._paused)

    def launch(self, broker: int) -> None:
        """Start one broker, where it does not run, without waiting for it."""
        if broker not in self.running():
            command = [*_java("kafka.Kafka"), str(self._configuration(broker))]
            self._running[broker] = Tethered(command, self.log(broker))

    def stop(self, broker: int) -> None:
        """Shut down as an operator would: leadership is handed over first."""
        self._end(broker, signal.SIGTERM)

    def kill(self, broker: int) -> None:
        """SIGKILL: what a power cut leaves."""
        self._end(broker, signal.SIGKILL)

    def pause(self, broker: int) -> None:
        """SIGSTOP: its connections stay open and nothing answers."""
        self._paused.add(broker)
        self._running[broker].send(signal.SIGSTOP)

    def resume(self, broker: int) -> None:
        """SIGCONT, where it was paused."""
        if broker in self._paused:
            self._paused.discard(broker)
            self._running[broker].send(signal.SIGCONT)

    def end_all(self) -> None:
        """End every broker at once; data is not wanted any more."""
        for broker in list(self._running):
            self._end(broker, signal.SIGKILL)

    def each(self, ask: Callable[[AdminClient], Answer]) -> list[Answer]:
        """What each broker that runs answers: none of them learns of a change at the same time as another."""
        answers = []
        for broker in sorted(self.running() - self._paused):
            # A client that has met the others may ask any of them.
            stranger = open_client(AdminClient, replace(self.connection, bootstrap_servers=self.address(broker)))
            answers.append(ask(stranger))
        return answers

    def listings(self) -> list[dict[str, TopicMetadata]]:
        """The topics that are nobody's internal ones, as each broker knows them."""

        def listed(client: AdminClient) -> dict[str, TopicMetadata]:
            topics = client.list_topics(timeout=20).topics
            return {name: topic for name, topic in topics.items() if not name.startswith("__")}

        return self.each(listed)

    def wait_for(self, brokers: Iterable[int], seconds: float = _START_SECONDS) -> None:
        """Until the cluster names exactly these brokers as alive. Fails with the log of one that ended."""
        wanted = set(brokers)

        def alive() -> bool:
            for broker in wanted - self.running():
                raise AssertionError(f"broker {broker} ended:\n{self.log(broker).read_text()[-2000:]}")
            # Not describe_cluster: librdkafka looks for a controller that was killed without end, and never asks anew.
            with suppress(KafkaException):
                return set(self.client.list_topics(timeout=2).brokers) == wanted
            return False

        wait_until(alive, seconds, f"brokers {sorted(wanted)} to be all that are alive")

    def _data(self, broker: int) -> Path:
        return self.folder / f"data-{broker}"

    def _configuration(self, broker: int) -> Path:
        return self.folder / f"broker-{broker}.properties"

    def _settings(self, broker: int) -> str:
        addresses = {name: f"{name}://{self.address(broker, name)}" for name in self._listeners}
        protocols = {CLIENTS: self.flavour.protocol, **self.flavour.others}
        copies = str(min(3, len(self.ids)))
        settings = {
            **_SETTINGS,
            "node.id": str(broker),
            "listeners": ",".join(addresses.values()),
            "advertised.listeners": ",".join(at for name, at in addresses.items() if name != _CONTROLLER),
            "listener.security.protocol.map": ",".join(
                f"{name}:{protocols.get(name, 'PLAINTEXT')}" for name in self._listeners
            ),
            "inter.broker.listener.name": "INTERNAL",
            "controller.quorum.voters": ",".join(f"{other}@{self.address(other, _CONTROLLER)}" for other in self.ids),
            "log.dirs": str(self._data(broker)),
            "offsets.topic.replication.factor": copies,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": "1",
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": "1",
            **self.flavour.settings,
        }
        return "".join(f"{key}={value}\n" for key, value in settings.items())

    def _end(self, broker: int, number: signal.Signals) -> None:
        self.resume(broker)
        if (process := self._running.pop(broker, None)) is not None:
            process.end(number)


def wait_until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Ask again and again; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} seconds for {what}")
        time.sleep(_POLL_SECONDS)


def _java(main: str) -> list[str]:
    return [*_JAVA, "-cp", f"{jars()}/*", main]


def _together(commands: list[list[str]]) -> None:
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for command in commands
    ]
    for process in started:
        output, _ = process.communicate(timeout=_START_SECONDS)
        assert process.returncode == 0, output


def _free_ports(count: int) -> list[int]:
    """Held all at once so that they differ, and away from those that the system hands to clients."""
    held: list[socket.socket] = []
    try:
        for port in random.sample(range(15_000, 30_000), 20 * count):
            listener = socket.socket()
            held.append(listener)
            try:
                listener.bind((_HOST, port))
            except OSError:
                held.pop().close()
            if len(held) == count:
                break
        return [listener.getsockname()[1] for listener in held]
    finally:
        for listener in held:
            listener.close()
