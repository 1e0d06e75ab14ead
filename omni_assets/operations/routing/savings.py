"""What tasks cost and what was saved, with everything that is not known said beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from omni_assets.projection.rows import SavingsRow
from omni_assets.projection.store import Projection


class By(StrEnum):
    """What tasks are told apart by: their class, the model whose answer was accepted, or the day (UTC) they ended."""

    CLASS = "class"
    MODEL = "model"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Economics:
    """The sums over some tasks, and the shares that follow from them: ``None`` where there is nothing to divide by."""

    sums: SavingsRow

    @property
    def name(self) -> str | None:
        """What the tasks have in common; ``None`` for all, and for those that no model answered."""
        return None if self.sums.group_name is None else str(self.sums.group_name)

    @property
    def local_share(self) -> float | None:
        """Of all tokens that are known, audits included, those of models on own hardware."""
        return _share(self.sums.local_tokens, self.sums.tokens)

    @property
    def escalation_rate(self) -> float | None:
        """Of the tasks that called a model, the share of those that called more than one."""
        return _share(self.sums.escalated, self.sums.attempted)

    @property
    def false_accept_rate(self) -> float | None:
        """Of the accepted answers that an audit was compared with, the share of those that it did not agree with."""
        return _share(self.sums.false_accepts, self.sums.audited)

    @property
    def incomparable(self) -> int:
        """How many accepted tasks there are of which it is not known what they saved: their cost, or the
        baseline's, is not.
        """
        return self.sums.accepted - self.sums.compared


@dataclass(frozen=True, slots=True)
class Savings:
    """All tasks since a moment (ever, without one) together, and by what was asked for."""

    total: Economics
    groups: tuple[Economics, ...]
    by: By | None
    since: datetime | None


def savings(home: Path, by: By | None = None, since: datetime | None = None) -> Savings:
    """What is remembered in a state folder. Raises ``StateError``."""
    projection = Projection(home)
    total = next(iter(projection.savings(since=since)), NOTHING)
    groups: Sequence[SavingsRow] = projection.savings(by.value, since) if by is not None else ()
    return Savings(Economics(total), tuple(map(Economics, groups)), by, since)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


_ZERO = Decimal(0)
NOTHING = SavingsRow(None, 0, 0, 0, 0, 0, 0, 0, _ZERO, _ZERO, 0, 0, _ZERO, _ZERO, "", 0, 0)
"""The sums over no task at all."""
