"""Receipts as rows: a receipt's JSON object is what is kept, in the journal and in its row; columns are read from it.

Pure, and no other floor's: what a receipt may hold is said by whoever makes one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from omni_assets.projection.documents import (
    Places,
    columns_of,
    fields,
    items,
    json_list,
    maybe,
    moment,
    money,
    real,
    small,
    text,
    truth,
    whole,
)
from omni_assets.projection.events import expect, record_of
from omni_assets.projection.journal import encoded_json
from omni_assets.projection.rows import AttemptRow, ReceiptRow

EVENT = "routed"


class ReceiptForm:
    """How receipts stand in a journal: each line is one, whole, with the environment that it was made under."""

    def record(self, row: ReceiptRow) -> dict[str, object]:
        """The journal record of a row."""
        return record_of(EVENT, {"environment": row.environment, "receipt": json.loads(row.document)})

    def row(self, record: Mapping[str, Any]) -> ReceiptRow:
        """The row of a journal record. Raises ``ValueError`` where it is not one."""
        expect(record, EVENT)
        return receipt_row(fields(record.get("receipt")), text(record.get("environment")))


def receipt_row(document: Mapping[str, Any], environment: str) -> ReceiptRow:
    """The row of a receipt that was made under ``environment``. Raises ``ValueError`` where it is no receipt."""
    columns = columns_of(document, _RECEIPT)
    for _ in _attempts(columns["id"], document):
        pass
    return ReceiptRow(**columns, environment=environment, document=encoded_json(document))


def attempt_rows(receipt: ReceiptRow) -> tuple[AttemptRow, ...]:
    """The rows of a receipt's attempts, in their order."""
    return tuple(_attempts(receipt.id, json.loads(receipt.document)))


def _attempts(receipt: str, document: Mapping[str, Any]) -> Iterator[AttemptRow]:
    for number, attempt in enumerate(items(document.get("attempts")), 1):
        yield AttemptRow(receipt, number, **columns_of(fields(attempt), _ATTEMPT))


_RECEIPT: Places = {
    "id": (text, "id"),
    "version": (small, "version"),
    "task_id": (text, "task_id"),
    "task_key": (text, "task_key"),
    "task_class": (text, "task_class"),
    "task_class_sha256": (maybe(text), "task_class_sha256"),
    "classified_by": (text, "classified", "by"),
    "classified_confidence": (real, "classified", "confidence"),
    "prompt_version": (maybe(small), "prompt_version"),
    "prompt_sha256": (maybe(text), "prompt_sha256"),
    "catalog_sha256": (text, "catalog_sha256"),
    "started_at": (moment, "started_at"),
    "ended_at": (moment, "ended_at"),
    "outcome": (text, "outcome"),
    "failure": (maybe(text), "failure"),
    "model": (maybe(text), "model"),
    "decision": (text, "decision"),
    "explored": (truth, "explored"),
    "cost_usd": (maybe(money), "cost_usd"),
    "baseline_model": (maybe(text), "baseline", "model"),
    "baseline_usd": (maybe(money), "baseline", "cost", "usd"),
    "saved_usd": (maybe(money), "saved_usd"),
    "audit_model": (maybe(text), "audit", "model"),
    "audit_location": (maybe(text), "audit", "location"),
    "audit_input_tokens": (maybe(whole), "audit", "usage", "input_tokens"),
    "audit_output_tokens": (maybe(whole), "audit", "usage", "output_tokens"),
    "audit_usd": (maybe(money), "audit", "cost", "usd"),
    "audit_agrees": (maybe(truth), "audit", "agrees"),
    "budget_day": (maybe(text), "budget_day"),
    "findings": (json_list, "findings"),
}
_ATTEMPT: Places = {
    "model": (text, "model"),
    "served_name": (text, "served_name"),
    "endpoint": (text, "endpoint"),
    "location": (text, "location"),
    "started_at": (moment, "started_at"),
    "latency_seconds": (real, "latency_seconds"),
    "reason": (text, "reason"),
    "outcome": (text, "outcome"),
    "input_tokens": (maybe(whole), "usage", "input_tokens"),
    "output_tokens": (maybe(whole), "usage", "output_tokens"),
    "cached_tokens": (maybe(whole), "usage", "cached_tokens"),
    "tokens_reported": (maybe(truth), "usage", "reported"),
    "finish_reason": (maybe(text), "finish_reason"),
    "cost_usd": (maybe(money), "cost", "usd"),
    "price_source": (text, "cost", "source"),
    "price_version": (text, "cost", "version"),
    "reserved_usd": (maybe(money), "reserved_usd"),
    "support": (maybe(real), "support"),
    "failure_kind": (maybe(text), "failure", "kind"),
    "failure": (maybe(text), "failure", "message"),
    "failure_transient": (maybe(truth), "failure", "transient"),
    "output_sha256": (maybe(text), "output_sha256"),
    "normalised": (json_list, "normalised"),
    "checks": (json_list, "checks"),
}
