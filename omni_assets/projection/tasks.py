"""Receipts of tasks on the bus as rows: columns are read from a receipt's JSON object. Pure.

What such a receipt may hold is said by whoever makes one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from omni_assets.projection.documents import Places, columns_of, maybe, moment, money, small, text, whole
from omni_assets.projection.journal import encoded_json
from omni_assets.projection.rows import TaskRow


class LedgerPlace(NamedTuple):
    """Where a receipt stands: the topic of a cluster, and the offset in a partition of it."""

    cluster: str
    ledger: str
    ledger_partition: int
    ledger_position: int


def task_row(document: Mapping[str, Any], environment: str, place: LedgerPlace) -> TaskRow:
    """The row of a receipt that was made under ``environment``; ``routing`` is the id of the routing receipt there.

    Raises ``ValueError`` where it is no receipt of a task.
    """
    columns = columns_of(document, _TASK)
    return TaskRow(**columns, **place._asdict(), environment=environment, document=encoded_json(document))


_TASK: Places = {
    "id": (text, "id"),
    "version": (small, "version"),
    "node": (text, "node"),
    "handler": (text, "handler"),
    "topic": (text, "topic"),
    "partition": (small, "partition"),
    "position": (whole, "offset"),
    "key": (text, "key"),
    "event_id": (text, "event_id"),
    "event_source": (text, "event_source"),
    "correlation_id": (text, "correlation_id"),
    "causation_id": (text, "causation_id"),
    "started_at": (moment, "started_at"),
    "ended_at": (moment, "ended_at"),
    "outcome": (text, "outcome"),
    "reason": (text, "reason"),
    "duplicate_of": (maybe(text), "duplicate_of"),
    "routing": (maybe(text), "routing"),
    "cost_usd": (maybe(money), "cost_usd"),
    "idempotency_key": (maybe(text), "idempotency_key"),
    "deadline": (maybe(moment), "deadline"),
    "requeue_of": (maybe(text), "requeue_of"),
    "replay": (maybe(text), "replay"),
    "replay_of": (maybe(text), "replay_of"),
    "approval": (maybe(text), "approval", "id"),
    "approval_sha256": (maybe(text), "approval", "content_sha256"),
    "approval_answer": (maybe(text), "approval", "answer"),
    "approval_by": (maybe(text), "approval", "by"),
}
