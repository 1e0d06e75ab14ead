"""Sums of money and shares as people read them. What is not known is said to be so. Pure."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from omni_assets.router.values import dollars

NOT_KNOWN = "not known"

_CENT = Decimal("0.01")
_DIGITS = 3


def usd(amount: Decimal | None) -> str:
    """``$12.34``, and below a cent three digits: ``$0.000271``. ``-$0.05`` for less than nothing."""
    if amount is None:
        return NOT_KNOWN
    if not amount:
        return "$0"
    size = abs(amount)
    unit = min(_CENT, Decimal(1).scaleb(size.adjusted() + 1 - _DIGITS))
    shown = format(size.quantize(unit, ROUND_HALF_EVEN), ",f")
    whole, point, rest = shown.partition(".")
    rest = rest.rstrip("0").ljust(2, "0")
    return f"{'-' if amount < 0 else ''}${whole}{point}{rest}"


def exact_usd(amount: Decimal | None) -> str:
    """Every digit of a sum, down to a billionth."""
    return NOT_KNOWN if amount is None else dollars(amount)


def percent(share: float | None) -> str:
    """``75.2 %``"""
    return NOT_KNOWN if share is None else f"{share:.1%}".replace("%", " %")
