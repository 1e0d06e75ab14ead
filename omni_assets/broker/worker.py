"""A seat among the workers of one node: records are read in the node's group, and what comes of them is committed with
their positions in one transaction.

Each slot of a node has one name for ever, as a member of the group and as a producer: whoever takes the seat fences off
its predecessor and aborts what that left open. One thread owns a seat. Partitions are handed out all at once, so that
whatever was begun before a rebalance can never end after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from omni_assets.broker.assignment import Committed, Partition, Place
from omni_assets.broker.calls import Calls
from omni_assets.broker.codes import NO_GROUP, NO_TOPIC, NO_TRANSACTIONAL_ID, topic_error
from omni_assets.broker.connection import SILENT, Connection, client_config, open_client
from omni_assets.broker.flows import REPLAY_GROUPS, WORKERS
from omni_assets.broker.headers import headers_of
from omni_assets.broker.lives import begin, next_life
from omni_assets.broker.records import asked, refusal
from omni_assets.broker.transactions import REMEMBERS_BROKERS, insist, send_positions
from omni_assets.broker.transfer import PARTITIONER
from omni_assets.errors import BrokerRefused, OmniError, ReadOnly, WorkerReplaced

SESSION_MS, TRANSACTION_MS = 6_000, 10_000
"""How long a silent worker keeps its partitions, and an open transaction its readers waiting."""

MOST_BYTES = 8_388_608
"""The most that one transaction should hold."""

_HEARTBEAT_MS = 500  # how soon a worker hears of another one: who ends before lets it wait for a session's time
_PREFETCH_KILOBYTES = 16_384
_UNKNOWN_TOPIC_MS = 5_000  # how long a topic that is not there is waited for
_JOINING_SECONDS = 5.0
_LARGEST_MESSAGE = 1_000_000_000  # the topic's own limit decides
_PAUSE = 0.05
_EVERYTHING, _NOTHING = range(2**63 - 1), range(0)
_END_OF_PARTITION = "_PARTITION_EOF"
_TAKEN_OVER = frozenset({"_FENCED", "PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH", "FENCED_INSTANCE_ID"})
_FENCED_MEMBER = KafkaError(KafkaError.FENCED_INSTANCE_ID).str()  # what is fatal to a consumer is told in words alone
_NEVER_TAKEN = frozenset(
    {"MSG_SIZE_TOO_LARGE", "RECORD_LIST_TOO_LARGE", "INVALID_RECORD", "INVALID_TIMESTAMP", "POLICY_VIOLATION"}
)  # what a broker has against a record itself, and not against the transaction that it came in
_NOT_AUTHORISED = frozenset({NO_GROUP, NO_TRANSACTIONAL_ID})


class Received(NamedTuple):
    """A record as it was read."""

    place: Place
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    at_ms: int


class Outgoing(NamedTuple):
    """A record as it is to be written."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class End(NamedTuple):
    """A partition was read to its end, which is before this offset."""

    partition: Partition
    offset: int


class Refused(Exception):
    """The broker takes no such batch, ever; nothing of it was written. ``str()`` is a clause."""


class Owner(Protocol):
    """Who works on what a seat is given. Called from within ``Worker.poll`` and ``Worker.close``."""

    def assigned(self, committed: Mapping[Partition, Committed]) -> None:
        """These are ours from now on, and where they stand."""

    def revoked(self, partitions: Iterable[Partition], *, lost: bool) -> None:
        """These are ours no longer when this returns. What ended may yet be committed, unless they are ``lost``."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Which worker it is: a number from 0 among the workers of one node.

    One of a ``replay`` has a group of its own, which nobody joins: it reads the ``spans`` of offsets, by topic and
    partition, and nothing else. Without them a seat reads all that is there, and all that comes, as far as the group
    gives it.
    """

    node: str
    topics: tuple[str, ...]
    slot: int = 0
    replay: str = ""
    spans: Mapping[tuple[str, int], range] | None = None

    @property
    def group(self) -> str:
        """The consumer group that its positions are committed in."""
        return f"{self.node}{REPLAY_GROUPS}{self.replay}" if self.replay else self.node

    @property
    def member(self) -> str:
        """The name of the group's static member."""
        return f"{self.group}-{self.slot}"

    def span(self, topic: str, number: int) -> range:
        """The offsets of a partition that it reads."""
        return _EVERYTHING if self.spans is None else self.spans.get((topic, number), _NOTHING)


