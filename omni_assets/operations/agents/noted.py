"""What the ledger says of tasks: read back whenever a worker is given partitions, since another one may have had them
until now, and by whoever asks what became of dead letters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from omni_assets.agents.events import source_of
from omni_assets.agents.seen import MOST_SEEN, Seen
from omni_assets.agents.task_receipt import SCHEMA_NAME, TaskOutcome, TaskReceipt, read_task_receipt
from omni_assets.broker.connection import Connection
from omni_assets.broker.records import RecordReader, Span
from omni_assets.broker.transfer import MOST_BYTES, MOST_RECORDS

_READERS = "omni-worker-ledger"  # a group in which nothing is ever committed
_SCHEMA_HEADER = ("ce_dataschema", SCHEMA_NAME.encode())


@dataclass(frozen=True, slots=True)
class Known:
    """What a node has worked on, and how its tasks ended, in their order."""

    seen: Seen
    outcomes: tuple[TaskOutcome, ...]


def known(
    connection: Connection, ledger: str, partitions: int, node: str, *, window: timedelta, replay: str = ""
) -> Known:
    """What the newest receipts say of a node. What was done in one replay is known to that one alone.

    Others write to the ledger, too, and a transaction that one of them has open hides what was committed behind it. So
    what stands there counts: a task whose receipt is not committed after all is done anew, under the same id.

    Raises ``BrokerError``.
    """
    seen, ends = Seen(window), {}
    for receipt in task_receipts(connection, ledger, partitions, node, hidden=True):
        if (receipt.node, receipt.replay or "") == (node, replay):
            seen.note(receipt)
            ends[receipt.id] = (receipt.ended_at, receipt.outcome)
    return Known(seen, tuple(outcome for _, outcome in sorted(ends.values())))


def task_receipts(
    connection: Connection,
    ledger: str,
    partitions: int,
    node: str = "",
    most: int = MOST_SEEN,
    *,
    hidden: bool = False,
) -> Iterator[TaskReceipt]:
    """The newest receipts of tasks, within the last ``most`` offsets of each partition of the ledger, which are in
    their order; with a ``node``, those of its tasks. What is no receipt of a task is passed over.

    Those that are committed and can be read; behind them also those that an open transaction holds or has ``hidden``.

    Raises ``BrokerError``.
    """
    source = ("ce_source", source_of(node).encode()) if node else None
    for record in _newest(connection, ledger, partitions, most, hidden):
        headers: Any = record.headers() or ()
        if source is not None and source not in headers:
            continue
        receipt = _task_receipt(record.value(), headers)
        if receipt is not None:
            yield receipt


def _newest(connection: Connection, ledger: str, partitions: int, most: int, hidden: bool) -> Iterator[Any]:
    with RecordReader(connection, ledger, _READERS) as reader:
        bounds = {each: reader.bounds(each) for each in range(partitions)}
        starts = {each: max(low, high - most) for each, (low, high) in bounds.items()}
        spans = [Span(each, start, bounds[each][1]) for each, start in starts.items()]
        for batch in reader.batches(spans, MOST_RECORDS, MOST_BYTES):
            starts.update((each, position.offset) for each, position in batch.positions.items())
            yield from batch.records
    if hidden:
        with RecordReader(connection, ledger, _READERS, committed=False) as reader:
            spans = [Span(each, start, reader.bounds(each)[1]) for each, start in starts.items()]
            for batch in reader.batches(spans, MOST_RECORDS, MOST_BYTES):
                yield from batch.records


def _task_receipt(value: Any, headers: Any) -> TaskReceipt | None:
    if _SCHEMA_HEADER not in headers or not isinstance(value, bytes):
        return None
    try:
        return read_task_receipt(value)
    except ValidationError:
        return None
