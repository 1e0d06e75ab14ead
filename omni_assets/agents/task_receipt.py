"""The receipt of one task on the bus: a record that a node was to work on, and what came of it. Version 1.

One for each record, whatever happened; attempts nested. Figures that are not known are ``None``, never 0.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

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
    """How a task ended. ``dead-lettered`` ones failed, and stand in the dead-letter topic as they came; ``waiting``
    ones asked a person, whose answer is a task of its own.
    """

    DONE = "done"
    FAILED = "failed"
    DEAD_LETTERED = "dead-lettered"
    DUPLICATE = "duplicate"
    WAITING = "waiting"


FAILURES = frozenset({TaskOutcome.FAILED, TaskOutcome.DEAD_LETTERED})
"""Outcomes of tasks that were not done."""


class TaskAttempt(Strict):
    """The call of the handler with this ``number``, from 1. ``reason`` is a clause, why it was not the last; empty
    where it did its work.
    """

    number: Annotated[int, Field(ge=1)]
    seconds: _Seconds
    reason: str = ""


class TaskResult(Strict):
    """An event that the task published."""

    topic: str
    event_id: str


class EffectOutcome(StrEnum):
    """How an effect outside the bus came about: ``done`` by this task, or ``found`` to be there from an earlier try.
    ``unknown`` where it was begun, and nobody can tell.
    """

    DONE = "done"
    FOUND = "found"
    UNKNOWN = "unknown"


class TaskEffect(Strict):
    """An effect outside the bus, such as a merge. ``key`` is that of its intent, always the same for the same step."""

    name: str
    key: str
    outcome: EffectOutcome


class Answer(StrEnum):
    """What a person says."""

    APPROVED = "approved"
    REJECTED = "rejected"


class TaskApproval(Strict):
    """A question to a person. ``content_sha256`` is the digest of exactly what is shown; ``answer`` and ``by`` are
    there in the receipt of the task that the answer gave rise to."""

    id: str
    content_sha256: str
    answer: Answer | None = None
    by: str = ""


class TaskReceipt(Strict):
    """``key`` is the record's, as text; ``duplicate_of`` the receipt of the task that had the same event before.

    ``requeue_of`` is the receipt of the task whose dead letter was sent again, ``replay`` the replay that this task
    belongs to, and ``replay_of`` the receipt of the task that it repeats.

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
    started_at: AwareDatetime
    ended_at: AwareDatetime
    outcome: TaskOutcome
    attempts: tuple[TaskAttempt, ...]
    reason: str
    results: tuple[TaskResult, ...]
    duplicate_of: str | None
    routing: Receipt | None
    cost_usd: Usd | None
    idempotency_key: str | None = None
    deadline: AwareDatetime | None = None
    requeue_of: str | None = None
    replay: str | None = None
    replay_of: str | None = None
    approval: TaskApproval | None = None
    effects: tuple[TaskEffect, ...] = ()


def read_task_receipt(document: str | bytes) -> TaskReceipt:
    """A receipt as it was written, by this omni or by a newer one: fields that were added to the version are passed
    over. Raises pydantic's ``ValidationError`` where it is of another version, or no receipt of a task.
    """
    return TaskReceipt.model_validate_json(document, extra="ignore")


def task_id(cluster: str, node: str, topic: str, partition: int, offset: int, at_ms: int = 0, replay: str = "") -> str:
    """The id of the receipt of a record: always the same, so that whoever ends it again says so by itself. Each replay
    has one of its own.

    ``at_ms`` is the time of the record, in milliseconds since 1970, where it is known: in a topic that was made anew,
    other records have the offsets of old ones.
    """
    when = f"@{at_ms}" if at_ms else ""
    again = f"/{replay}" if replay else ""
    return sha256(f"{cluster}/{node}/{topic}/{partition}/{offset}{when}{again}".encode()).hexdigest()[:32]


def result_id(task: str, number: int) -> str:
    """The id of the event that a task publishes as its ``number``th: always the same for the same task."""
    return sha256(f"{task}/{number}".encode()).hexdigest()[:32]
