"""A topic that keeps everything, read on from where it was left: what is committed by now, in bounded batches.

The record that was read last is read once more, so that another log of the same name is told apart.

The embedded broker tells readers of committed records of an aborted transaction behind its end, too, and clients then
take what the same producer committed later for aborted, unless they read the log from its beginning in one fetch
(docs/rescue.md). That is done where more offsets are missing between two records than a transaction's marker takes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from confluent_kafka import Message

from omni_assets.broker.connection import Connection
from omni_assets.broker.ledger import READERS, Found, found_in
from omni_assets.broker.records import Batch, Position, RecordReader, Span, mark_of
from omni_assets.broker.transfer import MOST_BYTES, MOST_RECORDS
from omni_assets.errors import LedgerReplaced


class Stretch(NamedTuple):
    """What a partition holds between two positions, in its order. Transaction markers are no records."""

    partition: int
    start: Position
    end: Position
    found: tuple[Found, ...]


class _Doubt(Exception):
    """Committed records may be hidden."""


def read_on(
    connection: Connection,
    topic: str,
    positions: Mapping[int, Position],
    *,
    embedded: bool = False,
    most_records: int = MOST_RECORDS,
    most_bytes: int = MOST_BYTES,
) -> Iterator[tuple[Stretch, ...]]:
    """Every committed record behind the positions that is in the topic now, in batches that hold at most so much.

    ``embedded`` says that it may be the embedded broker. Raises ``LedgerReplaced`` where a partition is not the one
    that its position was taken in, and ``BrokerError``.
    """
    at = dict(positions)
    try:
        with RecordReader(connection, topic, READERS) as reader:
            spans = [_behind(reader, partition, position) for partition, position in at.items()]
            reading = _Reading(topic, at, spans, embedded)
            yield from map(reading.take, reader.batches(spans, most_records, most_bytes))
    except _Doubt:
        with RecordReader(connection, topic, READERS, in_one_fetch=True) as reader:
            spans = [Span(partition, *reader.bounds(partition)) for partition in at]
            reading = _Reading(topic, at, spans)
            yield from filter(None, map(reading.take, reader.batches(spans, most_records, most_bytes)))


def _behind(reader: RecordReader, partition: int, position: Position) -> Span:
    """What is to be read behind a position, from the marked record on where that is still there."""
    low, high = reader.bounds(partition)
    if position.offset > high:
        why = f"{position.offset} offsets of it were, and it ends at {high} now"
        raise LedgerReplaced(reader.topic, partition, why)
    if 0 < position.offset < low:
        why = f"it was up to offset {position.offset}, and what is there now begins at {low}"
        raise LedgerReplaced(reader.topic, partition, why)
    if position.offset == high:
        return Span(partition, high, high)
    return Span(partition, max(low, position.offset if position.mark is None else position.mark.offset), high)


class _Reading:
    """One reading of spans, each of which begins before the position in ``at`` or there; positions move with it."""

    def __init__(self, topic: str, at: dict[int, Position], spans: Sequence[Span], embedded: bool = False) -> None:
        self._topic = topic
        self._at = at
        self._embedded = embedded
        self._unproven = {
            span.partition: mark
            for span in spans
            if (mark := at[span.partition].mark) is not None and span.start <= mark.offset < span.end
        }

    def take(self, batch: Batch) -> tuple[Stretch, ...]:
        """What of a batch lies behind the positions. Raises ``LedgerReplaced``, and ``_Doubt`` before any has moved."""
        records: defaultdict[int, list[Message]] = defaultdict(list)
        for record in batch.records:
            records[record.partition() or 0].append(record)
        stretches = [
            self._stretch(partition, reached, records[partition]) for partition, reached in batch.positions.items()
        ]
        self._at.update((each.partition, each.end) for each in stretches)
        return tuple(each for each in stretches if each.end != each.start)

    def _stretch(self, partition: int, reached: Position, read: Sequence[Message]) -> Stretch:
        start = self._at[partition]
        mark = self._unproven.get(partition)
        if mark is not None and mark.offset < reached.offset:
            if all(mark_of(each) != mark for each in read if each.offset() == mark.offset):
                if self._embedded:
                    raise _Doubt
                raise LedgerReplaced(self._topic, partition, f"another record stands at offset {mark.offset}")
            del self._unproven[partition]
        if reached.offset <= start.offset:
            return Stretch(partition, start, start, ())
        news = [each for each in read if (each.offset() or 0) >= start.offset]
        end = Position(reached.offset, reached.mark or start.mark)
        if self._embedded and _much_is_missing(start, news, end):
            raise _Doubt
        return Stretch(partition, start, end, tuple(map(found_in, news)))


def _much_is_missing(start: Position, records: Sequence[Message], end: Position) -> bool:
    """Whether somewhere more offsets are no records than the marker of one transaction takes."""
    begins = [*(each.offset() or 0 for each in records), end.offset]
    ends = [start.offset, *(offset + 1 for offset in begins[:-1])]
    return any(begin - before > 1 for before, begin in zip(ends, begins, strict=True))
