"""The list of tasks on the bus."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from omni_assets.agents.task_receipt import TaskOutcome
from omni_assets.cli.tables import Cell, Line, Row, figure, paragraph, table
from omni_assets.cli.views.money import plain, usd
from omni_assets.cli.words import age
from omni_assets.contracts.faults import short
from omni_assets.contracts.text import count
from omni_assets.projection.rows import TaskSummary

STYLES = {
    TaskOutcome.DONE.value: "green",
    TaskOutcome.FAILED.value: "red",
    TaskOutcome.DEAD_LETTERED.value: "red",
    TaskOutcome.WAITING.value: "yellow",
}
SHORT_ID = 8

_HEADER = ("TASK", "AGE", "NODE", "RECORD", "KEY", "OUTCOME", "TRIES", "COST")


def tasks_lines(found: Sequence[TaskSummary], now: datetime, width: int | None) -> list[Line]:
    """A row for each task, why under those that were not done, and their number."""
    if not found:
        return paragraph("no such task is remembered: `omni task submit` gives some", width, "dim")
    rows = [Row(tuple(_cells(each, now)), each.reason) for each in found]
    return [*table(_HEADER, rows, width), *paragraph(count(len(found), "task"), width, "dim")]


def tasks_document(found: Sequence[TaskSummary]) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {"version": 1, "tasks": [_document(each) for each in found]}


def _cells(each: TaskSummary, now: datetime) -> list[Cell]:
    return [
        Cell(each.id[:SHORT_ID]),
        Cell(age(each.ended_at, now)),
        Cell(each.node),
        Cell(f"{each.topic}/{each.partition}/{each.position}"),
        Cell(short(each.key) or "-"),
        Cell(each.outcome, STYLES.get(each.outcome, "")),
        figure(str(each.attempts)),
        figure(usd(each.cost_usd)),
    ]


def _document(each: TaskSummary) -> dict[str, Any]:
    times = {"started_at": each.started_at, "ended_at": each.ended_at, "deadline": each.deadline}
    return {
        **each._asdict(),
        **{name: at and at.astimezone(UTC).isoformat() for name, at in times.items()},
        "cost_usd": plain(each.cost_usd),
    }
