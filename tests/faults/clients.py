"""Every client that the package has, as a question that is asked again and again over one wire.

Each is opened once, so that what it remembers of a bad time is put to the test, too.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from confluent_kafka.admin import AdminClient

from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.connection import Connection, open_client
from omni_assets.broker.ledger import Appender, LedgerRecord, read
from omni_assets.broker.transfer import Target
from omni_assets.broker.worker import Outgoing, Seat, Worker
from omni_assets.credentials import Redactor
from omni_assets.errors import OmniError
from omni_assets.operations.agents.submitting import Submission, submit
from omni_assets.operations.alerts import webhook
from omni_assets.operations.context import resolve
from omni_assets.operations.redis_streams.reading import RedisStreams
from omni_assets.router.calling.addresses import Address
from omni_assets.router.calling.client import Client as ModelClient
from omni_assets.router.calling.failures import Failed
from omni_assets.router.calling.replies import Question
from omni_assets.router.catalog import Endpoint
from omni_assets.router.values import Location
from omni_assets.telemetry import opening, signals
from omni_assets.telemetry.signals import SpanKind
from tests.faults.wire import Wire
from tests.support.tampering import create

BROKER_SECONDS = 2.0
"""What a call of a broker may take here, instead of 15 s."""

HTTP_SECONDS = 1.0
"""What a server of HTTP may take here, instead of 5 s and more."""

JOINING_SECONDS = 60.0
"""Most that a worker waits for partitions, where nothing is wrong."""

TOPIC = "onex.evt.faults.happened.v1"
ASKED = "onex.cmd.faults.asked.v1"

REDIS_USER = "faults"
"""Needs no password."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a client says instead of an answer. ``transient`` is ``None`` where it does not tell."""

    sentence: str
    transient: bool | None


Ask = Callable[[], Trouble | None]


@dataclass(frozen=True, slots=True)
class Subject:
    """A client. ``names`` is what its sentence has to hold, ``{address}`` being the wire's; ``seconds`` how long one
    question may take by what the package says of it; ``server`` the fixture that gives the port of what it asks.
    """

    name: str
    opened: Callable[[Wire, Path], Generator[Ask]]
    names: tuple[str, ...]
    seconds: float
    transient: bool | None = True
    server: str = "broker"

    def open(self, wire: Wire, folder: Path, held: ExitStack) -> Ask:
        return held.enter_context(contextmanager(self.opened)(wire, folder))


def _admin(wire: Wire, _: Path) -> Generator[Ask]:
    with BrokerAdmin(_connection(wire)) as admin:
        yield _asking(admin.topic_names)


def _observe(wire: Wire, _: Path) -> Generator[Ask]:
    with BrokerAdmin(_connection(wire)) as admin:
        yield _asking(lambda: admin.snapshot([TOPIC]))


def _first(wire: Wire, _: Path) -> Generator[Ask]:
    """A client of its own for each question, as each command has."""

    def ask() -> object:
        with BrokerAdmin(_connection(wire)) as admin:
            return admin.topic_names()

    yield _asking(ask)


def _reader(wire: Wire, _: Path) -> Generator[Ask]:
    yield _asking(lambda: list(read(_connection(wire), TOPIC, 1)))


def _appender(wire: Wire, _: Path) -> Generator[Ask]:
    appender, numbers = Appender(_connection(wire), Target(TOPIC, 1)), count()

    def ask() -> Trouble | None:
        done = appender.append([LedgerRecord(str(next(numbers)), "key", b"{}", {})])
        error = next(iter(done.errors.values()), None)
        return None if error is None else Trouble(error.message, error.transient)

    yield ask


def _submitter(wire: Wire, folder: Path) -> Generator[Ask]:
    place = folder / "contracts" / "faults"
    place.mkdir(parents=True)
    (place / "contract.yaml").write_text(f"name: faults\nevent_bus:\n  subscribe_topics: [{ASKED}]\n")
    environ = {"OMNI_HOME": str(folder / "state"), "OMNI_BROKER_TIMEOUT": str(BROKER_SECONDS)}
    context = resolve([str(folder / "contracts")], bootstrap_servers=wire.address, environ=environ, folder=folder)

    def ask() -> Trouble | None:
        done = submit(context, [Submission(topic=ASKED, data={})])
        return Trouble(done.failed[0][1], None) if done.failed else None

    yield _asking(ask)


