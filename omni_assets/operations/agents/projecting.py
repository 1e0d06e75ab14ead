"""The ledger into the projection: what became of each task, and of each call of a model for it.

The ledger is the truth of tasks, and tells it whenever it is asked: nothing of it is kept in a journal. Whoever
projects goes on where the last one stopped, and rows and positions are committed together, so that whatever ends it
neither loses nor doubles any. Of two at once, the later one finds the positions moved, and goes on behind the other.
"""

from __future__ import annotations

from dataclasses import dataclass

from omni_assets.agents.task_receipt import SCHEMA_NAME, read_task_receipt
from omni_assets.broker.ledger import Found
from omni_assets.broker.records import Position, read_mark
from omni_assets.broker.stretches import Stretch, read_on
from omni_assets.broker.transfer import Target, moment
from omni_assets.contracts.model import Manifest
from omni_assets.operations.context import Context
from omni_assets.operations.routing.ledger import ENVIRONMENT, NoLedger, found, ledger_topic
from omni_assets.operations.routing.recording import row_of
from omni_assets.projection.rows import LedgerPositionRow, LedgerStretch, PublicationRow, ReceiptRow, TaskRow
from omni_assets.projection.store import Projection
from omni_assets.projection.tasks import LedgerPlace, task_row
from omni_assets.router.receipt import Receipt, read_receipt


@dataclass(frozen=True, slots=True)
class ProjectedPartition:
    """A partition of a ledger: the next offset that was to be projected before (``start``), and the one that is now
    (``end``).

    In between stand receipts of ``tasks``, ``receipts`` of the router, in those or by themselves, and ``others``, which
    are neither and left alone.
    """

    partition: int
    start: int
    end: int
    tasks: int = 0
    receipts: int = 0
    others: int = 0


@dataclass(frozen=True, slots=True)
class Projected:
    """What was projected of a ledger: the topic ``ledger`` of ``cluster``, with all of its partitions."""

    cluster: str
    ledger: str
    partitions: tuple[ProjectedPartition, ...]

    @property
    def tasks(self) -> int:
        """How many receipts of tasks were projected."""
        return sum(each.tasks for each in self.partitions)

    @property
    def receipts(self) -> int:
        """How many receipts of the router were projected."""
        return sum(each.receipts for each in self.partitions)

    @property
    def others(self) -> int:
        """How many records were left alone."""
        return sum(each.others for each in self.partitions)


def project_ledger(context: Context, manifest: Manifest) -> Projected | None:
    """Project what stands in the ledger now, and is not projected yet. ``None`` where the contracts declare no ledger,
    or the broker has none.

    Raises ``BrokerError``, ``UnnamedBroker``, and ``StateError``: ``LedgerReplaced`` where the ledger is not the one
    that was projected.
    """
    try:
        cluster, target = found(context, ledger_topic(manifest, context.settings.router.ledger_node))
    except NoLedger:
        return None
    projecting = _Projecting(context, cluster, target)
    while not projecting.went_through():
        pass
    return projecting.projected()


class _Projecting:
    """The projection of one ledger, as far as this process takes it."""

    def __init__(self, context: Context, cluster: str, target: Target) -> None:
        self._context, self._cluster, self._target = context, cluster, target
        self._projection = Projection(context.home)
        self._done: dict[int, ProjectedPartition] = {}

    def went_through(self) -> bool:
        """Project to the end; ``False`` where another process moved the positions meanwhile."""
        known = self._projection.ledger_positions(self._cluster, self._target.name)
        at = {each: known.get(each) or self._unread(each) for each in range(self._target.partitions)}
        for each, row in at.items():
            self._done.setdefault(each, ProjectedPartition(each, row.position, row.position))
        positions = {each: Position(row.position, read_mark(row.mark)) for each, row in at.items()}
        for stretches in read_on(self._context.connection, self._target.name, positions):
            rows = [self._rows(each, at[each.partition]) for each in stretches]
            if not self._projection.take_over_ledger(rows):
                return False
            for taken in rows:
                at[taken.end.partition] = taken.end
                self._count(taken)
        return True

    def projected(self) -> Projected:
        return Projected(self._cluster, self._target.name, tuple(self._done.values()))

    def _unread(self, partition: int) -> LedgerPositionRow:
        return LedgerPositionRow(self._cluster, self._target.name, partition)

    def _rows(self, stretch: Stretch, start: LedgerPositionRow) -> LedgerStretch:
        tasks: list[TaskRow] = []
        receipts: list[tuple[ReceiptRow, PublicationRow]] = []
        others = 0
        for each in stretch.found:
            try:
                task, receipt = self._read(each)
            except ValueError:  # pydantic's is one
                others += 1
                continue
            tasks += [task] if task is not None else []
            receipts += [receipt] if receipt is not None else []
        mark = stretch.end.mark.text() if stretch.end.mark is not None else ""
        end = start._replace(position=stretch.end.offset, mark=mark, others=start.others + others)
        return LedgerStretch(start, end, tasks, receipts)

    def _read(self, each: Found) -> tuple[TaskRow | None, tuple[ReceiptRow, PublicationRow] | None]:
        """The row of a task, and that of what models did for it or for a task of the router alone.

        Raises ``ValueError`` where the record is no receipt.
        """
        environment = each.headers.get(ENVIRONMENT, self._context.environment)
        if each.headers.get("ce_dataschema") != SCHEMA_NAME:
            return None, self._routed(read_receipt(each.value), environment, each)
        receipt = read_task_receipt(each.value)
        routing = receipt.routing
        document = {**receipt.model_dump(mode="json", exclude={"routing"}), "routing": routing and routing.id}
        row = task_row(document, environment, LedgerPlace(self._cluster, self._target.name, *each.place))
        return row, None if routing is None else self._routed(routing, environment, each)

    def _routed(self, receipt: Receipt, environment: str, each: Found) -> tuple[ReceiptRow, PublicationRow]:
        row = row_of(receipt, self._context)._replace(environment=environment)
        at = moment(each.at_ms) or receipt.ended_at
        return row, PublicationRow(row.id, self._cluster, self._target.name, *each.place, at)

    def _count(self, each: LedgerStretch) -> None:
        partition = each.end.partition
        before = self._done[partition]
        self._done[partition] = ProjectedPartition(
            partition,
            before.start,
            each.end.position,
            before.tasks + len(each.tasks),
            before.receipts + len(each.receipts),
            before.others + each.end.others - each.start.others,
        )
