"""The records of one topic, read up to where its log ended at a moment: committed ones only, and no group is joined.

Partitions are assigned by hand. The members of a group that a killed process leaves behind never expire on every
broker, and a successor would wait for ever for its partitions.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from omni_assets.broker.codes import NO_GROUP, topic_error
from omni_assets.broker.connection import Connection, open_client
from omni_assets.broker.headers import headers_of
from omni_assets.errors import BrokerError, BrokerRefused, BrokerTimeout

_Answer = TypeVar("_Answer")

POLL_SECONDS = 0.2
_END_OF_PARTITION = "_PARTITION_EOF"
_QUEUE_KILOBYTES = 16_384
_RECORD_OVERHEAD = 100  # bytes that a record takes on the wire at most, besides what it holds
_HEADER_OVERHEAD = 10


class Span(NamedTuple):
    """Offsets of one partition that are to be read: from ``start`` up to, and without, ``end``."""

    partition: int
    start: int
    end: int

    @property
    def most_records(self) -> int:
        """The most records that it can hold: transaction markers take offsets too."""
        return max(0, self.end - self.start)


class Mark(NamedTuple):
    """The last record that was read of a partition, so that another log of the same name is told apart. ``checksum`` is
    a CRC-32 of its value, its key and its time.
    """

    offset: int
    checksum: int

    def text(self) -> str:
        """It as ``read_mark`` reads it."""
        return f"{self.offset} {self.checksum:08x}"


class Position(NamedTuple):
    """The next offset of a partition, and the mark of what was read last, where there is one."""

    offset: int
    mark: Mark | None = None


@dataclass(slots=True)
class Batch:
    """Records in the order of their partitions, and where each partition that moved stands behind them. ``size`` is in
    bytes, as on the wire.
    """

    records: list[Message] = field(default_factory=list)
    size: int = 0
    positions: dict[int, Position] = field(default_factory=dict)


class RecordReader:
    """A consumer of one topic, as a context manager. ``group`` is where positions are committed, by others.

    Methods raise ``BrokerRefused`` and ``BrokerTimeout``; opening one raises ``SettingsError``.
    """

    def __init__(self, connection: Connection, topic: str, group: str, *, committed: bool = True) -> None:
        self.topic = topic
        self._timeout = connection.timeout
        self._consumer: Consumer = open_client(
            Consumer,
            connection,
            {
                "group.id": group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                # With it, positions that an open transaction holds are waited for; without it, the last ones count.
                "isolation.level": "read_committed" if committed else "read_uncommitted",
                "queued.max.messages.kbytes": _QUEUE_KILOBYTES,
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def group(self) -> Any:
        """What a transaction needs to know of the group."""
        return self._consumer.consumer_group_metadata()

    def bounds(self, partition: int) -> tuple[int, int]:
        """The first and the next offset of a partition; what a transaction still holds back counts too."""
        low, high = asked(
            f"a request for the offsets of {self.topic}",
            self._timeout,
            lambda: self._consumer.get_watermark_offsets(TopicPartition(self.topic, partition), self._timeout),
        )
        return low, high

    def committed(self, partitions: Iterable[int]) -> Mapping[int, Position]:
        """The positions that the group committed; a partition without one is left out."""
        wanted = [TopicPartition(self.topic, partition) for partition in partitions]
        answered = asked(
            f"a request for the positions in {self.topic}",
            self._timeout,
            lambda: self._consumer.committed(wanted, self._timeout),
        )
        for each in answered:
            if each.error is not None:
                raise BrokerRefused(f"to show the positions in {self.topic}", topic_error(each.error).message)
        return {
            each.partition: Position(each.offset, read_mark(each.metadata)) for each in answered if each.offset >= 0
        }

    def bears(self, partition: int, mark: Mark) -> bool | None:
        """Whether the log still has the marked record; ``None`` where nothing is at its offset any more."""
        low, high = self.bounds(partition)
        if not low <= mark.offset < high:
            return None
        for batch in self.batches([Span(partition, mark.offset, mark.offset + 1)], 1, 1):
            for record in batch.records:
                return mark_of(record) == mark
        return None

    def batches(self, spans: Iterable[Span], most_records: int, most_bytes: int) -> Iterator[Batch]:
        """The committed records of the spans, in batches that hold at most so much, but one record at least.

        A partition ends where its span does, or earlier where a transaction that is still open hides the rest.
        """
        left = {span.partition: span for span in spans if span.most_records}
        self._consumer.assign([TopicPartition(self.topic, each.partition, each.start) for each in left.values()])
        marks: dict[int, Mark] = {}
        heard = monotonic()
        batch = Batch()
        while left:
            message = self._consumer.poll(POLL_SECONDS)
            if message is None:
                if monotonic() - heard > self._timeout:
                    raise BrokerTimeout(f"a request for the records of {self.topic}", self._timeout)
                if batch.positions:
                    yield batch
                    batch, heard = Batch(), monotonic()
                continue
            error = message.error()
            if error is not None and error.name() != _END_OF_PARTITION:
                self._failed(error)
                continue
            heard = monotonic()
            span = left.get(message.partition() or 0)
            if span is not None:
                self._take(message, span, batch, left, marks)
            if len(batch.records) >= most_records or batch.size >= most_bytes:
                yield batch
                batch, heard = Batch(), monotonic()
        if batch.positions:
            yield batch

    def _take(self, message: Message, span: Span, batch: Batch, left: dict[int, Span], marks: dict[int, Mark]) -> None:
        offset = message.offset() or 0
        if message.error() is not None or offset >= span.end:
            # A transaction marker at the end is no record; only the end of the partition tells that it was passed.
            position = min(offset, span.end)
            if position > span.start:
                batch.positions[span.partition] = Position(position, marks.get(span.partition))
            del left[span.partition]
            self._consumer.incremental_unassign([TopicPartition(self.topic, span.partition)])
        elif offset >= span.start:
            batch.records.append(message)
            batch.size += wire_size(message)
            marks[span.partition] = mark_of(message)
            batch.positions[span.partition] = Position(offset + 1, marks[span.partition])

    def _failed(self, error: KafkaError) -> None:
        known = topic_error(error)
        # The client looks for its group all the same. Where that is not allowed, nothing that is read here needs it.
        if not known.transient and known.code != NO_GROUP:
            raise BrokerRefused(f"to show the records of {self.topic}", known.message)


def wire_size(record: Message) -> int:
    """The bytes that a record takes at most in a request, whatever compression makes of it."""
    headers = sum(len(name) + len(value or b"") + _HEADER_OVERHEAD for name, value in headers_of(record))
    return len(record.key() or b"") + len(record.value() or b"") + headers + _RECORD_OVERHEAD


def mark_of(record: Message) -> Mark:
    """What tells this record from one at the same offset of another log."""
    seed = zlib.crc32(repr((record.key(), record.timestamp()[1])).encode())
    return Mark(record.offset() or 0, zlib.crc32(record.value() or b"", seed))


def asked(call: str, seconds: float, ask: Callable[[], _Answer]) -> _Answer:
    """What ``ask`` gives. Raises ``BrokerError`` in place of the client's errors: ``BrokerTimeout`` or
    ``BrokerRefused``.
    """
    try:
        return ask()
    except KafkaException as raised:
        raise refusal(call, seconds, raised.args[0]) from None


def refusal(call: str, seconds: float, error: KafkaError) -> BrokerError:
    """The client's error as ours."""
    known = topic_error(error)
    return BrokerTimeout(call, seconds) if known.silent else BrokerRefused(call, known.message)


def read_mark(text: str | None) -> Mark | None:
    """The mark that a text states; ``None`` where it states none."""
    parts = (text or "").split(" ")
    try:
        return Mark(int(parts[0]), int(parts[1], 16)) if len(parts) == 2 else None
    except ValueError:
        return None
