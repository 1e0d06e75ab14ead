"""Chains of models where only counts are known: which there are, and what each is expected to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from omni_assets.router.learning.posterior import Link, Outlook, outlook
from omni_assets.router.policy.choice import Chain
from omni_assets.router.policy.limits import within_ceiling
from omni_assets.router.task_class import TaskClass
from omni_assets.router.values import dollars

MOST_MODELS = 8
"""Models of which chains are made where only counts are known: the cheapest, and the baseline."""

LEAST_PASSED = 0.05
"""The share of its answers that must be able to pass their gates for a model to be waited for."""

Links = Mapping[tuple[str, bool], Link]


def from_the_cheapest(
    task_class: TaskClass, costs: Mapping[str, float | None], links: Links, slow: Mapping[str, str]
) -> tuple[str, ...]:
    """The models by cost, of equals the better one first, slow ones after the others, up to the one that is asked last:
    the baseline, or else the dearest. ``costs`` are those of one call, in US dollars.
    """

    def place(name: str) -> tuple[float, float]:
        link = links[name, False]
        return costs[name] or 0.0, -link.accepted.mean * link.right.mean

    order = sorted(costs, key=place)
    last = task_class.baseline if task_class.baseline in costs else order[-1]
    below = [name for name in order if name != last and (costs[name] or 0.0) <= (costs[str(last)] or 0.0)]
    return (*sorted(below[: MOST_MODELS - 1], key=slow.__contains__), str(last))


def allowed_chains(task_class: TaskClass, order: Sequence[str], costs: Mapping[str, float | None]) -> list[Chain]:
    """The chains that the class's limits allow. Where escalations are allowed each ends with the last model, so that no
    task is left undone that it could do, unless the ceiling leaves no room for it. ``costs`` are those of one call, in
    US dollars.
    """
    chains = [
        chain
        for links in range(1, task_class.max_escalations + 2)
        for chain in combinations(order, links)
        if within_ceiling(task_class, [costs[name] for name in chain])
    ]
    if not task_class.max_escalations:
        return chains
    last = order[-1]
    return [
        chain
        for chain in chains
        if chain[-1] == last or not within_ceiling(task_class, [costs[name] for name in (*chain, last)])
    ]


def ladder(
    task_class: TaskClass, order: Sequence[str], costs: Mapping[str, float | None], links: Links
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """From the cheapest model up to the last, without those whose accepted answers are credibly worse than the floor
    and those of which hardly any answer passes, as far as the class's limits allow; and the models for which its price
    ceiling leaves no room, the dearest ones. ``costs`` are those of one call, in US dollars.
    """
    *below, last = order
    worth = [
        name
        for name in below
        if not links[name, False].proved or links[name, False].right.upper >= task_class.quality_floor
    ]
    escalations = task_class.max_escalations
    worth = [*passing(worth, links)]
    wanted = [*worth, last]
    chain = [*worth[:escalations], last] if escalations else wanted[:1]
    if len(chain) == 1 or within_ceiling(task_class, [costs[name] for name in chain]):
        return tuple(chain), ()
    chain = wanted[: escalations + 1]
    beyond = [] if last in chain else [last]
    while len(chain) > 1 and not within_ceiling(task_class, [costs[name] for name in chain]):
        beyond.insert(0, chain.pop())
    return tuple(chain), tuple(beyond)


def left_out(task_class: TaskClass, beyond: Sequence[str]) -> str:
    """That the ceiling leaves no room for some models, as the end of a reason; empty where it does for all."""
    ceiling = task_class.price_ceiling_usd
    if ceiling is None or not beyond:
        return ""
    return f", without {', '.join(beyond)}: all together would cost more than the ceiling of {dollars(ceiling)}"


def passing(names: Iterable[str], links: Links) -> Chain:
    """The models of which enough answers may pass, each at its place among them."""
    kept: list[str] = []
    for name in names:
        if links[name, bool(kept)].accepted.upper >= LEAST_PASSED:
            kept.append(name)
    return tuple(kept)


def weighed_chain(chain: tuple[str, ...], links: Links, costs: Mapping[str, float | None]) -> Outlook | None:
    """What a chain is expected to do; ``None`` where the price of a model is not known. ``costs`` are those of one
    call, in US dollars.
    """
    if any(costs[name] is None for name in chain):
        return None
    return outlook([links[name, place > 0] for place, name in enumerate(chain)])
