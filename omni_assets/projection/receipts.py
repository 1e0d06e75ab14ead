"""Receipts as rows: a receipt's JSON object is what is kept, in the journal and in its row; columns are read from it.

Pure, and no other floor's: what a receipt may hold is said by whoever makes one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from omni_assets.projection.events import expect, record_of
from omni_assets.projection.journal import encoded_json
from omni_assets.projection.rows import AttemptRow, ReceiptRow

EVENT = "routed"
_Reader: TypeAlias = "Callable[[Any], Any]"
_Places: TypeAlias = "Mapping[str, tuple[_Reader, *tuple[str, ...]]]"


class ReceiptForm:
    """How receipts stand in a journal: each line is one, whole, with the environment that it was made under."""

    def record(self, row: ReceiptRow) -> dict[str, object]:
        """The journal record of a row."""
        return record_of(EVENT, {"environment": row.environment, "receipt": json.loads(row.document)})

    def row(self, record: Mapping[str, Any]) -> ReceiptRow:
        """The row of a journal record. Raises ``ValueError`` where it is not one."""
        expect(record, EVENT)
        return receipt_row(_object(record.get("receipt")), _text(record.get("environment")))


def receipt_row(document: Mapping[str, Any], environment: str) -> ReceiptRow:
    """The row of a receipt that was made under ``environment``. Raises ``ValueError`` where it is no receipt."""
    columns = _read(document, _RECEIPT)
    for _ in _attempts(columns["id"], document):
        pass
    return ReceiptRow(**columns, environment=environment, document=encoded_json(document))


def attempt_rows(receipt: ReceiptRow) -> tuple[AttemptRow, ...]:
    """The rows of a receipt's attempts, in their order."""
    return tuple(_attempts(receipt.id, json.loads(receipt.document)))


def _attempts(receipt: str, document: Mapping[str, Any]) -> Iterator[AttemptRow]:
    for number, attempt in enumerate(_list(document.get("attempts")), 1):
        yield AttemptRow(receipt, number, **_read(_object(attempt), _ATTEMPT))


def _read(document: Mapping[str, Any], places: _Places) -> dict[str, Any]:
    return {column: _value(document, read, path) for column, (read, *path) in places.items()}


def _value(document: Mapping[str, Any], read: _Reader, path: list[str]) -> Any:
    found: Any = document
    for key in path:
        found = None if found is None else _object(found).get(key)
    try:
        return read(found)
    except ValueError as error:
        raise ValueError(f"`{'.'.join(path)}` {error}") from None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("is not text")


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        return value
    raise ValueError("is no whole number")


def _small(value: Any) -> int:
    if -(2**31) <= _whole(value) < 2**31:
        return int(value)
    raise ValueError("is too large a number")


def _real(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise ValueError("is no number")


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("is neither true nor false")


def _time(value: Any) -> datetime:
    time = datetime.fromisoformat(_text(value))
    if time.tzinfo is None:
        raise ValueError("has no time zone")
    return time.astimezone(UTC)


def _money(value: Any) -> Decimal:
    try:
        usd = Decimal(_text(value))
        exact = usd.quantize(_BILLIONTH)
    except InvalidOperation:
        raise ValueError("is no sum of money") from None
    if not usd.is_finite() or exact != usd or abs(usd) >= _TOO_MUCH:
        raise ValueError("is no sum of money to a billionth of a dollar")
    return exact


def _json_list(value: Any) -> str:
    return encoded_json(_list(value))


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    raise ValueError("is not a list")


def _object(value: Any) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    raise ValueError("a receipt is made of JSON objects")


def _maybe(read: _Reader) -> _Reader:
    return lambda value: None if value is None else read(value)


_BILLIONTH = Decimal("0.000000001")
_TOO_MUCH = Decimal(10**9)

_RECEIPT: _Places = {
    "id": (_text, "id"),
    "version": (_small, "version"),
    "task_id": (_text, "task_id"),
    "task_key": (_text, "task_key"),
    "task_class": (_text, "task_class"),
    "task_class_sha256": (_maybe(_text), "task_class_sha256"),
    "classified_by": (_text, "classified", "by"),
    "classified_confidence": (_real, "classified", "confidence"),
    "prompt_version": (_maybe(_small), "prompt_version"),
    "prompt_sha256": (_maybe(_text), "prompt_sha256"),
    "catalog_sha256": (_text, "catalog_sha256"),
    "started_at": (_time, "started_at"),
    "ended_at": (_time, "ended_at"),
    "outcome": (_text, "outcome"),
    "failure": (_maybe(_text), "failure"),
    "model": (_maybe(_text), "model"),
    "decision": (_text, "decision"),
    "explored": (_truth, "explored"),
    "cost_usd": (_maybe(_money), "cost_usd"),
    "baseline_model": (_maybe(_text), "baseline", "model"),
    "baseline_usd": (_maybe(_money), "baseline", "cost", "usd"),
    "saved_usd": (_maybe(_money), "saved_usd"),
    "audit_model": (_maybe(_text), "audit", "model"),
    "audit_location": (_maybe(_text), "audit", "location"),
    "audit_input_tokens": (_maybe(_whole), "audit", "usage", "input_tokens"),
    "audit_output_tokens": (_maybe(_whole), "audit", "usage", "output_tokens"),
    "audit_usd": (_maybe(_money), "audit", "cost", "usd"),
    "audit_agrees": (_maybe(_truth), "audit", "agrees"),
    "budget_day": (_maybe(_text), "budget_day"),
    "findings": (_json_list, "findings"),
}
_ATTEMPT: _Places = {
    "model": (_text, "model"),
    "served_name": (_text, "served_name"),
    "endpoint": (_text, "endpoint"),
    "location": (_text, "location"),
    "started_at": (_time, "started_at"),
    "latency_seconds": (_real, "latency_seconds"),
    "reason": (_text, "reason"),
    "outcome": (_text, "outcome"),
    "input_tokens": (_maybe(_whole), "usage", "input_tokens"),
    "output_tokens": (_maybe(_whole), "usage", "output_tokens"),
    "cached_tokens": (_maybe(_whole), "usage", "cached_tokens"),
    "tokens_reported": (_maybe(_truth), "usage", "reported"),
    "finish_reason": (_maybe(_text), "finish_reason"),
    "cost_usd": (_maybe(_money), "cost", "usd"),
    "price_source": (_text, "cost", "source"),
    "price_version": (_text, "cost", "version"),
    "reserved_usd": (_maybe(_money), "reserved_usd"),
    "support": (_maybe(_real), "support"),
    "failure_kind": (_maybe(_text), "failure", "kind"),
    "failure": (_maybe(_text), "failure", "message"),
    "failure_transient": (_maybe(_truth), "failure", "transient"),
    "output_sha256": (_maybe(_text), "output_sha256"),
    "normalised": (_json_list, "normalised"),
    "checks": (_json_list, "checks"),
}
