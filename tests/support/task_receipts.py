"""Receipts of tasks made by hand: what a worker leaves in the ledger, without one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from omni_assets.agents.task_receipt import NOTHING_SPENT, TaskAttempt, TaskOutcome, TaskReceipt
from omni_assets.contracts.model import HandlerKind

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def receipt(id_: str, **changed: Any) -> TaskReceipt:
    """The receipt of a task that was done at once, of an event ``e-ID`` that came of nothing."""
    event = changed.get("event_id", f"e-{id_}")
    values: dict[str, Any] = {
        "id": id_,
        "event_id": event,
        "event_source": "/tests",
        "node": "echo",
        "handler": HandlerKind.PYTHON,
        "topic": "onex.cmd.echo.asked.v1",
        "partition": 0,
        "offset": 0,
        "key": "k",
        "correlation_id": "c",
        "causation_id": event,
        "started_at": NOW,
        "ended_at": NOW + timedelta(milliseconds=250),
        "outcome": TaskOutcome.DONE,
        "attempts": (TaskAttempt(number=1, seconds=0.25),),
        "reason": "",
        "results": (),
        "duplicate_of": None,
        "routing": None,
        "cost_usd": NOTHING_SPENT,
    }
    return TaskReceipt(**{**values, **changed})
