"""What goes on right now: what a look saw, and the frame that is shown of it and of the look before.

Lag and workers are the broker's to tell, everything else is remembered. Nothing is observed or moved by looking; only
what the ledger has by now is projected first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from omni_assets.contracts.model import Manifest
from omni_assets.errors import BrokerError, LedgerReplaced, OmniError, StateError, UnnamedBroker
from omni_assets.operations.agents.lag import Lag, lag
from omni_assets.operations.agents.projecting import project_ledger
from omni_assets.operations.agents.working import Staffed, staffed
from omni_assets.operations.context import Context
from omni_assets.operations.observe import verdict_counts
from omni_assets.operations.recording import stored_drift
from omni_assets.operations.routing.savings import NOTHING, Economics
from omni_assets.projection.rows import TaskRow, TaskSummary
from omni_assets.projection.store import Projection
from omni_assets.router.money.budget import BUDGET_FILE, Budget, Spent
from omni_assets.settings import BudgetSettings

LATELY = timedelta(minutes=1)
"""Over how long tasks are counted that ended."""

DAYS = timedelta(days=7)
"""Over how long tasks that failed are counted, as long as nobody gave them again."""

SECONDS_TO_LOOK = 5.0
"""The most that one request to the broker takes."""

MOST_LATELY, MOST_LATEST, MOST_KEPT = 10_000, 50, 1_000
"""Tasks that are told at most: those that ended lately, the last ones, and those of a kind that waits for somebody."""

_NOTHING_SPENT = Spent(Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class Inbox:
    """A topic as a node reads it. ``open`` is at most how many records none of its workers has ended, whether one of
    them works on it or not; ``end`` the sum of the next offsets of all partitions."""

    node: str
    topic: str
    partitions: int
    open: int
    end: int


@dataclass(frozen=True, slots=True)
class Bus:
    """What the broker told. ``workers`` are the members of each node's group, ``None`` where they were not seen;
    ``missing`` are subscribed topics that it does not have."""

    at: datetime
    inboxes: tuple[Inbox, ...]
    workers: Mapping[str, int | None]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drifting:
    """Drift by verdict, as the observation at that time left it."""

    observed_at: datetime
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Limit:
    """A budget of today, of all tasks or those of a class, and what counts against it. ``usd`` is ``None`` where no
    budget holds."""

    task_class: str
    spent: Spent
    usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered. ``lately`` are the tasks that ended within ``LATELY``, newest first, ``latest`` the last ones
    whenever they ended; ``lost`` failed or are dead letters and were not given again within ``DAYS``; ``asked`` wait
    for a person. ``today`` are the routed tasks that ended since midnight, UTC."""

    at: datetime
    lately: tuple[TaskSummary, ...]
    latest: tuple[TaskSummary, ...]
    lost: tuple[TaskRow, ...]
    asked: tuple[TaskRow, ...]
    today: Economics
    limits: tuple[Limit, ...]
    drift: Drifting | None


@dataclass(frozen=True, slots=True)
class Look:
    """What one look saw. ``bus`` or ``kept`` is ``None`` where it was not seen, and ``trouble`` says why."""

    at: datetime
    bus: Bus | None
    kept: Kept | None
    trouble: tuple[OmniError, ...] = ()


@dataclass(frozen=True, slots=True)
class Arriving:
    """An inbox, and how many offsets a second were written to its topic since the look before; ``None`` where there was
    none."""

    inbox: Inbox
    per_second: float | None


@dataclass(frozen=True, slots=True)
class AtWork:
    """A node: its workers (``None``: not seen), and the tasks that it ended each second, over ``LATELY``."""

    node: str
    workers: int | None
    per_second: float | None


@dataclass(frozen=True, slots=True)
class Frame:
    """What is shown. ``bus`` and ``kept`` may be older than ``at``: what could not be seen is as it was seen last.
    ``per_second`` is how many tasks end in a second.
    """

    at: datetime
    bus: Bus | None
    kept: Kept | None
    inboxes: tuple[Arriving, ...]
    nodes: tuple[AtWork, ...]
    ended: Mapping[str, int]
    per_second: float | None
    trouble: tuple[OmniError, ...]

    @property
    def open(self) -> int:
        """At most how many records no worker has ended."""
        return sum(each.inbox.open for each in self.inboxes)


def look(context: Context, manifest: Manifest) -> Look:
    """Look once. What goes wrong is in the look; nothing is raised of an ``OmniError``."""
    trouble: list[OmniError] = []
    bus: Bus | None = None
    kept: Kept | None = None
    try:
        bus = _bus(context, staffed(manifest))
        project_ledger(_hurried(context), manifest)
    except (BrokerError, LedgerReplaced, UnnamedBroker, StateError) as error:
        trouble.append(error)
    try:
        kept = _kept(context, datetime.now(UTC))
    except StateError as error:
        trouble.append(error)
    return Look(datetime.now(UTC), bus, kept, tuple(trouble))


