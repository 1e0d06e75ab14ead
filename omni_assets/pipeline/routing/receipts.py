"""What a run says of the tasks that it did: an event for each receipt of the first, and one for all others together.

Dagster's log takes some hundred events in a second, and has no key by which an event is known to be there already: what
was told by this run, or by one that it repeats, is looked up first. The receipts themselves are rows of the projection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import dagster as dg

from omni_assets.contracts.text import count, visible
from omni_assets.operations.context import Context
from omni_assets.pipeline.routing.keys import GROUP, RECEIPTS
from omni_assets.pipeline.topics.keys import PLATFORM
from omni_assets.pipeline.topics.metadata import Column, Metadata, column_schema, counts, preview
from omni_assets.projection.descriptions import COLUMN_DESCRIPTIONS
from omni_assets.projection.rows import ReceiptRow, ReceiptSummary
from omni_assets.projection.store import Projection
from omni_assets.router.receipt import Outcome

MOST_RECEIPTS = 50
"""Most receipts that a run tells of one by one."""

_MOST_EVENTS = 10_000
_RECEIPT, _RECEIPTS = "receipt", "receipts"
_ENDED = (Outcome.ACCEPTED, Outcome.FAILED, Outcome.CANCELLED)


def receipts_asset() -> dg.AssetSpec:
    """The asset whose materializations are receipts. The job ``route_tasks`` writes them."""
    return dg.AssetSpec(
        RECEIPTS,
        group_name=GROUP,
        owners=[PLATFORM],
        kinds={"duckdb"},
        description="What became of tasks. Each materialization is one receipt: which model answered, after how many "
        f"calls, at what cost, and why a task failed. The job `route_tasks` writes them, {MOST_RECEIPTS} in a run at "
        "most, those without an accepted answer first, and sums up the rest in one more. It is not materialized by "
        "itself. `omni receipts` and `omni sql` know all of them, those of the command line too.",
        metadata={
            "dagster/table_name": "projection.main.receipts",
            "dagster/column_schema": column_schema(ReceiptRow, COLUMN_DESCRIPTIONS["receipts"]),
        },
    )


@dataclass(frozen=True, slots=True)
class Told:
    """The receipts that were told already: those by id, and all that ended before ``summed_up``, once a run has."""

    by_id: frozenset[str] = frozenset()
    summed_up: datetime | None = None

    def knows(self, receipt: ReceiptSummary) -> bool:
        """Whether it was told of."""
        return receipt.id in self.by_id or (self.summed_up is not None and receipt.ended_at <= self.summed_up)


def told(instance: dg.DagsterInstance, runs: Sequence[str]) -> Told:
    """What those runs have told."""
    by_id: set[str] = set()
    summed_up: list[float] = []
    for run in runs:
        found = instance.get_records_for_run(
            run, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION, limit=_MOST_EVENTS
        ).records
        for record in found:
            materialization = record.asset_materialization
            if materialization is not None and materialization.asset_key == RECEIPTS:
                receipt = materialization.metadata.get(_RECEIPT)
                if isinstance(receipt, dg.TextMetadataValue):
                    by_id.add(receipt.text or "")
                else:
                    summed_up.append(record.timestamp)
    return Told(frozenset(by_id), datetime.fromtimestamp(max(summed_up), UTC) if summed_up else None)


def telling(where: Context, receipts: Sequence[ReceiptSummary], before: Told) -> Iterator[dg.AssetMaterialization]:
    """The events that are missing: those of single receipts, and at last that of all others together."""
    ordered = sorted(receipts, key=lambda each: (each.outcome == Outcome.ACCEPTED, each.ended_at, each.id))
    waiting = [each for each in ordered if not before.knows(each)]
    room = max(MOST_RECEIPTS - len(before.by_id), 0)
    yield from map(_single, waiting[:room])
    # At last, since it says that all were told.
    if others := waiting[room:]:
        yield _summary(where, others, of=len(receipts))


def _single(each: ReceiptSummary) -> dg.AssetMaterialization:
    answer = f"answered by {each.model}" if each.model else f"{each.outcome}: {each.failure or 'without a reason'}"
    entries: Metadata = {
        _RECEIPT: dg.MetadataValue.text(each.id),
        "task": dg.MetadataValue.text(visible(each.task_id)),
        "task_class": dg.MetadataValue.text(visible(each.task_class)),
        "outcome": dg.MetadataValue.text(each.outcome),
        "model": dg.MetadataValue.text(visible(each.model or "none")),
        **counts(
            {
                "calls": each.attempts,
                "escalations": each.escalations,
                "tokens": each.tokens,
                "local_tokens": each.local_tokens,
            }
        ),
        **_cost(each.spent_usd, each.calls_without_cost),
        "ended_at": dg.MetadataValue.timestamp(each.ended_at),
        "whole_receipt": dg.MetadataValue.md(f"`omni receipts show {each.id}`"),
    }
    if each.calls_without_tokens:
        entries["calls_without_tokens"] = dg.MetadataValue.int(each.calls_without_tokens)
    if each.saved_usd is not None:
        entries["saved_usd"] = dollars(each.saved_usd)
    if each.failure:
        entries["failure"] = dg.MetadataValue.text(visible(each.failure))
    if each.audit_agrees is not None:
        entries["audit"] = dg.MetadataValue.text("agrees" if each.audit_agrees else "does not agree")
    said = f"{each.task_id}: {answer}, after {count(each.attempts, 'call')}"
    return dg.AssetMaterialization(RECEIPTS, description=visible(said), metadata=entries)


def _summary(where: Context, others: Sequence[ReceiptSummary], of: int) -> dg.AssetMaterialization:
    outcomes = Counter(each.outcome for each in others)
    saved = [each.saved_usd for each in others if each.saved_usd is not None]
    entries: Metadata = {
        _RECEIPTS: dg.MetadataValue.int(len(others)),
        **counts({outcome.value: outcomes[outcome.value] for outcome in _ENDED}),
        **counts(
            {
                "calls": sum(each.attempts for each in others),
                "escalations": sum(each.escalations for each in others),
                "tokens": sum(each.tokens for each in others),
                "local_tokens": sum(each.local_tokens for each in others),
            }
        ),
        **_cost(sum((each.spent_usd for each in others), Decimal(0)), sum(each.calls_without_cost for each in others)),
        "saved_usd": dollars(sum(saved, Decimal(0))),
        "accepted_without_known_saving": dg.MetadataValue.int(outcomes[Outcome.ACCEPTED.value] - len(saved)),
        **preview("the_others", _COLUMNS, map(_row, others), "see `omni receipts` and the table receipts"),
        "projection": dg.MetadataValue.path(Projection(where.home).file),
    }
    said = f"{count(len(others), 'receipt')} of {of:,} that have no materialization of their own"
    return dg.AssetMaterialization(RECEIPTS, description=said, metadata=entries)


_COLUMNS = (
    Column("receipt"),
    Column("task"),
    Column("task_class"),
    Column("outcome"),
    Column("model"),
    Column("calls", "int"),
    Column("tokens", "int"),
    Column("cost_usd", "float"),
    Column("failure"),
)


def _row(each: ReceiptSummary) -> dict[str, str | int | float | None]:
    return {
        "receipt": each.id,
        "task": each.task_id,
        "task_class": each.task_class,
        "outcome": each.outcome,
        "model": each.model,
        "calls": each.attempts,
        "tokens": each.tokens,
        "cost_usd": None if each.calls_without_cost else float(each.spent_usd),
        "failure": each.failure,
    }


def _cost(spent: Decimal, without_cost: int) -> Metadata:
    """What was spent, under a name that says whether it is all of it."""
    if not without_cost:
        return {"cost_usd": dollars(spent)}
    return {"cost_at_least_usd": dollars(spent), "calls_without_cost": dg.MetadataValue.int(without_cost)}


def dollars(amount: Decimal) -> dg.FloatMetadataValue:
    """A sum of money, to the billionth of a dollar."""
    return dg.MetadataValue.float(float(amount))
