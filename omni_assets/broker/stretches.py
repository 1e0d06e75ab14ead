"""A topic that keeps everything, read on from where it was left: what is committed by now, in bounded batches.

The record that was read last is read once more, so that another log of the same name is told apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from confluent_kafka import Message

from omni_assets.broker.connection import Connection
from omni_assets.broker.ledger import READERS, Found, found_in
from omni_assets.broker.records import Mark, Position, RecordReader, Span, mark_of
from omni_assets.broker.transfer import MOST_BYTES, MOST_RECORDS
from omni_assets.errors import LedgerReplaced


class Stretch(NamedTuple):
    """What a partition holds between two positions, in its order. Transaction markers are no records."""

    partition: int
    start: Position
    end: Position
    found: tuple[Found, ...]


def read_on(
    connection: Connection,
    topic: str,
    positions: Mapping[int, Position],
    *,
    most_records: int = MOST_RECORDS,
    most_bytes: int = MOST_BYTES,
) -> Iterator[tuple[Stretch, ...]]:
    """Every committed record behind the positions that is in the topic now, in batches that hold at most so much.

    Raises ``LedgerReplaced`` where a partition is not the one that its position was taken in, and ``BrokerError``.
    """
    at = dict(positions)
    with RecordReader(connection, topic, READERS) as reader:
        spans = [_behind(reader, partition, position) for partition, position in at.items()]
        unproven = {span.partition: mark for span in spans if (mark := _first_to_come(at[span.partition], span))}
        for batch in reader.batches(spans, most_records, most_bytes):
            records: defaultdict[int, list[Message]] = defaultdict(list)
            for record in batch.records:
                records[record.partition() or 0].append(record)
            stretches = []
            for partition, reached in batch.positions.items():
                start, read = at[partition], records[partition]
                if partition in unproven:
                    _expect(topic, partition, unproven.pop(partition), read)
                end = at[partition] = Position(max(start.offset, reached.offset), reached.mark or start.mark)
                news = tuple(found_in(each) for each in read if (each.offset() or 0) >= start.offset)
                stretches.append(Stretch(partition, start, end, news))
            if moved := tuple(each for each in stretches if each.end != each.start):
                yield moved


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


def _first_to_come(position: Position, span: Span) -> Mark | None:
    """The mark of the record that has to come first, where it is read once more."""
    return position.mark if position.mark is not None and span.start == position.mark.offset < span.end else None


def _expect(topic: str, partition: int, mark: Mark, read: Sequence[Message]) -> None:
    if not read or mark_of(read[0]) != mark:
        raise LedgerReplaced(topic, partition, f"another record stands at offset {mark.offset}")
