"""Records copied from one topic to another, exactly once.

Each batch is one transaction: the copies and the position behind their originals become visible together, or not at
all. The transactional id and the group of a pair of topics are always the same, so whoever copies next fences off and
aborts what a killed process left open, and goes on where the last transaction ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from omni_assets.broker.connection import SILENT, Connection, open_client
from omni_assets.broker.flows import RESCUE_GROUPS
from omni_assets.broker.headers import are_unreadable, headers_of
from omni_assets.broker.records import Batch, Position, RecordReader, Span, asked, refusal, wire_size
from omni_assets.broker.transactions import REMEMBERS_BROKERS, insist, send_positions
from omni_assets.errors import BrokerRefused, ReadOnly, TransferInterrupted

LATEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]
"""Where a log ends."""

PARTITIONER = "murmur2_random"
"""How Java clients and every producer of ours choose a partition. librdkafka's own default is another."""

MOST_RECORDS, MOST_BYTES = 2_000, 8_388_608
"""The most that one transaction holds: what is lost by an interruption, and what is kept in memory."""

_SHORTEST_TRANSACTION_MS = 60_000
_SURVEY_GROUP = f"{RESCUE_GROUPS}survey"  # where nothing is ever committed
_NO_TIMESTAMP = 0
_LARGEST_MESSAGE = 1_000_000_000
_BATCH_BYTES = 1_000_000


def transfer_id(source: str, target: str) -> str:
    """The transactional id, and the group, of a pair of topics."""
    return f"{RESCUE_GROUPS}{sha256(f'{source}/{target}'.encode()).hexdigest()[:16]}"


class Provenance(NamedTuple):
    """Where a copied record comes from: what is the same for all records of one transfer."""

    source: str
    at: datetime
    by: str

    def headers(self, partition: int, offset: int) -> list[tuple[str, bytes]]:
        """Headers that are added to a record, behind its own."""
        facts = {
            "topic": self.source,
            "partition": str(partition),
            "offset": str(offset),
            "at": self.at.isoformat(timespec="seconds"),
            "by": self.by,
        }
        return [(f"omni-rescued-{name}", fact.encode()) for name, fact in facts.items()]


class Reach(NamedTuple):
    """What there is to copy: from where to where in each partition, and why it begins there.

    ``hidden`` is the most records that follow behind a transaction that is still open. ``started`` says whether
    positions of an earlier transfer were found, ``recreated`` whether they belong to another log of the same name.
    """

    spans: tuple[Span, ...]
    hidden: int
    started: bool
    recreated: bool

    @property
    def most_records(self) -> int:
        """The most records that there can be to copy; transaction markers take offsets too."""
        return sum(span.most_records for span in self.spans)


@dataclass(slots=True)
class Contents:
    """What the records are that would be copied. Sizes in bytes, as on the wire, ``largest`` being that of the largest;
    times of the records themselves.

    ``expired`` records are older than what was asked for.
    """

    records: int = 0
    keyless: int = 0
    expired: int = 0
    largest: int = 0
    oldest_ms: int | None = None
    newest_ms: int | None = None

    def add(self, record: Message, older_than_ms: int | None) -> None:
        """Count one more record, as expired where it is from before ``older_than_ms``, in milliseconds since 1970."""
        self.records += 1
        self.keyless += record.key() is None
        self.largest = max(self.largest, wire_size(record))
        at = timestamp_of(record)
        if at != _NO_TIMESTAMP:
            self.oldest_ms = at if self.oldest_ms is None else min(self.oldest_ms, at)
            self.newest_ms = at if self.newest_ms is None else max(self.newest_ms, at)
            self.expired += older_than_ms is not None and at < older_than_ms


class Copied(NamedTuple):
    """What one transaction brought over, by partition of the source: records, and where each that moved stands now."""

    records: Mapping[int, int]
    positions: Mapping[int, int]


