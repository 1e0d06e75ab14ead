"""How things stand, as the gauges of the table of metrics: drift, lag, workers, what waits for people, today's money.

One look gives all of them, the same that ``omni top`` takes. What it could not see is left out: unknown is no zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from omni_assets.errors import OmniError
from omni_assets.operations.agents.working import staffed
from omni_assets.operations.context import Context
from omni_assets.operations.top import Bus, Kept, Look, look
from omni_assets.telemetry import conventions as names
from omni_assets.telemetry import metrics
from omni_assets.telemetry.signals import Reading

MOST_INBOXES = 200
"""Topics of all nodes together beyond which lag is told by node alone, so that few series come of it."""


def standing(where: Callable[[], Context]) -> tuple[Reading, ...]:
    """The gauges now, of the project that ``where`` resolves; none where that cannot be worked with."""
    try:
        context = where()
        manifest = context.manifest()
    except OmniError:
        return ()
    nodes = [each.node for each in staffed(manifest)]
    return tuple(readings(look(context, manifest), nodes))


def readings(seen: Look, nodes: Sequence[str]) -> Iterator[Reading]:
    """The gauges of a look; of each of ``nodes`` that has nothing, 0. Pure."""
    if seen.bus is not None:
        yield from _of_bus(seen.bus)
    if seen.kept is not None:
        yield from _of_kept(seen.kept, nodes, seen.at)


def _of_bus(bus: Bus) -> Iterator[Reading]:
    if len(bus.inboxes) <= MOST_INBOXES:
        for each in bus.inboxes:
            yield Reading(metrics.LAG, each.open, {names.NODE: each.node, names.TOPIC: each.topic})
    else:
        left: Counter[str] = Counter()
        for each in bus.inboxes:
            left[each.node] += each.open
        for node, number in left.items():
            yield Reading(metrics.LAG, number, {names.NODE: node})
    for node, workers in bus.workers.items():
        if workers is not None:
            yield Reading(metrics.WORKERS, workers, {names.NODE: node})


def _of_kept(kept: Kept, nodes: Sequence[str], at: datetime) -> Iterator[Reading]:
    for metric, rows in ((metrics.DEAD_LETTERS, kept.lost), (metrics.APPROVALS, kept.asked)):
        for node, number in _by_node((each.node for each in rows), nodes).items():
            yield Reading(metric, number, {names.NODE: node})
    for limit in kept.limits:
        about = {names.TASK_CLASS: limit.task_class}
        yield Reading(metrics.SPENT_TODAY, float(limit.spent.usd), about)
        if limit.usd is not None:
            yield Reading(metrics.BUDGET, float(limit.usd), about)
    if kept.drift is not None:
        for verdict, number in kept.drift.counts.items():
            yield Reading(metrics.DRIFT, number, {names.VERDICT: verdict})
        yield Reading(metrics.DRIFT_AGE, max(0.0, (at - kept.drift.observed_at).total_seconds()))


def _by_node(found: Iterable[str], nodes: Sequence[str]) -> Counter[str]:
    counts = Counter(dict.fromkeys(nodes, 0))
    counts.update(found)
    return counts
