"""Columns read out of JSON objects: where each stands, and what it has to be. Pure.

Each reader gives the value of a column, or raises ``ValueError`` with a clause about the value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from omni_assets.projection.journal import encoded_json

Reader: TypeAlias = "Callable[[Any], Any]"

Places: TypeAlias = "Mapping[str, tuple[Reader, *tuple[str, ...]]]"
"""A reader for each column, and the keys that lead to its value. What is missing on the way is ``None``."""

_BILLIONTH = Decimal("0.000000001")
_TOO_MUCH = Decimal(10**9)


def columns_of(document: Mapping[str, Any], places: Places) -> dict[str, Any]:
    """The values of a row by column. Raises ``ValueError``, with the place, where one is not what it should be."""
    return {column: _value(document, read, path) for column, (read, *path) in places.items()}


def _value(document: Mapping[str, Any], read: Reader, path: list[str]) -> Any:
    found: Any = document
    for key in path:
        found = None if found is None else fields(found).get(key)
    try:
        return read(found)
    except ValueError as error:
        raise ValueError(f"`{'.'.join(path)}` {error}") from None


def text(value: Any) -> str:
    """A text."""
    if isinstance(value, str):
        return value
    raise ValueError("is not text")


def whole(value: Any) -> int:
    """A whole number that fits into 64 bits, a ``BIGINT``; what it counts is for its column to say, as with
    each number here.
    """
    if isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63:
        return value
    raise ValueError("is no whole number")


def small(value: Any) -> int:
    """As ``whole``, in 32 bits: an ``INTEGER``."""
    if -(2**31) <= whole(value) < 2**31:
        return int(value)
    raise ValueError("is too large a number")


def real(value: Any) -> float:
    """As ``whole``, with a fraction or without: a ``DOUBLE``."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise ValueError("is no number")


def truth(value: Any) -> bool:
    """``True`` or ``False``."""
    if isinstance(value, bool):
        return value
    raise ValueError("is neither true nor false")


def moment(value: Any) -> datetime:
    """A moment in ISO 8601 with its time zone, in UTC."""
    at = datetime.fromisoformat(text(value))
    if at.tzinfo is None:
        raise ValueError("has no time zone")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("is no moment of this calendar") from None


def money(value: Any) -> Decimal:
    """US dollars as a text, exact to a billionth."""
    try:
        usd = Decimal(text(value))
        exact = usd.quantize(_BILLIONTH)
    except InvalidOperation:
        raise ValueError("is no sum of money") from None
    if not usd.is_finite() or exact != usd or abs(usd) >= _TOO_MUCH:
        raise ValueError("is no sum of money to a billionth of a dollar")
    return exact


def json_list(value: Any) -> str:
    """A list, as a text of JSON."""
    return encoded_json(items(value))


def items(value: Any) -> list[Any]:
    """A list."""
    if isinstance(value, list):
        return value
    raise ValueError("is not a list")


def fields(value: Any) -> Mapping[str, Any]:
    """A JSON object."""
    if isinstance(value, dict):
        return value
    raise ValueError("a receipt is made of JSON objects")


def maybe(read: Reader) -> Reader:
    """``read``, and ``None`` for ``None``."""
    return lambda value: None if value is None else read(value)