def reach(connection: Connection, source: str, target: str, partitions: int) -> Reach:
    """What there is to copy now, without a write. Raises ``BrokerError``.

    A position that an abandoned transaction holds back does not count: that transaction is aborted first.
    """
    group = transfer_id(source, target)
    with RecordReader(connection, source, group, committed=False) as reader:
        bounds = {each: reader.bounds(each) for each in range(partitions)}
        committed = reader.committed(bounds)
        ends = visible_offsets(connection, source, partitions, LATEST)
        starts, recreated = _starts(reader, committed, {each: low for each, (low, _) in bounds.items()})
    spans = tuple(Span(each, starts[each], ends[each]) for each in bounds)
    hidden = sum(max(0, high - max(ends[each], starts[each])) for each, (_, high) in bounds.items())
    return Reach(spans, hidden, bool(committed), recreated)


def contents(
    connection: Connection,
    source: str,
    spans: Iterable[Span],
    older_than_ms: int | None,
    told: Callable[[int], None],
) -> Contents:
    """Read the spans once, and say what is in them. ``told`` hears how many records it was so far.

    Raises ``BrokerError``.
    """
    found = Contents()
    with RecordReader(connection, source, _SURVEY_GROUP) as reader:
        for batch in reader.batches(spans, MOST_RECORDS, MOST_BYTES):
            for record in batch.records:
                found.add(record, older_than_ms)
            told(found.records)
    return found


@dataclass(frozen=True, slots=True)
class Target:
    """The topic that records are brought to. ``largest`` is the most bytes of a batch that it takes."""

    name: str
    partitions: int
    largest: int = _BATCH_BYTES


def copy(
    connection: Connection,
    provenance: Provenance,
    target: Target,
    found: Reach,
    told: Callable[[Copied], None],
) -> None:
    """Copy what was found, in transactions. ``told`` hears of each one when it is committed.

    Where another transfer of the same pair went on in the meantime, its positions count. A key goes where the
    target's own producers put it; records without key stay together, by the partition that they come from. An
    exception, Ctrl-C among them, aborts the transaction that is open.

    Raises ``ReadOnly``, ``TransferInterrupted`` and ``BrokerError``.
    """
    if connection.read_only:
        raise ReadOnly(f"copying records to {target.name}")
    name = transfer_id(provenance.source, target.name)
    writer = _Writer(connection, name, target)
    writer.start()
    with RecordReader(connection, provenance.source, name) as reader:
        begins = {span.partition: span.start for span in found.spans}
        starts, recreated = _starts(reader, reader.committed(begins), begins)
        if recreated and not found.recreated:
            raise TransferInterrupted(target.name, f"{provenance.source} was made anew in the meantime")
        if recreated:
            # All at once, or the next to go on would take those that are left for a sign of yet another log.
            writer.write(Batch(positions={each: Position(start) for each, start in starts.items()}), provenance, reader)
        left = [span._replace(start=starts[span.partition]) for span in found.spans]
        for batch in reader.batches(left, MOST_RECORDS, MOST_BYTES):
            writer.write(batch, provenance, reader)
            counts = Counter(record.partition() or 0 for record in batch.records)
            told(Copied(counts, {each: at.offset for each, at in batch.positions.items()}))


