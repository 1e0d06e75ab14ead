"""The router's books: what tasks cost and saved in the last days, and what of it should not be so."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from omni_assets.operations.context import Context
from omni_assets.operations.routing.savings import NOTHING, Economics
from omni_assets.projection.rows import SavingsRow, SpentRow, TroubledRow, UncostedRow
from omni_assets.projection.store import Projection
from omni_assets.router.files.class_files import load_task_classes
from omni_assets.router.learning.posterior import Beta
from omni_assets.router.receipt import PriceSource
from omni_assets.settings import BudgetSettings, task_classes_path

DAYS = 30
"""Days that the books are kept over, today included. A day begins at midnight, UTC."""


@dataclass(frozen=True, slots=True)
class DayOfClass:
    """What the tasks of a class cost and saved on a day."""

    day: date
    of_class: Economics


@dataclass(frozen=True, slots=True)
class Audited:
    """How the audits of a class turned out: ``audited`` answers, of which the audit did not agree with
    ``false_accepts``. ``floor`` is the quality that it is held to, a share from 0 to 1; ``None`` where there is no such
    class now.
    """

    task_class: str
    audited: int
    false_accepts: int
    floor: float | None

    @property
    def rate(self) -> float:
        """The share of the accepted answers that were audited with which the audit did not agree."""
        return self.false_accepts / self.audited

    @property
    def allowed(self) -> float | None:
        """The share of accepted answers that may be wrong."""
        return None if self.floor is None else 1 - self.floor

    @property
    def lowest(self) -> float:
        """What the share of wrong answers exceeds with a credibility of nine in ten."""
        return Beta().after(self.false_accepts, self.audited - self.false_accepts).lower

    @property
    def exceeded(self) -> bool:
        """Whether more were wrong than may be. A floor that is not known is not met."""
        return self.allowed is None or self.rate > self.allowed

    @property
    def certain(self) -> bool:
        """Whether it is more than chance that too many were wrong."""
        return self.allowed is not None and self.lowest > self.allowed


@dataclass(frozen=True, slots=True)
class Overspent:
    """A day on which more was spent than its budget holds now. ``task_class`` is ``None`` for all of them together."""

    day: str
    task_class: str | None
    spent_usd: Decimal
    limit_usd: Decimal


@dataclass(frozen=True, slots=True)
class Books:
    """What the receipts of the last days say. ``classes`` and ``days`` add up to ``total``, and so do both together.

    ``audited`` are the classes with audits; ``unpriced`` calls whose price is not known, ``unmeasured`` those of a
    known price whose tokens are not; ``unexplained`` tasks without an accepted answer and without a reason, and
    ``found`` those whose receipt says what should not have been: both with the newest alone.
    """

    since: datetime
    until: datetime
    total: Economics
    classes: tuple[Economics, ...]
    days: tuple[Economics, ...]
    days_of_classes: tuple[DayOfClass, ...]
    audited: tuple[Audited, ...]
    overspent: tuple[Overspent, ...]
    unpriced: tuple[UncostedRow, ...]
    unmeasured: tuple[UncostedRow, ...]
    unexplained: tuple[TroubledRow, ...]
    found: tuple[TroubledRow, ...]

    @property
    def yesterday(self) -> Economics | None:
        """The last day that is over; ``None`` where no task ended on it."""
        day = str((self.until - timedelta(days=1)).date())
        return next((each for each in self.days if each.name == day), None)


def books(context: Context, until: datetime | None = None) -> Books:
    """The books of a project. Raises ``StateError``."""
    now = datetime.now(UTC) if until is None else until.astimezone(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - timedelta(days=DAYS - 1)
    kept = Projection(context.home).books(since)
    return Books(
        since=since,
        until=now,
        total=Economics(kept.total or NOTHING),
        classes=tuple(map(Economics, kept.classes)),
        days=tuple(map(Economics, kept.days)),
        days_of_classes=tuple(DayOfClass(day, Economics(sums)) for day, sums in kept.days_of_classes),
        audited=audited(kept.classes, floors(context)),
        overspent=overspent(kept.spent, context.settings.router.budget),
        unpriced=tuple(each for each in kept.uncosted if _unpriced(each)),
        unmeasured=tuple(each for each in kept.uncosted if not _unpriced(each)),
        unexplained=tuple(each for each in kept.troubled if not sentences(each)),
        found=tuple(each for each in kept.troubled if sentences(each)),
    )


def floors(context: Context) -> Mapping[str, float]:
    """The quality that each class of a project is held to, a share from 0 to 1. Classes that cannot be used
    have none.
    """
    classes, _ = load_task_classes(task_classes_path(context.settings), None)
    return {each.name: each.quality_floor for each in classes}


def audited(classes: Iterable[SavingsRow], floor_of: Mapping[str, float]) -> tuple[Audited, ...]:
    """The classes with audits, held against their floors (``floor_of``)."""
    return tuple(
        Audited(name, each.audited, each.false_accepts, floor_of.get(name))
        for each in classes
        for name in [str(each.group_name)]
        if each.audited
    )


def overspent(spent: Sequence[SpentRow], limits: BudgetSettings) -> tuple[Overspent, ...]:
    """The days, and classes on a day, that cost more than the budget as it is now. What is not known is not counted."""
    found = []
    for day in sorted({each.budget_day for each in spent}):
        rows = [each for each in spent if each.budget_day == day]
        together = sum((each.spent_usd for each in rows), Decimal(0))
        held = [Overspent(day, None, together, limits.per_day_usd)] if limits.per_day_usd is not None else []
        held += [
            Overspent(day, each.task_class, each.spent_usd, limits.classes[each.task_class])
            for each in rows
            if each.task_class in limits.classes
        ]
        found += [each for each in held if each.spent_usd > each.limit_usd]
    return tuple(found)


def sentences(row: TroubledRow) -> tuple[str, ...]:
    """What a receipt says should not have been."""
    return tuple(map(str, json.loads(row.findings)))


def _unpriced(row: UncostedRow) -> bool:
    return row.price_source == PriceSource.UNKNOWN
