"""The list of receipts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from omni_assets.cli.tables import Cell, Line, Row, figure, paragraph, table
from omni_assets.cli.views.money import NOT_KNOWN, plain, usd
from omni_assets.cli.words import age
from omni_assets.contracts.text import count
from omni_assets.projection.rows import ReceiptSummary
from omni_assets.router.receipt import Outcome

_HEADER = ("RECEIPT", "AGE", "TASK", "CLASS", "ANSWER", "COST", "SAVED")
_SHORT_ID = 8
_STYLES = {Outcome.FAILED.value: "red", Outcome.CANCELLED.value: "yellow"}


def receipts_lines(found: Sequence[ReceiptSummary], now: datetime, width: int | None) -> list[Line]:
    """A row for each receipt, why under those that failed, and their number."""
    if not found:
        return paragraph("no receipt is remembered: `omni route run` makes some", width, "dim")
    rows = [Row(tuple(_cells(each, now)), _below(each)) for each in found]
    return [*table(_HEADER, rows, width), *paragraph(count(len(found), "receipt"), width, "dim")]


def receipts_document(found: Sequence[ReceiptSummary]) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {"receipts": [_document(each) for each in found]}


def _cells(each: ReceiptSummary, now: datetime) -> list[Cell]:
    return [
        Cell(each.id[:_SHORT_ID]),
        Cell(age(each.ended_at, now)),
        Cell(each.task_id),
        Cell(each.task_class or "-"),
        Cell(each.model or each.outcome, _STYLES.get(each.outcome, "")),
        figure(NOT_KNOWN if each.calls_without_cost else usd(each.spent_usd)),
        figure("-" if each.saved_usd is None else usd(each.saved_usd)),
    ]


def _below(each: ReceiptSummary) -> str:
    if each.audit_agrees is False:
        return "the audit does not agree with this answer"
    return each.failure or ""


def _document(each: ReceiptSummary) -> dict[str, Any]:
    return {
        **each._asdict(),
        "ended_at": each.ended_at.astimezone(UTC).isoformat(),
        "spent_usd": plain(each.spent_usd),
        "saved_usd": plain(each.saved_usd),
    }
