"""Receipts into the journal and the projection: what became of a task cannot be observed again."""

from __future__ import annotations

from collections.abc import Iterable

from omni_assets.operations.context import Context
from omni_assets.projection.receipts import receipt_row
from omni_assets.projection.rows import ReceiptRow
from omni_assets.projection.store import Projection
from omni_assets.router.receipt import Receipt


def record(context: Context, receipts: Iterable[Receipt]) -> None:
    """Remember receipts, all of them in one transaction. Raises ``StateError``."""
    rows = [row_of(receipt, context) for receipt in receipts]
    if rows:
        Projection(context.home).record_receipts(rows)


def row_of(receipt: Receipt, context: Context) -> ReceiptRow:
    """The row of a receipt, without the texts of prompt and outputs unless the settings say to keep them."""
    kept = receipt if context.settings.router.store_text else without_text(receipt)
    return receipt_row(kept.model_dump(mode="json"), context.environment)


def without_text(receipt: Receipt) -> Receipt:
    """The receipt with digests alone."""
    if receipt.prompt_text is None and all(each.output_text is None for each in receipt.attempts):
        return receipt
    attempts = tuple(each.model_copy(update={"output_text": None}) for each in receipt.attempts)
    return receipt.model_copy(update={"prompt_text": None, "attempts": attempts})
