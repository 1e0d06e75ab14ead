"""The choice by counts: the cheapest chain whose bound meets the floor, or else from the cheapest model up. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from omni_assets.router.gates.table import gate_named
from omni_assets.router.learning.learned import Gates, Subject
from omni_assets.router.learning.posterior import Beta, Link
from omni_assets.router.policy.chains import (
    Links,
    allowed_chains,
    from_the_cheapest,
    ladder,
    left_out,
    passing,
    weighed_chain,
)
from omni_assets.router.policy.choice import MOST_SHOWN, Chain, Choice, Option, because, candidate, percent, reaches
from omni_assets.router.policy.limits import first_in_time, late, slow_models
from omni_assets.router.policy.situation import Situation
from omni_assets.router.route import Step

TRUSTED = Beta(19.0, 1.0)
"""The baseline's answers, before anything is known of them."""


def by_counts(situation: Situation, costs: Mapping[str, float | None]) -> Choice:
    """The cheapest chain whose bound meets the floor, or else from the cheapest model up. ``costs`` are those of one
    call, in US dollars.
    """
    task_class, floor = situation.task_class, situation.task_class.quality_floor
    links = {
        (name, after): _link(situation, name, cost, after) for name, cost in costs.items() for after in (False, True)
    }
    slow = slow_models(situation, costs)
    order = from_the_cheapest(task_class, costs, links, slow)
    weighed = sorted(
        ((chain, weighed_chain(chain, links, costs)) for chain in allowed_chains(task_class, order, costs)),
        key=lambda each: (each[1].cost_usd if each[1] else 0.0, len(each[0])),
    )
    proven = [(chain, known) for chain, known in weighed if known is not None and reaches(known, floor)]
    soonest = first_in_time(proven, slow, order[-1])
    if soonest is not None:
        chain, reason = _awaited(soonest[0], order[-1], links, costs, floor), because(soonest[1], floor)
        if chain != soonest[0]:
            reason += f", without {_useless(set(soonest[0]).difference(chain))}"
    else:
        chain, beyond = ladder(task_class, order, costs, links)
        reason = f"no chain is known to reach {percent(floor)}: from the cheapest up{left_out(task_class, beyond)}"
        reason += "".join(f", {name} late, since it {slow[name]}" for name in chain[1:-1] if name in slow)
    chosen = weighed_chain(chain, links, costs)
    option = Option(_steps(chain), chosen, reason)
    cheaper = tuple(
        Option(_steps(each), known, "")
        for each, known in weighed
        if known is not None and chosen is not None and known.cost_usd < chosen.cost_usd
    )
    others = [(each, known) for each, known in weighed if each != chain][: MOST_SHOWN - 1]
    candidates = tuple(
        candidate(each, known, floor, reason if each == chain else None, _drawback(each, order[-1], links, slow))
        for each, known in [(chain, chosen), *others]
    )
    return Choice(option, cheaper, candidates)


def _link(situation: Situation, name: str, cost: float | None, after: bool) -> Link:
    task_class = situation.task_class
    gates = _gates(tuple(use.gate for use in task_class.gates))
    tally = situation.learned.tally(Subject(task_class.name, task_class.prompt.version, gates, name, after))
    prior = TRUSTED if name == task_class.baseline else Beta()
    return Link(
        accepted=prior.after(tally.accepted, tally.judged - tally.accepted),
        right=prior.after(tally.right, tally.wrong),
        cost_usd=cost or 0.0,
        judged=tally.judged,
        proved=tally.right + tally.wrong,
    )


@lru_cache(maxsize=1024)
def _gates(names: tuple[str, ...]) -> Gates:
    return tuple(sorted((gate.id, gate.version) for gate in map(gate_named, names)))


def _awaited(chain: Chain, last: str, links: Links, costs: Mapping[str, float | None], floor: float) -> Chain:
    """A chain that meets the floor, without the models that only cost time; as it is where the rest is known not to
    meet it.
    """
    ending = tuple(name for name in chain if name == last)
    rest = (*passing([name for name in chain if name != last], links), *ending)
    known = weighed_chain(rest, links, costs) if rest else None
    return rest if known is not None and (known.bound is None or reaches(known, floor)) else chain


def _useless(names: Iterable[str]) -> str:
    return f"{', '.join(sorted(names))}: nearly all of its answers are barred"


def _drawback(chain: Chain, last: str, links: Links, slow: Mapping[str, str]) -> str | None:
    """What may speak against a chain besides its cost and its quality, as a clause."""
    below = [name for name in chain if name != last]
    if useless := set(below).difference(passing(below, links)):
        return _useless(useless)
    return late(chain, slow)


def _steps(chain: Sequence[str]) -> tuple[Step, ...]:
    return tuple(Step(model=model) for model in chain)