class Worker:
    """A seat that is taken. Raises ``ReadOnly``; methods raise ``BrokerError``, ``WorkerReplaced`` among them."""

    def __init__(self, connection: Connection, seat: Seat, owner: Owner) -> None:
        if connection.read_only:
            raise ReadOnly(f"working for {seat.node}")
        self._connection = connection
        self._seat = seat
        self._owner = owner
        self._timeout = connection.timeout
        self._assignments = 0
        self._assigned: dict[tuple[str, int], Partition] = {}
        self._paused: set[Partition] = set()
        self._over: set[Partition] = set()
        self._failure: OmniError | None = None
        self._group: Any = None
        self._undelivered: KafkaError | None = None
        self._embedded = not Calls(connection).reach().id
        # First of all: what the predecessor left open holds back positions and records.
        self._producer = self._new_producer()
        self._consumer = self._new_consumer()

    def poll(self, seconds: float) -> Received | End | None:
        """The next record, or the end of a partition; ``None`` where nothing came in that time."""
        if self._joining and time.monotonic() - self._asked_at > _JOINING_SECONDS:
            # A broker may forget one of two that join at once. Asking again as the same member changes nothing else.
            self._consumer.close()
            self._consumer = self._new_consumer()
        message = self._consumer.poll(seconds)
        if self._failure is not None:
            raise self._failure
        if message is None:
            return None
        error = message.error()
        if error is None:
            return self._received(message)
        if error.name() == _END_OF_PARTITION:
            partition = self._partition_of(message)
            return self._end(partition, message.offset() or 0) if partition is not None else None
        self._raise_lasting(error)
        return None

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Read nothing of them for now; what was read ahead is read again later."""
        self._turn(partitions, paused=True)

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Read on."""
        self._turn(partitions, paused=False)

    @property
    def paused(self) -> frozenset[Partition]:
        """What is paused."""
        return frozenset(self._paused)

    def commit(self, records: Sequence[Outgoing], positions: Mapping[Partition, Committed]) -> bool:
        """Write the records and the positions in one transaction. Whether that is so now.

        ``False`` where nothing of it was written and it may be tried again. Raises ``Refused`` where that would not
        help, and ``BrokerError``.
        """
        offsets = [TopicPartition(each.topic, each.number, to.offset, to.metadata) for each, to in positions.items()]
        self._undelivered = None
        try:
            self._insist(self._producer.begin_transaction)
            for record in records:
                self._produce(record)
            self._insist(lambda: send_positions(self._producer, offsets, self._group, self._timeout), within=True)
            self._insist(lambda: self._producer.commit_transaction(self._timeout), within=True)
        except KafkaException as raised:
            return self._ended_badly(raised.args[0], records, positions)
        return True

    def close(self) -> None:
        """Give the partitions back. The seat stays known to the group, so that a successor gets them at once."""
        with suppress(KafkaException, RuntimeError):
            if self._seat.spans is not None:  # nobody takes from us what no group gave
                self._on_revoke(self._consumer, [TopicPartition(*each) for each in self._seat.spans])
            self._consumer.close()

    def _partition_of(self, message: Message) -> Partition | None:
        return self._assigned.get((message.topic() or "", message.partition() or 0))

    def _received(self, message: Message) -> Received | End | None:
        partition = self._partition_of(message)
        if partition is None or partition in self._over:
            return None
        place = Place(partition, message.offset() or 0)
        if place.offset >= self._seat.span(partition.topic, partition.number).stop:
            return self._end_for_good(partition)
        key: Any = message.key()
        value: Any = message.value()
        return Received(place, key, value, headers_of(message), max(0, message.timestamp()[1]))

    def _end(self, partition: Partition, offset: int) -> End:
        return End(partition, min(offset, self._seat.span(partition.topic, partition.number).stop))

    def _end_for_good(self, partition: Partition) -> End:
        """What is behind a span is never read."""
        self._consumer.pause([TopicPartition(partition.topic, partition.number)])
        self._over.add(partition)
        return self._end(partition, _EVERYTHING.stop)

    def _turn(self, partitions: Iterable[Partition], *, paused: bool) -> None:
        wanted = [each for each in partitions if (each in self._paused) is not paused and self._is_ours(each)]
        if not wanted:
            return
        turn = self._consumer.pause if paused else self._consumer.resume
        turn([TopicPartition(each.topic, each.number) for each in wanted])
        self._paused = self._paused | set(wanted) if paused else self._paused - set(wanted)

    def _is_ours(self, partition: Partition) -> bool:
        return self._assigned.get((partition.topic, partition.number)) == partition and partition not in self._over

    def _on_assign(self, consumer: Consumer, given: list[TopicPartition]) -> None:
        try:
            self._assignments += 1
            self._joining = False
            committed = {
                Partition(each.topic, each.partition, self._assignments): self._standing(consumer, each)
                for each in self._positions(consumer, given)
            }
            self._assigned = {(each.topic, each.number): each for each in committed}
            self._paused.clear()
            self._over.clear()
            # As it is now: what is begun under this assignment is never committed under another.
            self._group = consumer.consumer_group_metadata()
            self._owner.assigned(committed)
            consumer.assign([TopicPartition(each.topic, each.number, to.offset) for each, to in committed.items()])
        except OmniError as error:
            self._failure = error
        except KafkaException as raised:
            self._failure = refusal("a request for positions", self._timeout, raised.args[0])

    def _on_revoke(self, consumer: Consumer, given: list[TopicPartition]) -> None:
        self._leave(consumer, given, lost=False)

    def _on_lost(self, consumer: Consumer, given: list[TopicPartition]) -> None:
        self._leave(consumer, given, lost=True)

    def _leave(self, consumer: Consumer, given: list[TopicPartition], *, lost: bool) -> None:
        left = [self._assigned[at] for each in given if (at := (each.topic, each.partition)) in self._assigned]
        try:
            self._owner.revoked(left, lost=lost)
        except OmniError as error:
            self._failure = error
        finally:
            for each in left:
                del self._assigned[each.topic, each.number]
            self._paused -= set(left)
            self._over -= set(left)
            consumer.unassign()
            # All join at once when it comes back, too; no other broker was seen to forget one then.
            self._joining, self._asked_at = self._embedded, time.monotonic()

    def _positions(self, consumer: Consumer, given: list[TopicPartition]) -> list[TopicPartition]:
        """What is committed of them. A transaction that is about to end holds it back for a moment."""
        deadline = time.monotonic() + self._timeout
        while given:
            try:
                return consumer.committed(given, self._timeout)
            except KafkaException as raised:
                if not raised.args[0].retriable() or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)
        return []

    def _standing(self, consumer: Consumer, at: TopicPartition) -> Committed:
        """Where a partition stands; at its first record where nothing is committed, or the log is another one since, or
        at the first that is to be read."""
        if at.error is not None:
            raise BrokerRefused(f"to show the positions in {at.topic}", topic_error(at.error).message)
        low, high = asked(
            f"a request for the offsets of {at.topic}",
            self._timeout,
            lambda: consumer.get_watermark_offsets(TopicPartition(at.topic, at.partition), self._timeout),
        )
        if not 0 <= at.offset <= high:
            return Committed(max(low, self._seat.span(at.topic, at.partition).start))
        return Committed(at.offset, at.metadata or "")

    def _produce(self, record: Outgoing) -> None:
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                self._producer.produce(
                    record.topic, record.value, record.key, headers=list(record.headers), on_delivery=self._delivered
                )
            except BufferError:
                if time.monotonic() > deadline:
                    raise KafkaException(KafkaError(KafkaError._TIMED_OUT)) from None  # noqa: SLF001 - a constant
                self._producer.poll(_PAUSE)
            else:
                return

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        # Those that were given up because of another one say so, and tell nothing.
        if error is not None and not error.name().startswith("_PURGE"):
            self._undelivered = self._undelivered or error

    def _ended_badly(
        self, error: KafkaError, records: Sequence[Outgoing], positions: Mapping[Partition, Committed]
    ) -> bool:
        """Make good what a failed transaction left, and say whether it was committed after all."""
        if error.name() in _TAKEN_OVER:
            raise WorkerReplaced(self._seat.node, self._seat.slot) from None
        if self._undelivered is None:
            # A transaction may fail before it is told which record it failed for.
            self._producer.poll(_PAUSE)
        decided = error.txn_requires_abort()
        # A new one in any case: it aborts what is open, waits for what is about to be committed, and begins its count
        # of records anew, which not every broker follows where some were refused.
        self._producer = self._new_producer()
        if not decided:
            return self._stand(positions)
        if error.name() in _NOT_AUTHORISED:
            raise BrokerRefused(
                f"the positions of the group `{self._seat.group}`", topic_error(error).message
            ) from None
        known = topic_error(self._undelivered or error)
        if known.code == NO_TOPIC:
            topics = " or ".join(sorted({f"`{each.topic}`" for each in records}))
            raise Refused(f"this principal lacks Write on {topics}") from None
        if self._undelivered is not None and self._undelivered.name() in _NEVER_TAKEN:
            raise Refused(known.message) from None
        return False

    def _stand(self, positions: Mapping[Partition, Committed]) -> bool:
        wanted = [TopicPartition(each.topic, each.number) for each in positions]
        try:
            found = self._positions(self._consumer, wanted)
        except KafkaException as raised:
            raise refusal("a request for positions", self._timeout, raised.args[0]) from None
        stand = {(each.topic, each.partition): Committed(each.offset, each.metadata or "") for each in found}
        return all(stand.get((each.topic, each.number)) == to for each, to in positions.items())

    def _new_producer(self) -> Producer:
        name = f"{WORKERS}{self._seat.member}"
        try:
            if self._embedded:
                name = next_life(self._connection, name, self._seat.topics[0])
            producer: Producer = open_client(
                Producer,
                self._connection,
                {
                    **REMEMBERS_BROKERS,
                    "transactional.id": name,
                    "transaction.timeout.ms": TRANSACTION_MS,
                    "socket.timeout.ms": min(client_config(self._connection)["socket.timeout.ms"], TRANSACTION_MS),
                    "partitioner": PARTITIONER,
                    "compression.type": "lz4",
                    "message.max.bytes": _LARGEST_MESSAGE,
                    "linger.ms": 0,
                    "topic.metadata.propagation.max.ms": _UNKNOWN_TOPIC_MS,
                    "logger": SILENT,
                },
            )
            begin(self._connection, producer)
        except KafkaException as raised:
            error: KafkaError = raised.args[0]
            if error.name() in _TAKEN_OVER:
                raise WorkerReplaced(self._seat.node, self._seat.slot) from None
            if error.name() == NO_TRANSACTIONAL_ID:
                lacks = f"this principal lacks Write on the transactional id `{name}`"
                raise BrokerRefused("a request to begin working", lacks) from None
            raise refusal("a request to begin working", self._timeout, error) from None
        return producer

    def _new_consumer(self) -> Consumer:
        consumer: Consumer = open_client(
            Consumer,
            self._connection,
            {
                "group.id": self._seat.group,
                "group.instance.id": self._seat.member,
                "partition.assignment.strategy": "roundrobin",
                "session.timeout.ms": SESSION_MS,
                "heartbeat.interval.ms": _HEARTBEAT_MS,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "queued.max.messages.kbytes": _PREFETCH_KILOBYTES,
                "fetch.wait.max.ms": 20,
                "logger": SILENT,
            },
        )
        self._joining, self._asked_at = True, time.monotonic()
        if self._seat.spans is None:
            consumer.subscribe(
                list(self._seat.topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )
        else:
            self._on_assign(consumer, [TopicPartition(*each) for each in self._seat.spans])
        return consumer

    def _insist(self, ask: Callable[[], object], *, within: bool = False) -> None:
        """Ask again for the time that a request has, and ``within`` a transaction for no longer than that has."""
        insist(ask, min(self._timeout, TRANSACTION_MS / 1_000) if within else self._timeout)

    def _raise_lasting(self, error: KafkaError) -> None:
        """What passes is waited for; what does not ends the worker."""
        if error.name() in _TAKEN_OVER or _FENCED_MEMBER in error.str():
            raise WorkerReplaced(self._seat.node, self._seat.slot)
        known = topic_error(error)
        if error.fatal() or not (known.transient or error.retriable()):
            no_group = f"this principal lacks Read on the consumer group `{self._seat.group}`"
            why = no_group if error.name() == NO_GROUP else known.message
            raise BrokerRefused(f"to show the records of {', '.join(self._seat.topics)}", why)