class _Anybody:
    """Owns whatever is given to a seat, and remembers that it was given something."""

    def __init__(self) -> None:
        self.given = False

    def assigned(self, committed: object) -> None:
        self.given = True

    def revoked(self, partitions: object, *, lost: bool) -> None:
        return None


def _worker(wire: Wire, _: Path) -> Generator[Ask]:
    """A seat taken, one result written, and given back."""

    def ask() -> None:
        owner = _Anybody()
        worker = Worker(_connection(wire), Seat("faults", (ASKED,)), owner)
        try:
            deadline = time.monotonic() + JOINING_SECONDS
            while not owner.given and time.monotonic() < deadline:
                worker.poll(0.1)
            assert worker.commit([Outgoing(TOPIC, b"key", b"{}", ())], {})
        finally:
            worker.close()

    yield _asking(ask)


def _model(wire: Wire, _: Path) -> Generator[Ask]:
    endpoint = Endpoint(location=Location.LOCAL, timeout_seconds=HTTP_SECONDS)
    question = Question("small", "", "What is 6 times 7?", 64, 0.0)
    with asyncio.Runner() as runner:
        client = ModelClient(endpoint, Address(f"http://{wire.address}/v1", None), Redactor([]))

        def ask() -> Trouble | None:
            reply = runner.run(client.ask(question))
            return Trouble(reply.message, reply.nature.transient) if isinstance(reply, Failed) else None

        yield ask
        runner.run(client.close())


def _webhook(wire: Wire, _: Path) -> Generator[Ask]:
    yield _asking(lambda: webhook.post(f"http://{wire.address}/hush", {"text": "it is late"}))


def _telemetry(wire: Wire, _: Path) -> Generator[Ask]:
    """What one process would tell: a span, sent at its end."""

    def ask() -> Trouble | None:
        said: list[str] = []
        with opening.told_elsewhere(said.append), signals.span("a task", SpanKind.INTERNAL):
            pass
        assert len(said) <= 1, said
        return Trouble(said[0], None) if said else None

    yield ask


def _redis(wire: Wire, _: Path) -> Generator[Ask]:
    with RedisStreams(f"redis://{REDIS_USER}@{wire.address}") as streams:
        yield _asking(streams.listing)


SUBJECTS = (
    Subject("admin", _admin, ("did not answer", "within 2 s"), BROKER_SECONDS + 1),
    Subject("a first question", _first, ("no broker answers at {address}",), BROKER_SECONDS + 1),
    Subject("observe", _observe, ("did not answer", "within 2 s"), BROKER_SECONDS + 1),
    Subject("reading the ledger", _reader, (TOPIC,), 2 * BROKER_SECONDS + 1),
    Subject("appending to the ledger", _appender, ("no answer in time",), BROKER_SECONDS + 1),
    Subject("submit", _submitter, ("no broker answers at {address}",), BROKER_SECONDS + 1),
    Subject("worker", _worker, ("no broker answers at {address}",), BROKER_SECONDS + 1),
    Subject("model endpoint", _model, (), HTTP_SECONDS, server="model"),
    Subject("webhook", _webhook, ("the webhook of OMNI_ALERT_WEBHOOK",), 6 * HTTP_SECONDS, False, "hook"),
    Subject("Redis", _redis, ("no Redis answers at {address}/0",), 2 * HTTP_SECONDS, server="streams"),
    Subject("OTLP", _telemetry, ("{address}",), HTTP_SECONDS, None, "collector"),
)


def topics(connection: Connection) -> None:
    client = open_client(AdminClient, connection)
    for each in (TOPIC, ASKED):
        create(client, each)


def _connection(wire: Wire) -> Connection:
    return Connection(wire.address, timeout=BROKER_SECONDS)


def _asking(ask: Callable[[], object]) -> Ask:
    def asked() -> Trouble | None:
        try:
            answer = ask()
        except OmniError as error:
            return Trouble(error.message, error.transient)
        return answer if isinstance(answer, Trouble) else None

    return asked
