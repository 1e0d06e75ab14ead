"""What the ledger says of tasks: read back whenever a worker is given partitions, since another one may have had them
until now, and by whoever asks what became of dead letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from omni_assets.agents.events import source_of
from omni_assets.agents.seen import MOST_SEEN, Seen
from omni_assets.agents.task_receipt import SCHEMA_NAME, TaskOutcome, TaskReceipt, read_task_receipt
from omni_assets.broker.connection import Connection
from omni_assets.broker.records import RecordReader, Span

_READERS = "omni-worker-ledger"  # a group in which nothing is ever committed
_SCHEMA_HEADER = ("ce_dataschema", SCHEMA_NAME.encode())
_BATCH_RECORDS, _BATCH_BYTES = 500, 2_097_152  # what is read at once is memory that a long life keeps
_FROM_THE_BEGINNING: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Known:
    """What a node has worked on, and how its tasks ended, in their order.

    ``hidden`` are the ends that no reader may see yet, or ever. ``upto`` are the offsets of the ledger, by partition,
    before which all is told.
    """

    seen: Seen
    outcomes: tuple[TaskOutcome, ...]
    hidden: tuple[TaskOutcome, ...]
    upto: Mapping[int, int]


def known(
    connection: Connection,
    ledger: str,
    partitions: int,
    node: str,
    *,
    window: timedelta,
    replay: str = "",
    since: Mapping[int, int] = _FROM_THE_BEGINNING,
) -> Known:
    """What the newest receipts say of a node, those before the offsets ``since`` left out. What was done in one replay
    is known to that one alone.

    Others write to the ledger, too, and a transaction that one of them has open hides what was committed behind it. So
    what stands there counts: a task whose receipt is not committed after all is done anew, under the same id.

    Raises ``BrokerError``.
    """
    seen, newest = Seen(window), _Newest(connection, ledger, partitions, MOST_SEEN, since)

    def ends(records: Iterable[Any]) -> dict[str, tuple[datetime, TaskOutcome]]:
        found = {}
        for receipt in _receipts(records, node):
            if (receipt.node, receipt.replay or "") == (node, replay):
                seen.note(receipt)
                found[receipt.id] = (receipt.ended_at, receipt.outcome)
        return found

    committed = ends(newest.committed())
    hidden = {name: end for name, end in ends(newest.hidden()).items() if name not in committed}
    return Known(seen, _in_order(committed), _in_order(hidden), newest.upto)


def task_receipts(
    connection: Connection, ledger: str, partitions: int, node: str = "", most: int = MOST_SEEN
) -> Iterator[TaskReceipt]:
    """The newest receipts of tasks that are committed and can be read, within the last ``most`` offsets of each
    partition of the ledger, which are in their order; with a ``node``, those of its tasks. What is no receipt of a task
    is passed over.

    Raises ``BrokerError``.
    """
    return _receipts(_Newest(connection, ledger, partitions, most).committed(), node)


class _Newest:
    """The last ``most`` records of each partition, from the offsets ``since`` on: what is ``committed`` and can be
    read, and then what an open transaction holds or has ``hidden`` behind that.
    """

    def __init__(
        self,
        connection: Connection,
        ledger: str,
        partitions: int,
        most: int,
        since: Mapping[int, int] = _FROM_THE_BEGINNING,
    ) -> None:
        self._connection = connection
        self._ledger = ledger
        self._partitions = partitions
        self._most = most
        self._since = since
        self.upto: dict[int, int] = {}

    def committed(self) -> Iterator[Any]:
        with RecordReader(self._connection, self._ledger, _READERS) as reader:
            bounds = {each: reader.bounds(each) for each in range(self._partitions)}
            self.upto = {each: self._start(each, low, high) for each, (low, high) in bounds.items()}
            spans = [Span(each, start, bounds[each][1]) for each, start in self.upto.items()]
            for batch in reader.batches(spans, _BATCH_RECORDS, _BATCH_BYTES):
                self.upto.update((each, position.offset) for each, position in batch.positions.items())
                yield from batch.records

    def hidden(self) -> Iterator[Any]:
        with RecordReader(self._connection, self._ledger, _READERS, committed=False) as reader:
            spans = [Span(each, start, reader.bounds(each)[1]) for each, start in self.upto.items()]
            for batch in reader.batches(spans, _BATCH_RECORDS, _BATCH_BYTES):
                yield from batch.records

    def _start(self, partition: int, low: int, high: int) -> int:
        """An offset behind the end is one of another log, which was there before this one."""
        since = self._since.get(partition, low)
        return max(low, high - self._most, since if since <= high else low)


def _in_order(ends: Mapping[str, tuple[datetime, TaskOutcome]]) -> tuple[TaskOutcome, ...]:
    return tuple(outcome for _, outcome in sorted(ends.values()))


def _receipts(records: Iterable[Any], node: str) -> Iterator[TaskReceipt]:
    source = ("ce_source", source_of(node).encode()) if node else None
    for record in records:
        headers: Any = record.headers() or ()
        if source is not None and source not in headers:
            continue
        receipt = _task_receipt(record.value(), headers)
        if receipt is not None:
            yield receipt


def _task_receipt(value: Any, headers: Any) -> TaskReceipt | None:
    if _SCHEMA_HEADER not in headers or not isinstance(value, bytes):
        return None
    try:
        return read_task_receipt(value)
    except ValidationError:
        return None
