"""The receipt of one task on the bus: a record that a node was to work on, and what came of it. Version 1.

One for each record, whatever happened; attempts nested. Figures that are not known are ``None``, never 0.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import Field

from omni_assets.contracts.model import HandlerKind
from omni_assets.router.receipt import Receipt
from omni_assets.router.values import Count, Strict, Usd

VERSION = 1

SCHEMA_NAME = f"urn:omni-assets:task-receipt:{VERSION}"
"""What the header ``ce_dataschema`` of a ledger's record says of it, so that readers tell it from a router's."""

NOTHING_SPENT = Decimal(0)
"""What a handler in Python costs: no model was asked."""

_Seconds = Annotated[float, Field(ge=0)]


class TaskOutcome(StrEnum):
    """How a task ended. ``dead-lettered`` ones failed, and stand in the dead-letter topic as they came."""

    DONE = "done"
    FAILED = "failed"
    DEAD_LETTERED = "dead-lettered"
    DUPLICATE = "duplicate"


class TaskAttempt(Strict):
    """One call of the handler. ``reason`` is a clause, why it was not the last; empty where it did its work."""

    number: Annotated[int, Field(ge=1)]
    seconds: _Seconds
    reason: str = ""


class TaskResult(Strict):
    """An event that the task published."""

    topic: str
    event_id: str


class TaskReceipt(Strict):
    """``key`` is the record's, as text; ``duplicate_of`` the receipt of the task that had the same event before.

    ``cost_usd`` is 0 for a handler in Python, and ``None`` where a model was asked and its price is not known.
    """

    version: Literal[1] = 1
    id: str
    event_id: str
    event_source: str
    node: str
    handler: HandlerKind
    topic: str
    partition: Count
    offset: Count
    key: str
    correlation_id: str
    causation_id: str
    started_at: datetime
    ended_at: datetime
    outcome: TaskOutcome
    attempts: tuple[TaskAttempt, ...]
    reason: str
    results: tuple[TaskResult, ...]
    duplicate_of: str | None
    routing: Receipt | None
    cost_usd: Usd | None


def task_id(cluster: str, node: str, topic: str, partition: int, offset: int) -> str:
    """The id of the receipt of a record: always the same, so that whoever ends it again says so by itself."""
    return sha256(f"{cluster}/{node}/{topic}/{partition}/{offset}".encode()).hexdigest()[:32]


def result_id(task: str, number: int) -> str:
    """The id of an event that a task publishes: always the same for the same task."""
    return sha256(f"{task}/{number}".encode()).hexdigest()[:32]
