"""Records that come into a topic from elsewhere, exactly once.

Each batch is one transaction: the records, and beside a position how far their source was read, become visible
together, or not at all. The transactional id and the group of a source and a topic are always the same, so whoever
takes in next fences off and aborts what a killed process left open, and goes on where the last transaction ended. Each
record says in its headers which entry of its source it was: brokers forget the positions of a group after some days.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Any, NamedTuple, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from pydantic import BaseModel, ConfigDict, ValidationError

from omni_assets.broker.calls import Calls
from omni_assets.broker.codes import NO_TRANSACTIONAL_ID, topic_error
from omni_assets.broker.connection import SILENT, Connection, open_client
from omni_assets.broker.flows import MIGRATION_GROUPS
from omni_assets.broker.headers import Headers, headers_of
from omni_assets.broker.lives import begin, next_life
from omni_assets.broker.records import RecordReader, Span, asked, refusal
from omni_assets.broker.transactions import REMEMBERS_BROKERS, insist, send_positions
from omni_assets.broker.transfer import MOST_BYTES, MOST_RECORDS, PARTITIONER, Target
from omni_assets.errors import BrokerRefused, BrokerTimeout, ReadOnly, TransferInterrupted

SOURCE_HEADER, ID_HEADER = "omni-migrated-from", "omni-migrated-id"
"""The headers that name the source of a record, and the entry of it that it was."""

_TRANSACTION_MS = 60_000
_LARGEST_MESSAGE = 1_000_000_000
_BATCH_BYTES = 1_000_000
_TAKEN_OVER = frozenset({"_FENCED", "PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH"})


def intake_id(source: str, topic: str) -> str:
    """The group in which it stands how far a source was taken into a topic."""
    return f"{MIGRATION_GROUPS}{sha256(f'{source}/{topic}'.encode(errors='surrogateescape')).hexdigest()[:16]}"


class Incoming(NamedTuple):
    """A record as it is to be written. ``id`` is the entry that it was, ``at_ms`` its time in milliseconds since 1970,
    0 for now; ``partition`` is ``None`` where its key decides."""

    id: str
    key: bytes | None
    value: bytes | None
    headers: Headers
    at_ms: int
    partition: int | None = None

    @property
    def checksum(self) -> str:
        """The CRC-32 of key and value, by which it is told from another entry's of the same id: 8 digits in hex."""
        return _checksum(self.key, self.value)


class Reached(NamedTuple):
    """How far a source was taken in: up to the entry ``id``, ``number`` records in all; ``text`` is its own."""

    id: str
    number: int
    text: str


class Arrival(NamedTuple):
    """A record of the topic: where it stands, and which entry of the source it was, ``None`` where it came from
    elsewhere. ``checksum`` is as that of ``Incoming``."""

    partition: int
    offset: int
    id: str | None
    checksum: str