class _Writer:
    """A transactional producer to one topic."""

    def __init__(self, connection: Connection, name: str, target: Target) -> None:
        self._name = name
        self._target = target
        self._timeout = connection.timeout
        self._producer: Producer = open_client(
            Producer,
            connection,
            {
                **REMEMBERS_BROKERS,
                "transactional.id": name,
                "transaction.timeout.ms": max(
                    _SHORTEST_TRANSACTION_MS, min(int(connection.timeout), 300) * 1_000 + 10_000
                ),
                "partitioner": PARTITIONER,
                "message.max.bytes": min(max(target.largest, 1_000), _LARGEST_MESSAGE),
                "batch.size": min(max(target.largest, 1_000), _BATCH_BYTES),
                "logger": SILENT,
            },
        )

    def start(self) -> None:
        """Fence off and abort what another process of this name left open."""
        self._insist("a request to begin copying", lambda: self._producer.init_transactions(self._timeout))

    def write(self, batch: Batch, provenance: Provenance, reader: RecordReader) -> None:
        """One transaction. Where it does not come to its end, it is aborted."""
        producer = self._producer
        self._insist("a transaction", producer.begin_transaction)
        try:
            for record in batch.records:
                self._produce(record, provenance)
            positions = [
                TopicPartition(provenance.source, each, at.offset, at.mark.text() if at.mark else "")
                for each, at in batch.positions.items()
            ]
            self._insist(
                "the positions of a transaction",
                lambda: send_positions(producer, positions, reader.group(), self._timeout),
            )
            self._insist("the end of a transaction", lambda: producer.commit_transaction(self._timeout))
        except BaseException:
            self._abort()
            raise

    def _produce(self, record: Message, provenance: Provenance) -> None:
        partition, headers = record.partition() or 0, headers_of(record)
        if are_unreadable(headers):
            raise TransferInterrupted(
                self._target.name,
                f"{provenance.source}/{partition}/{record.offset()} has a header whose name is no UTF-8",
                "Have whoever wrote it write it again: nothing is copied without its headers.",
            )
        where: dict[str, Any] = {} if record.key() is not None else {"partition": partition % self._target.partitions}
        asked(
            f"a record for {self._target.name}",
            self._timeout,
            lambda: self._producer.produce(
                self._target.name,
                key=record.key(),
                value=record.value(),
                headers=[*headers, *provenance.headers(partition, record.offset() or 0)],
                timestamp=timestamp_of(record),
                **where,
            ),
        )

    def _abort(self) -> None:
        try:
            self._producer.abort_transaction(self._timeout)
        except KafkaException:
            return  # whoever copies next aborts it; the first error says what happened

    def _insist(self, call: str, ask: Callable[[], object]) -> None:
        """Ask again, as long as the client says that it may be asked again, for the time that a transaction has."""
        try:
            insist(ask, self._timeout)
        except KafkaException as raised:
            error: KafkaError = raised.args[0]
            if error.name() in _TAKEN_OVER:
                raise TransferInterrupted(self._target.name, "another process went on with it") from None
            if error.name() == _NOT_AUTHORISED:
                lacks = f"this principal lacks Write on the transactional id `{self._name}`"
                raise BrokerRefused(call, lacks) from None
            raise refusal(call, self._timeout, error) from None


def timestamp_of(record: Message) -> int:
    """A record's time in milliseconds since 1970; 0 where it has none, which a producer takes for now."""
    return max(_NO_TIMESTAMP, record.timestamp()[1])


def moment(milliseconds: int | None) -> datetime | None:
    """A record's time, as far as a calendar holds it."""
    if milliseconds is None:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


_NOT_AUTHORISED = "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"
_TAKEN_OVER = frozenset({"_FENCED", "PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH"})


def _starts(
    reader: RecordReader, committed: Mapping[int, Position], floors: Mapping[int, int]
) -> tuple[Mapping[int, int], bool]:
    """Where to go on in each partition, and whether the positions are those of a log that is gone.

    Some brokers keep a group's positions when a topic is deleted. The same name is another log then, and what it
    holds was never copied.
    """
    recreated = any(
        position.offset > reader.bounds(partition)[1]
        or (position.mark is not None and reader.bears(partition, position.mark) is False)
        for partition, position in committed.items()
    )
    if recreated:
        return floors, True
    return {each: max(low, committed[each].offset if each in committed else 0) for each, low in floors.items()}, False


def visible_offsets(connection: Connection, topic: str, partitions: int, spec: OffsetSpec) -> Mapping[int, int]:
    """The offset of each partition that ``spec`` asks for, among those that readers of committed records can get to.

    Raises ``BrokerError``.
    """
    client: AdminClient = open_client(AdminClient, connection)
    wanted = [TopicPartition(topic, each) for each in range(partitions)]
    futures = client.list_offsets(
        dict.fromkeys(wanted, spec),
        isolation_level=IsolationLevel.READ_COMMITTED,
        request_timeout=connection.timeout,
    )
    call = f"a request for the offsets of {topic}"
    return {each.partition: asked(call, connection.timeout, futures[each].result).offset for each in wanted}
