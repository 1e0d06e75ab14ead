"""What a class allows of a chain: what it may cost, and how long it may take. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from omni_assets.router.policy.choice import Chain
from omni_assets.router.policy.situation import Situation
from omni_assets.router.task_class import TaskClass

_T = TypeVar("_T")


def within_ceiling(task_class: TaskClass, costs: Sequence[float | None]) -> bool:
    """Whether calls of these costs in US dollars are within the ceiling of a class."""
    ceiling = task_class.price_ceiling_usd
    return ceiling is None or sum(cost or 0.0 for cost in costs) <= float(ceiling)


def slow_models(situation: Situation, names: Iterable[str]) -> Mapping[str, str]:
    """The models that take longer on average than the class's target, each with a clause that says so."""
    target, name_of_class = situation.task_class.latency_target_seconds, situation.task_class.name
    known = ((name, situation.learned.seconds(name_of_class, name)) for name in names)
    return {
        name: f"takes {seconds:.3g} s on average, and {target:g} s are the target"
        for name, seconds in known
        if target is not None and seconds is not None and seconds > target
    }


def first_in_time(
    meeting: Sequence[tuple[Chain, _T]], slow: Mapping[str, str], last: str | None
) -> tuple[Chain, _T] | None:
    """The first of some chains, or where that begins with a slow model the first that begins with another one: but not
    with the last, which no target makes the first.
    """
    best = next(iter(meeting), None)
    if best is None or best[0][0] not in slow:
        return best
    return next((each for each in meeting if each[0][0] not in slow and each[0][0] != last), best)


def late(chain: Chain, slow: Mapping[str, str]) -> str | None:
    """That a chain begins with a slow model, as a clause; ``None`` where it does not."""
    return f"{chain[0]} {slow[chain[0]]}" if chain[0] in slow else None