class _Beside(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    partition: int
    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class Way:
    """From where to where records are taken. ``source`` is the name by which records tell it."""

    source: str
    target: Target

    @property
    def group(self) -> str:
        """The group in which it stands how far the source was taken in."""
        return intake_id(self.source, self.target.name)


class Intake:
    """The one that takes records in, as a context manager: who did before is fenced off when it is opened.

    Raises ``ReadOnly`` and ``BrokerError``, of which ``TransferInterrupted`` says that another one took over.
    """

    def __init__(self, connection: Connection, way: Way) -> None:
        if connection.read_only:
            raise ReadOnly(f"copying records to {way.target.name}")
        self._connection = connection
        self._way = way
        self._timeout = connection.timeout
        self._undelivered: KafkaError | None = None
        self._last: tuple[int, int] | None = None
        self._producer = self._begun()
        self._register: Consumer = _register(connection, way.group, committed=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._register.close()

    def reached(self) -> Reached | None:
        """See ``reached``; what was left open is aborted, and holds nothing back."""
        return _reached(self._connection, self._way, self._register)

    def write(self, records: Sequence[Incoming], number: int, text: str) -> None:
        """One transaction. ``number`` and ``text`` are what ``Reached`` holds behind the last of the records.

        Where it does not come to its end it is aborted, and the intake is of no use any more.
        """
        producer = self._producer
        self._undelivered = self._last = None
        self._insist("a transaction", producer.begin_transaction)
        try:
            for record in records[:-1]:
                self._produce(record, self._delivered)
            self._produce(records[-1], self._landed)
            self._flush()
            self._insist(
                "the position of a transaction",
                lambda: send_positions(
                    producer,
                    [self._position(records[-1].id, number, text)],
                    self._register.consumer_group_metadata(),
                    self._timeout,
                ),
            )
            self._insist("the end of a transaction", lambda: producer.commit_transaction(self._timeout))
        except BaseException:
            self._abort()
            raise

    def _begun(self) -> Producer:
        name = f"{self._way.group}.writer"
        largest = min(max(self._way.target.largest, 1_000), _LARGEST_MESSAGE)
        try:
            if not Calls(self._connection).reach().id:
                name = next_life(self._connection, name, self._way.target.name)
            producer: Producer = open_client(
                Producer,
                self._connection,
                {
                    **REMEMBERS_BROKERS,
                    "transactional.id": name,
                    "transaction.timeout.ms": _TRANSACTION_MS,
                    "partitioner": PARTITIONER,
                    "message.max.bytes": largest,
                    "batch.size": min(largest, _BATCH_BYTES),
                    "logger": SILENT,
                },
            )
            begin(self._connection, producer)
        except KafkaException as raised:
            raise self._refusal("a request to begin copying", raised.args[0]) from None
        return producer

    def _produce(self, record: Incoming, delivered: Callable[[KafkaError | None, Message], None]) -> None:
        where: dict[str, Any] = {} if record.partition is None else {"partition": record.partition}
        source = self._way.source.encode(errors="surrogateescape")
        asked(
            f"a record for {self._way.target.name}",
            self._timeout,
            lambda: self._producer.produce(
                self._way.target.name,
                key=record.key,
                value=record.value,
                headers=[*record.headers, (SOURCE_HEADER, source), (ID_HEADER, record.id.encode())],
                timestamp=record.at_ms,
                on_delivery=delivered,
                **where,
            ),
        )

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        # Those that were given up because of another one say so, and tell nothing.
        if error is not None and not error.name().startswith("_PURGE"):
            self._undelivered = self._undelivered or error

    def _landed(self, error: KafkaError | None, record: Message) -> None:
        """Where the last of the records stands. Partitions tell in no order of theirs."""
        self._delivered(error, record)
        self._last = record.partition() or 0, record.offset() or 0

    def _flush(self) -> None:
        """Have all records at the broker: only then it is known where the last of them stands."""
        call = f"the records for {self._way.target.name}"
        try:
            left = self._producer.flush(self._timeout)
        except (KafkaException, SystemError) as raised:
            # The client raises what is fatal while it calls back: whichever call comes next fails for that.
            cause = raised if isinstance(raised, KafkaException) else raised.__cause__
            if not isinstance(cause, KafkaException):
                raise
            raise self._refusal(call, cause.args[0]) from None
        if self._undelivered is not None:
            raise self._refusal(call, self._undelivered)
        if left:
            raise BrokerTimeout(call, self._timeout)

    def _position(self, last: str, number: int, text: str) -> TopicPartition:
        partition, offset = self._last or (0, 0)
        beside = _Beside(id=last, partition=partition, offset=offset, text=text)
        return TopicPartition(self._way.target.name, 0, number, beside.model_dump_json())

    def _abort(self) -> None:
        try:
            self._producer.abort_transaction(self._timeout)
        except KafkaException:
            return  # whoever takes in next aborts it; the first error says what happened

    def _insist(self, call: str, ask: Callable[[], object]) -> None:
        """Ask again, as long as the client says that it may be asked again, for the time that a transaction has."""
        try:
            insist(ask, self._timeout)
        except KafkaException as raised:
            raise self._refusal(call, raised.args[0]) from None

    def _refusal(self, call: str, error: KafkaError) -> Exception:
        if error.name() in _TAKEN_OVER:
            return TransferInterrupted(self._way.target.name, "another process went on with it")
        if error.name() == NO_TRANSACTIONAL_ID:
            lacks = f"this principal lacks Write on the transactional id `{self._way.group}.writer`"
            return BrokerRefused(call, lacks)
        return refusal(call, self._timeout, error)


def reached(connection: Connection, way: Way) -> Reached | None:
    """How far a source was taken in, as the broker keeps it; ``None`` where it keeps nothing, or it belongs to another
    log of the same name. A position that an abandoned transaction holds back does not count. Raises ``BrokerError``.
    """
    register = _register(connection, way.group, committed=False)
    try:
        return _reached(connection, way, register)
    finally:
        register.close()


def arrivals(connection: Connection, way: Way, spans: Mapping[int, range]) -> Iterator[Arrival]:
    """The committed records of the topic in those offsets by partition, partition by partition in their order.

    Reads all of them, in batches. Raises ``BrokerError``.
    """
    source = way.source.encode(errors="surrogateescape")
    with RecordReader(connection, way.target.name, way.group) as reader:
        for partition, offsets in spans.items():
            span = Span(partition, offsets.start, offsets.stop)
            for batch in reader.batches([span], MOST_RECORDS, MOST_BYTES):
                for record in batch.records:
                    yield Arrival(
                        partition, record.offset() or 0, _id_of(record, source), _checksum(record.key(), record.value())
                    )


def _reached(connection: Connection, way: Way, register: Consumer) -> Reached | None:
    name = way.target.name
    (found,) = asked(
        f"a request for the position in {name}",
        connection.timeout,
        lambda: register.committed([TopicPartition(name, 0)], connection.timeout),
    )
    if found.error is not None:
        raise BrokerRefused(f"to show the position in {name}", topic_error(found.error).message)
    if found.offset < 0:
        return None
    try:
        beside = _Beside.model_validate_json(found.metadata or "")
    except ValidationError:
        raise BrokerRefused(
            f"to go on with what comes into {name}", "what is written beside its position is not of this omni"
        ) from None
    if not _bears(connection, way, beside):
        return None
    return Reached(beside.id, found.offset, beside.text)


def _bears(connection: Connection, way: Way, beside: _Beside) -> bool:
    """Whether the log has the last record that was taken in, or had it: some brokers keep the positions of a topic that
    is deleted, and the same name is another log then."""
    name, partition = way.target.name, beside.partition
    if partition >= way.target.partitions:
        return False
    with RecordReader(connection, name, way.group) as reader:
        low, high = reader.bounds(partition)
        if beside.offset >= high:
            return False
        source = way.source.encode(errors="surrogateescape")
        span = Span(partition, beside.offset, beside.offset + 1)
        for batch in reader.batches([span] if beside.offset >= low else [], 1, 1):
            for record in batch.records:
                return _id_of(record, source) == beside.id
    return True


def _register(connection: Connection, group: str, *, committed: bool) -> Consumer:
    isolation = "read_committed" if committed else "read_uncommitted"
    register: Consumer = open_client(
        Consumer,
        connection,
        {"group.id": group, "enable.auto.commit": False, "isolation.level": isolation, "logger": SILENT},
    )
    return register


def _id_of(record: Message, source: bytes) -> str | None:
    stated = dict(headers_of(record))
    told = stated.get(ID_HEADER)
    return told.decode("utf-8", "replace") if told is not None and stated.get(SOURCE_HEADER) == source else None


def _checksum(key: bytes | None, value: bytes | None) -> str:
    return f"{zlib.crc32(value or b'', zlib.crc32(repr(key).encode())):08x}"
