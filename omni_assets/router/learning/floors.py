"""The quality floors of several classes that reach a quality of all of them together at the least cost. Pure.

An owner who asks for 97 % overall need not ask for it in every class: a right answer more costs little in one and much
in another. Money is spent best where all classes pay the same for a right answer more: at one exchange rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from omni_assets.router.learning.learned import Plans


def cheapest_floors(
    plans: Mapping[str, Plans], shares: Mapping[str, float], quality: float, most_usd: float = inf
) -> Mapping[str, float]:
    """A floor for each class of ``plans``: what its best chain credibly does at the lowest exchange rate at which all
    classes together are expected to reach ``quality``, or else at the highest at which a task is expected to cost no
    more than ``most_usd`` US dollars. ``shares`` say how many of all tasks are of each class.
    """
    best = {name: of_class[0] for name, of_class in plans.items() if of_class}
    chosen = 0
    for rate in range(min((len(of_chain) for of_chain in best.values()), default=0)):
        if sum(shares[name] * of_chain[rate].cost_usd for name, of_chain in best.items()) > most_usd:
            break
        chosen = rate
        if sum(shares[name] * of_chain[rate].quality for name, of_chain in best.items()) >= quality:
            break
    return {name: of_chain[chosen].bound for name, of_chain in best.items()}
