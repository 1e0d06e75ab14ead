"""Records appended to a topic that keeps everything, and read back from it.

The producer is idempotent and every replica acknowledges, so that the client's own retries double nothing. What was
asked for and never acknowledged may be there all the same: whoever appends it again gives it the same id, and readers
tell by that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from omni_assets.broker.codes import NO_CLUSTER, NO_TOPIC, TIMED_OUT, topic_error
from omni_assets.broker.connection import SILENT, Connection, open_client
from omni_assets.broker.records import RecordReader, Span
from omni_assets.broker.topics import TopicError
from omni_assets.broker.transfer import MOST_BYTES, MOST_RECORDS, PARTITIONER, Target
from omni_assets.errors import ReadOnly

READERS = "omni-ledger-reader"
"""A group in which nothing is ever committed."""

_LARGEST_MESSAGE = 1_000_000_000  # the topic's own limit decides
_POLL_SECONDS = 0.01  # another thread may have heard of what this one waits for


class LedgerRecord(NamedTuple):
    """A record as it is appended. ``id`` tells it from the others of one call; what readers see of it is in headers,
    which are texts by name, or pairs as they are to stand.
    """

    id: str
    key: str | bytes | None
    value: bytes
    headers: Mapping[str, str] | tuple[tuple[str, bytes | None], ...]


class Place(NamedTuple):
    """Where a record stands in a topic."""

    partition: int
    offset: int


class Found(NamedTuple):
    """A record as it is read back. Headers that are no text are left out."""

    place: Place
    at_ms: int
    key: str | None
    value: bytes
    headers: Mapping[str, str]


@dataclass(slots=True)
class Appended:
    """Where each record stands that was acknowledged, and why others were not, by id."""

    places: dict[str, Place] = field(default_factory=dict)
    errors: dict[str, TopicError] = field(default_factory=dict)


class Appender:
    """Appends to one topic, however often, from several threads. A client is opened when it is needed, and anew behind
    one that failed: not every broker follows its count of records where some were refused.
    """

    def __init__(self, connection: Connection, target: Target) -> None:
        self._connection = connection
        self._target = target
        self._producer: Producer | None = None
        self._opening = threading.Lock()

    def append(self, records: Sequence[LedgerRecord]) -> Appended:
        """Append the records, and wait until each was acknowledged or given up, for the time that one call may take.

        A key's records stay in their order. Raises ``ReadOnly``.
        """
        if self._connection.read_only:
            raise ReadOnly(f"appending to {self._target.name}")
        producer = self._opened()
        done = Appended()
        deadline = time.monotonic() + self._connection.timeout
        left = TIMED_OUT
        try:
            for record in records:
                _produce(producer, self._target.name, record, done, deadline)
            while len(done.places) + len(done.errors) < len(records) and time.monotonic() < deadline + 1:
                producer.poll(_POLL_SECONDS)
        except KafkaException as raised:  # the client as a whole is of no more use
            left = _not_written(raised.args[0], self._target.name)
        for record in records:
            if record.id not in done.places:
                done.errors.setdefault(record.id, left)
        if done.errors:
            self._give_up(producer)
        return done

    def _opened(self) -> Producer:
        with self._opening:
            if self._producer is None:
                self._producer = open_client(
                    Producer,
                    self._connection,
                    {
                        "enable.idempotence": True,
                        "acks": "all",
                        "partitioner": PARTITIONER,
                        "compression.type": "lz4",
                        "message.max.bytes": _LARGEST_MESSAGE,
                        # A batch that is too large is refused whole: what the topic does not take must stand in one
                        # alone.
                        "batch.size": max(self._target.largest, 1_000),
                        "message.timeout.ms": int(self._connection.timeout * 1000),
                        "linger.ms": 5,
                        "logger": SILENT,
                    },
                )
            return self._producer

    def _give_up(self, producer: Producer) -> None:
        with self._opening:
            if self._producer is producer:
                self._producer = None


def append(connection: Connection, target: Target, records: Sequence[LedgerRecord]) -> Appended:
    """Append the records once, as an ``Appender`` does. Raises ``ReadOnly``."""
    return Appender(connection, target).append(records)


def read(connection: Connection, topic: str, partitions: int) -> Iterator[Found]:
    """Every committed record that is in the topic now, each partition's in order. Raises ``BrokerError``."""
    with RecordReader(connection, topic, READERS) as reader:
        spans = [Span(each, *reader.bounds(each)) for each in range(partitions)]
        for batch in reader.batches(spans, MOST_RECORDS, MOST_BYTES):
            yield from map(found_in, batch.records)


def _produce(producer: Producer, topic: str, record: LedgerRecord, done: Appended, deadline: float) -> None:
    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            done.errors[record.id] = _not_written(error, topic)
        else:
            done.places[record.id] = Place(message.partition() or 0, message.offset() or 0)

    while True:
        try:
            producer.produce(
                topic,
                key=record.key.encode() if isinstance(record.key, str) else record.key,
                value=record.value,
                headers=_headers(record),
                on_delivery=delivered,
            )
        except BufferError:
            if time.monotonic() > deadline:
                return
            producer.poll(_POLL_SECONDS)
        except KafkaException as raised:
            done.errors[record.id] = _not_written(raised.args[0], topic)
            return
        else:
            producer.poll(0)
            return


def _not_written(error: KafkaError, topic: str) -> TopicError:
    known = topic_error(error)
    lacks = f"this principal lacks Write on the topic `{topic}`"
    # Who may write to no topic at all is refused the number that an idempotent producer needs.
    return replace(known, message=lacks) if known.code in (NO_TOPIC, NO_CLUSTER) else known


def _headers(record: LedgerRecord) -> list[tuple[str, str | bytes | None]]:
    if isinstance(record.headers, Mapping):
        return list(record.headers.items())
    return list(record.headers)


def found_in(message: Message) -> Found:
    """A record as it is read back."""
    stated: Any = message.headers() or ()
    headers = {}
    for name, value in stated:
        text = _text(value)
        if text is not None:
            headers[name] = text
    place = Place(message.partition() or 0, message.offset() or 0)
    return Found(place, max(0, message.timestamp()[1]), _text(message.key()), message.value() or b"", headers)


def _text(value: Any) -> str | None:
    try:
        return value.decode() if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return None
