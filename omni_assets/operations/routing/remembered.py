"""Receipts that are remembered: the list of them, and one as it was written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from omni_assets.contracts.text import count, visible
from omni_assets.errors import InputError, ReceiptUnreadable
from omni_assets.projection.rows import PublicationRow, ReceiptSummary
from omni_assets.projection.store import Projection
from omni_assets.router.files.reading import problem_of
from omni_assets.router.receipt import Receipt, read_receipt

_ID = re.compile(r"[0-9a-f]{1,32}")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Remembered:
    """A receipt, the profile that it was made under, and where ledgers have it."""

    receipt: Receipt
    environment: str
    publications: tuple[PublicationRow, ...]


def receipts(
    home: Path,
    task_class: str | None = None,
    model: str | None = None,
    outcome: str | None = None,
    since: datetime | None = None,
    limit: int = 1_000,
) -> tuple[ReceiptSummary, ...]:
    """The receipts in a state folder, newest first; with ``model``, those that asked it. Raises ``StateError``."""
    return Projection(home).receipts(task_class, model, outcome, since, limit)


def receipt(home: Path, prefix: str) -> Remembered:
    """The one receipt whose id begins so. Raises ``InputError`` where it is none or several, ``ReceiptUnreadable``
    where it is of another version, and ``StateError``.
    """
    projection = Projection(home)
    found = projection.receipts_of(prefix.lower(), _SHOWN + 1) if _ID.fullmatch(prefix.lower()) else ()
    if not found:
        raise InputError(f"no receipt has an id that begins with `{prefix}`.", "`omni receipts` lists them.")
    if len(found) > 1:
        which = f"more than {_SHOWN} receipts" if len(found) > _SHOWN else count(len(found), "receipt")
        raise InputError(
            f"`{prefix}` begins the ids of {which}: {', '.join(row.id[:12] for row in found[:_SHOWN])}.",
            "Give more of its digits.",
        )
    (row,) = found
    try:
        told = read_receipt(row.document)
    except ValidationError as error:
        raise ReceiptUnreadable(row.id, _flaw(error)) from None
    return Remembered(told, row.environment, projection.publications(row.id))


def _flaw(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"`{visible(place)}` {problem_of(first)[0]}" if place else problem_of(first)[0]
