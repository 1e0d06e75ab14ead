"""What was chosen for tasks of a class, what might be tried instead, and how that is said."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TypeAlias

from omni_assets.router.learning.posterior import Outlook
from omni_assets.router.route import Candidate, Step

MOST_SHOWN = 12
"""Candidates that a route tells of."""

_BILLIONTH = Decimal("0.000000001")

Chain: TypeAlias = tuple[str, ...]
"""Models, in the order in which they are asked."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for tasks of a class, and what might be tried instead."""

    chosen: Option
    cheaper: tuple[Option, ...]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Option:
    """A chain ready to be walked."""

    steps: tuple[Step, ...]
    outlook: Outlook | None
    reason: str


def candidate(
    chain: tuple[str, ...], known: Outlook | None, floor: float, chosen: str | None, drawback: str | None
) -> Candidate:
    """A chain as a route tells of it; ``chosen`` is why it was, ``drawback`` what speaks against it, and ``floor`` the
    share of right answers that was wanted.
    """
    return Candidate(
        chain=chain,
        expected_cost_usd=None if known is None else _usd(known.cost_usd),
        expected_quality=None if known is None else known.quality,
        quality_bound=None if known is None else known.bound,
        chosen=chosen is not None,
        reason=_passed_over(known, floor, drawback) if chosen is None else chosen,
    )


def reaches(known: Outlook, floor: float) -> bool:
    """Whether a chain is known to meet the ``floor``, a share of right answers from 0 to 1."""
    return known.bound is not None and known.bound >= floor


def because(known: Outlook, floor: float) -> str:
    """Why a chain was chosen, as a clause; ``floor`` is the share of right answers that was wanted."""
    least = percent(known.bound or 0.0)
    if reaches(known, floor):
        return f"the best for its cost that credibly reaches {percent(floor)}: at least {least} right"
    return f"none credibly reaches {percent(floor)}, and this comes nearest: at least {least} right"


def _passed_over(known: Outlook | None, floor: float, drawback: str | None) -> str:
    said = (_unfit(known, floor), drawback)
    return "; ".join(each for each in said if each) or "another does as well for less"


def _unfit(known: Outlook | None, floor: float) -> str | None:
    if known is None:
        return "its price is not known"
    if known.bound is None:
        return "not all of its models were seen at their places yet"
    if known.bound < floor:
        return f"credibly no more than {percent(known.bound)} right, and {percent(floor)} are asked for"
    return None


def _usd(cost: float) -> Decimal:
    return Decimal(cost).quantize(_BILLIONTH, ROUND_CEILING)


def percent(share: float, digits: int = 0) -> str:
    """A share for a person: ``95 %``."""
    return f"{share * 100:.{digits}f} %"
