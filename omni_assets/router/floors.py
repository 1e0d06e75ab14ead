"""The quality floors of several classes that reach a quality of all of them together at the least cost. Pure.

An owner who asks for 97 % overall need not ask for it in every class: a right answer more costs little in one and much
in another. What each class can do at which cost is what its plans say.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from omni_assets.router.learning import Plan


def cheapest_floors(
    plans: Mapping[str, Sequence[Plan]], shares: Mapping[str, float], quality: float
) -> Mapping[str, float]:
    """A floor for each class of ``plans``, such that the cheapest plans that meet them are expected to reach
    ``quality`` over all tasks, of which each class makes up its share.

    Quality is bought where a right answer more costs least, class by class, until there is enough of it, or no more to
    be had.
    """
    hulls = {name: _hull(of_class) for name, of_class in plans.items() if of_class}
    chosen = dict.fromkeys(hulls, 0)
    reached = sum(shares[name] * hull[0].quality for name, hull in hulls.items())
    steps = sorted(
        (_price(before, after), name, number)
        for name, hull in hulls.items()
        for number, (before, after) in enumerate(itertools.pairwise(hull), start=1)
    )
    for _, name, number in steps:
        if reached >= quality:
            break
        reached += shares[name] * (hulls[name][number].quality - hulls[name][number - 1].quality)
        chosen[name] = number
    return {name: hull[chosen[name]].bound for name, hull in hulls.items()}


def _price(before: Plan, after: Plan) -> float:
    """What a right answer more costs, between two plans of which the second is the better."""
    return (after.cost_usd - before.cost_usd) / (after.quality - before.quality)


def _hull(plans: Sequence[Plan]) -> tuple[Plan, ...]:
    """The plans between which money buys most quality, from the cheapest to the best: the upper convex hull."""
    hull: list[Plan] = []
    for plan in sorted(plans, key=lambda each: (each.cost_usd, -each.quality)):
        if hull and plan.quality <= hull[-1].quality:
            continue
        while len(hull) > 1 and _price(hull[-2], hull[-1]) >= _price(hull[-1], plan):
            hull.pop()
        hull.append(plan)
    return tuple(hull)
