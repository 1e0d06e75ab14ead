"""Sums of money, shares and tokens as people read them. What is not known is said to be so."""

from __future__ import annotations

from decimal import Decimal

from omni_assets.router.money.words import NOT_KNOWN, exact_usd, percent, usd

__all__ = ("NOT_KNOWN", "exact_usd", "percent", "plain", "usd")


def plain(amount: Decimal | None) -> str | None:
    """A sum as JSON has it: text without an exponent, or ``None``."""
    return None if amount is None else format(amount, "f")