def frame(seen: Look, before: Frame | None = None) -> Frame:
    """What is shown of a look, and of the frame before. Pure."""
    earlier_bus = before.bus if before else None
    bus = seen.bus or earlier_bus
    kept = seen.kept or (before.kept if before else None)
    per_second = _rates(kept.lately) if kept else {}
    arriving = before.inboxes if before and seen.bus is None else _arriving(bus, earlier_bus)
    names = sorted({*(bus.workers if bus else ()), *per_second})
    return Frame(
        at=seen.at,
        bus=bus,
        kept=kept,
        inboxes=arriving,
        nodes=tuple(
            AtWork(name, bus.workers.get(name) if bus else None, per_second.get(name, 0.0) if kept else None)
            for name in names
        ),
        ended=Counter(each.outcome for each in kept.lately) if kept else {},
        per_second=sum(per_second.values()) if kept else None,
        trouble=seen.trouble,
    )


def _arriving(bus: Bus | None, before: Bus | None) -> tuple[Arriving, ...]:
    """The inboxes by node, those first where most is left."""
    if bus is None:
        return ()
    ends = {(each.node, each.topic): each.end for each in before.inboxes} if before else {}
    seconds = (bus.at - before.at).total_seconds() if before else 0.0

    def rate(each: Inbox) -> float | None:
        earlier = ends.get((each.node, each.topic))
        # A topic that was made anew begins at nothing again.
        return None if earlier is None or seconds <= 0 or each.end < earlier else (each.end - earlier) / seconds

    left: Counter[str] = Counter()
    for each in bus.inboxes:
        left[each.node] += each.open
    ordered = sorted(bus.inboxes, key=lambda each: (-left[each.node], each.node, -each.open, each.topic))
    return tuple(Arriving(each, rate(each)) for each in ordered)


def _rates(lately: Sequence[TaskSummary]) -> Mapping[str, float]:
    """Tasks that ended each second, by node. Where there were too many to count, over as long as those took that were
    counted."""
    seconds = LATELY.total_seconds()
    if len(lately) >= MOST_LATELY:
        seconds = max((lately[0].ended_at - lately[-1].ended_at).total_seconds(), 1.0)
    return {node: number / seconds for node, number in Counter(each.node for each in lately).items()}


def _bus(context: Context, staff: Sequence[Staffed]) -> Bus:
    hurried = _hurried(context)
    found = lag(hurried, staff, SECONDS_TO_LOOK)
    with hurried.admin() as admin:
        workers = admin.members([each.node for each in staff])
    return Bus(
        datetime.now(UTC),
        tuple(inbox for each in staff for inbox in _inboxes(found, each.node)),
        workers,
        tuple(sorted(found.missing)),
    )


def _inboxes(found: Lag, node: str) -> Sequence[Inbox]:
    stands = found.stands[node]
    ends: Counter[str] = Counter()
    for each in stands:
        ends[each.partition.topic] += each.end
    partitions = Counter(each.partition.topic for each in stands)
    return [Inbox(node, topic, partitions[topic], left, ends[topic]) for topic, left in found.most(node).items()]


def _kept(context: Context, now: datetime) -> Kept:
    projection = Projection(context.home, SECONDS_TO_LOOK)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return Kept(
        now,
        projection.tasks(since=now - LATELY, limit=MOST_LATELY),
        projection.tasks(limit=MOST_LATEST),
        projection.tasks_failed(now - DAYS, MOST_KEPT),
        projection.tasks_unanswered(now, MOST_KEPT),
        Economics(next(iter(projection.savings(since=midnight)), NOTHING)),
        limits(context),
        _drifting(context),
    )


def _drifting(context: Context) -> Drifting | None:
    """What was observed last; whatever else is wrong with what is remembered was raised before."""
    try:
        observation, drift = stored_drift(context)
    except StateError:
        return None
    counts = verdict_counts((each for each, _ in drift), observation.declared_topics)
    return Drifting(observation.observed_at, counts)


def limits(context: Context) -> tuple[Limit, ...]:
    """What today has cost of its budgets: of all tasks, and of those classes that have one. Raises ``StateError``."""
    held: BudgetSettings = context.settings.router.budget
    file = context.home / BUDGET_FILE
    if not file.exists():
        every, of_class = _NOTHING_SPENT, dict.fromkeys(held.classes, _NOTHING_SPENT)
    else:
        budget = Budget(file, held)
        try:
            every, of_class = budget.spent(), {name: budget.spent(name) for name in held.classes}
        finally:
            budget.close()
    classes = (Limit(name, of_class[name], usd) for name, usd in sorted(held.classes.items()))
    return (Limit("", every, held.per_day_usd), *classes)


def _hurried(context: Context) -> Context:
    seconds = min(SECONDS_TO_LOOK, context.connection.timeout)
    return replace(context, connection=replace(context.connection, timeout=seconds))
