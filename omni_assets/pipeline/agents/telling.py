"""What Dagster is told of tasks: a materialization for each receipt, each once, in the order of the ledger.

Dagster's log has no key by which an event is known to be there already. So whoever tells holds a lock, stamps each
event with the receipt's position in the ledger, and goes on behind the last one that is logged, whatever ended the run
before.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

from omni_assets.agents.task_receipt import TaskOutcome
from omni_assets.contracts.model import Manifest
from omni_assets.contracts.text import count, visible
from omni_assets.errors import ProjectionBusy, StateFolderUnusable, reason
from omni_assets.operations.agents.projecting import Projected, project_ledger
from omni_assets.operations.agents.tasks import tasks_behind
from omni_assets.operations.context import Context
from omni_assets.pipeline.agents.keys import GROUP, TASKS
from omni_assets.pipeline.routing.receipts import dollars
from omni_assets.pipeline.topics.keys import PLATFORM
from omni_assets.pipeline.topics.metadata import MOST_ROWS, Column, Metadata, column_schema, counts, preview, seconds
from omni_assets.projection.descriptions import COLUMN_DESCRIPTIONS
from omni_assets.projection.rows import TaskRow

MOST_TASKS = 20
"""Most tasks of a partition of the ledger that a run tells of one by one."""

LEDGER_PARTITIONS = dg.DynamicPartitionsDefinition(name="ledger_partitions")

_LOCK_FILE = "tasks-told.lock"
_LOCK_SECONDS = 60.0
_POSITION, _RECEIPT = "ledger_position", "receipt"
_BEGINNING = -1
_TROUBLED = frozenset({TaskOutcome.FAILED, TaskOutcome.DEAD_LETTERED, TaskOutcome.WAITING})


def tasks_asset(nodes: Sequence[dg.AssetKey]) -> dg.AssetSpec:
    """The asset whose materializations are receipts of tasks on the bus. ``nodes`` are those that work on some."""
    return dg.AssetSpec(
        TASKS,
        deps=nodes,
        group_name=GROUP,
        owners=[PLATFORM],
        kinds={"kafka", "duckdb"},
        partitions_def=LEDGER_PARTITIONS,
        description="What became of tasks on the bus. Each materialization is one receipt: which node worked on which "
        "record, how it ended, after how many attempts, at what cost, and where the ledger has it; each partition here "
        f"is one of the ledger. The job `agent_tasks` writes them, {MOST_TASKS} of a partition in a run at most, and "
        "sums up the rest in one more. It is not materialized by itself. `omni task list` and `omni sql` know all of "
        "them.",
        metadata={
            "dagster/table_name": "projection.main.tasks",
            "dagster/column_schema": column_schema(TaskRow, COLUMN_DESCRIPTIONS["tasks"]),
        },
    )


@dataclass(frozen=True, slots=True)
class LedgerPartition:
    """A partition of the ledger, by its ``number``, and its key as a partition of the asset."""

    cluster: str
    topic: str
    number: int

    @property
    def key(self) -> str:
        """Its key as a partition of the asset."""
        return f"{self.number}@{self.cluster}"


@dataclass(frozen=True, slots=True)
class Told:
    """What was projected of the ledger, and how many events Dagster was told."""

    projected: Projected
    events: int


def tell(
    where: Context, manifest: Manifest, instance: dg.DagsterInstance, log: Callable[[dg.AssetMaterialization], None]
) -> Told | None:
    """Project the ledger, and log what Dagster does not have of it yet. ``None`` where there is no ledger.

    Raises ``BrokerError``, ``UnnamedBroker`` and ``StateError``: ``ProjectionBusy`` where another run has been telling
    for a minute.
    """
    with _alone(where.home):
        projected = project_ledger(where, manifest)
        if projected is None:
            return None
        partitions = [
            LedgerPartition(projected.cluster, projected.ledger, each.partition) for each in projected.partitions
        ]
        instance.add_dynamic_partitions(LEDGER_PARTITIONS.name or "", [each.key for each in partitions])
        events = 0
        for each in partitions:
            for event in _untold(where, each, _last_told(where, each, instance)):
                log(event)
                events += 1
    return Told(projected, events)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """The only one of a state folder that tells. Raises ``StateError``."""
    lock = FileLock(home / _LOCK_FILE)
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_LOCK_SECONDS)
    except Timeout:
        raise ProjectionBusy(lock.lock_file, _LOCK_SECONDS) from None
    except OSError as error:
        raise StateFolderUnusable(str(home), reason(error)) from None
    try:
        yield
    finally:
        lock.release()


def _last_told(where: Context, partition: LedgerPartition, instance: dg.DagsterInstance) -> int:
    """The position of the receipt that was told last; before the first, where it is no more there."""
    wanted = dg.AssetRecordsFilter(asset_key=TASKS, asset_partitions=[partition.key])
    latest = next(iter(instance.fetch_materializations(wanted, limit=1).records), None)
    materialization = latest.asset_materialization if latest is not None else None
    position = materialization.metadata.get(_POSITION) if materialization is not None else None
    receipt = materialization.metadata.get(_RECEIPT) if materialization is not None else None
    if not isinstance(position, dg.IntMetadataValue) or not isinstance(receipt, dg.TextMetadataValue):
        return _BEGINNING
    at = position.value or 0
    there = tasks_behind(where.home, partition.cluster, partition.topic, partition.number, at - 1, 1)
    return at if there and (there[0].ledger_position, there[0].id) == (at, receipt.text) else _BEGINNING


def _untold(where: Context, partition: LedgerPartition, told: int) -> Iterator[dg.AssetMaterialization]:
    tasks = _tasks(where, partition, told)
    for each in islice(tasks, MOST_TASKS):
        yield _single(each, partition)
    first = next(tasks, None)
    if first is not None:
        yield _summary(first, tasks, partition)


def _tasks(where: Context, partition: LedgerPartition, told: int) -> Iterator[TaskRow]:
    while page := tasks_behind(where.home, partition.cluster, partition.topic, partition.number, told):
        yield from page
        told = page[-1].ledger_position


def _single(each: TaskRow, partition: LedgerPartition) -> dg.AssetMaterialization:
    record = f"{each.topic}/{each.partition}/{each.position}"
    attempts = len(json.loads(each.document)["attempts"])
    entries: Metadata = {
        _RECEIPT: dg.MetadataValue.text(each.id),
        "node": dg.MetadataValue.text(visible(each.node)),
        "outcome": dg.MetadataValue.text(each.outcome),
        **_texts(
            reason=each.reason,
            key=each.key,
            event=each.event_id,
            correlation=each.correlation_id,
            duplicate_of=each.duplicate_of,
            requeue_of=each.requeue_of,
            replay=each.replay,
            replay_of=each.replay_of,
            approval=each.approval,
            answer=each.approval_answer,
        ),
        "record": dg.MetadataValue.text(visible(record)),
        **counts({"attempts": attempts}),
        "seconds": seconds((each.ended_at - each.started_at).total_seconds()),
        "ended_at": dg.MetadataValue.timestamp(each.ended_at),
        **_place(partition, each),
        "whole_task": dg.MetadataValue.md(f"`omni task show {each.id}`"),
    }
    if each.cost_usd is not None:
        entries["cost_usd"] = dollars(each.cost_usd)
    why = f": {each.reason}" if each.reason else ""
    said = f"{each.node}: {record} {each.outcome}{why}"
    return dg.AssetMaterialization(TASKS, description=visible(said), partition=partition.key, metadata=entries)


@dataclass(slots=True)
class _Sum:
    """What many tasks come to, one after another. ``troubled`` and ``others`` are the first of each."""

    outcomes: Counter[str] = field(default_factory=Counter)
    cost: Decimal = Decimal(0)
    without_cost: int = 0
    troubled: list[TaskRow] = field(default_factory=list)
    others: list[TaskRow] = field(default_factory=list)

    def add(self, each: TaskRow) -> None:
        self.outcomes[each.outcome] += 1
        self.cost += each.cost_usd or 0
        self.without_cost += each.cost_usd is None
        listed = self.troubled if each.outcome in _TROUBLED else self.others
        if len(listed) < MOST_ROWS:
            listed.append(each)


def _summary(first: TaskRow, others: Iterator[TaskRow], partition: LedgerPartition) -> dg.AssetMaterialization:
    total, last = _Sum(), first
    for last in chain([first], others):
        total.add(last)
    number = total.outcomes.total()
    listed = [*total.troubled, *total.others][:MOST_ROWS]
    entries: Metadata = {
        _RECEIPT: dg.MetadataValue.text(last.id),
        "tasks": dg.MetadataValue.int(number),
        **counts({outcome.value: total.outcomes[outcome.value] for outcome in TaskOutcome}),
        "first_ledger_position": dg.MetadataValue.int(first.ledger_position),
        **_place(partition, last),
        **preview("the_tasks", _COLUMNS, map(_row, listed)),
    }
    if number > len(listed):
        shown = f"{len(listed)} of {number:,}, those that did not do their work first; see `omni task list`"
        entries["the_tasks_shown"] = dg.MetadataValue.text(shown)
    entries["cost_usd" if not total.without_cost else "cost_at_least_usd"] = dollars(total.cost)
    if total.without_cost:
        entries["tasks_without_cost"] = dg.MetadataValue.int(total.without_cost)
    said = (
        f"{count(number, 'task')} that have no materialization of their own, at the positions "
        f"{first.ledger_position:,} to {last.ledger_position:,}"
    )
    return dg.AssetMaterialization(TASKS, description=said, partition=partition.key, metadata=entries)


def _place(partition: LedgerPartition, each: TaskRow) -> Metadata:
    return {
        "ledger": dg.MetadataValue.text(f"{partition.topic}/{partition.number}"),
        _POSITION: dg.MetadataValue.int(each.ledger_position),
        "cluster": dg.MetadataValue.text(partition.cluster),
    }


def _texts(**texts: str | None) -> Metadata:
    """Those that say something."""
    return {name: dg.MetadataValue.text(visible(text)) for name, text in texts.items() if text}


_COLUMNS = (
    Column("ledger_position", "int"),
    Column("receipt"),
    Column("node"),
    Column("record"),
    Column("key"),
    Column("outcome"),
    Column("reason"),
)


def _row(each: TaskRow) -> dict[str, str | int]:
    return {
        "ledger_position": each.ledger_position,
        "receipt": each.id,
        "node": each.node,
        "record": f"{each.topic}/{each.partition}/{each.position}",
        "key": each.key,
        "outcome": each.outcome,
        "reason": each.reason,
    }
