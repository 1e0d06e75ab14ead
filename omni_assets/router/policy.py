"""Which models are to do a task, in which order, and when to stop. Pure.

**Hard rules** come first (``_RULES``): what a task, its class, the budget or a model's own limits rule out is not
weighed. A model whose price is not known never wins by being cheap: it is asked only where the task names it, or where
no model with a known price may do the task, and in both cases only while no ceiling and no budget has to be kept.

**With a scorer** (gates ``agreement`` and ``learned-scorer``, extra ``learn``, examples enough): chains were tried on
the examples with each exchange rate between money and right answers. The one that does best over all rates, and whose
lower credible bound of quality meets the class's floor at some, is taken, at the lowest such rate. Asked on is where
the next model is expected to better the chance of a right answer by enough for its cost; the answer that counts is the
best supported one, whoever gave it.

**With counts only**: for each model a Beta posterior of how often its answers are accepted and of how often accepted
ones are right, apart for answers after another's rejection, since failures of models go together. Gates decide who is
asked on. The cheapest chain whose bound meets the floor is taken.

**On the first day**, and as long as no chain is known to meet the floor: from the cheapest model up, each asked where
the gates bar the answer before, the baseline last (the dearest model, where the class names none). Models whose
accepted answers are credibly worse than the floor are left out. So nothing expensive is bought on a guess; what gates
let through wrongly shows in the audits, and then counts. The baseline's own answers are taken for right nineteen times
in twenty until something is known of them.

**Waiting.** A model that takes longer on average than the class's latency target is asked after those that do not, but
never after the last: no target makes the dearest model the first. Of the chains that meet the floor one that begins
with such a model is taken only where none begins with another. A model of whose answers credibly fewer than one in
twenty pass their gates at its place is not waited for, be it for nothing: the rest does its tasks anyway.

A small share of the tasks (``explore_share``) tries a cheaper chain than the one chosen, to learn about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from itertools import combinations
from typing import TypeAlias, TypeVar

from omni_assets.router import accounts
from omni_assets.router.catalog import Catalog, Model
from omni_assets.router.gates.gate import Check, Standing
from omni_assets.router.gates.table import gate_named
from omni_assets.router.learning import AGREEMENT, Gates, Learned, Plan, Subject, judged_attempts
from omni_assets.router.posterior import Beta, Link, Outlook, outlook
from omni_assets.router.receipt import Attempt
from omni_assets.router.route import Accept, Call, Candidate, GiveUp, Route, Skipped, Step
from omni_assets.router.task import Task
from omni_assets.router.task_class import CloudPolicy, TaskClass
from omni_assets.router.values import Location, dollars

SCORER = "learned-scorer"
"""The gate that says how the answers stand, by what was learnt."""

MOST_MODELS = 8
"""Models of which chains are made where only counts are known: the cheapest, and the baseline."""

LEAST_PASSED = 0.05
"""The share of its answers that must be able to pass their gates for a model to be waited for."""

MOST_SHOWN = 12
"""Candidates that a route tells of."""

MOST_CHOICES = 256

TRUSTED = Beta(19.0, 1.0)
"""The baseline's answers, before anything is known of them."""

_BILLIONTH = Decimal("0.000000001")


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a route depends on. ``prompt_tokens`` are estimated; ``output_limit`` is the most tokens of an answer,
    where a model itself does not give fewer.

    ``prices`` are the expected costs of one call in US dollars, ``None`` where not known; ``unavailable`` gives models
    that cannot be asked now, with a clause that says why. ``budget_left_usd`` is ``None`` where there is no budget.
    ``chance`` is a number from 0 to 1, 1 excluded, from the caller's source of randomness.
    """

    task: Task
    task_class: TaskClass
    prompt_tokens: int
    output_limit: int
    catalog: Catalog
    prices: Mapping[str, Decimal | None]
    unavailable: Mapping[str, str]
    budget_left_usd: Decimal | None
    learned: Learned
    chance: float


@dataclass(frozen=True, slots=True)
class _Choice:
    """What was chosen for tasks of a class, and what might be tried instead."""

    chosen: _Option
    cheaper: tuple[_Option, ...]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class _Option:
    """A chain ready to be walked."""

    steps: tuple[Step, ...]
    outlook: Outlook | None
    reason: str


def route(situation: Situation) -> Route:
    """The chain for a task, with what was considered and what was not."""
    usable, skipped = _usable(situation)
    if not usable:
        return Route(steps=(), skipped=skipped, reason=_nobody(situation, skipped))
    choice = _chosen(situation, usable)
    option, explored = choice.chosen, False
    share = situation.task_class.explore_share
    if choice.cheaper and situation.chance < share:
        option = choice.cheaper[min(int(situation.chance / share * len(choice.cheaper)), len(choice.cheaper) - 1)]
        explored = True
    return Route(
        steps=option.steps,
        candidates=choice.candidates,
        skipped=skipped,
        reason=f"tried to learn about it, though {choice.chosen.reason}" if explored else option.reason,
        explored=explored,
        scorer=situation.learned.scorer,
    )


def decide(route: Route, attempts: Sequence[Attempt]) -> Call | Accept | GiveUp:
    """What comes next, after so many attempts, of which those of one model follow each other (retries).

    Each step is called once at most, so this ends after as many decisions as the route has steps.
    """
    if not route.steps:
        return GiveUp(route.reason)
    if not attempts:
        return Call(route.steps[0], f"first choice: {route.reason}")
    place = next((n for n, step in enumerate(route.steps) if step.model == attempts[-1].model), len(route.steps) - 1)
    step, following = route.steps[place], route.steps[place + 1] if place + 1 < len(route.steps) else None
    judged = judged_attempts(attempts)
    standing = _standing(judged)
    best = _best(route, judged, standing)
    if best is None:
        why = accounts.end(attempts[-1])
        return GiveUp("no model is left") if following is None else Call(following, why)
    accepted = next(number for number, attempt in enumerate(attempts) if attempt is judged[best])
    if following is None or step.least_gain is None:
        return Accept(accepted, _counts_because(judged, best, standing, following))
    if step.least_gain == 0:
        return Call(following, "what it says costs nothing")
    if standing is None or following.model not in standing.prospects:
        return Call(following, "how good the answers so far are is not known")
    prospect, now = standing.prospects[following.model], standing.support[best]
    if prospect - now < step.least_gain:
        reason = (
            f"right with a chance of {_percent(now)}; {following.model} would make it {_percent(max(prospect, now))}, "
            f"and {_percent(step.least_gain, 1)} more are what it costs"
        )
        return Accept(accepted, reason)
    return Call(following, f"it makes a right answer likelier: {_percent(prospect)} after {_percent(now)}")


def counts(checks: Sequence[Check], accept_at: float | None) -> bool:
    """Whether an output may count by what its gates said. Support that is not known is no support."""
    if any(check.bars for check in checks):
        return False
    return accept_at is None or (support(checks) or 0.0) >= accept_at


def support(checks: Sequence[Check]) -> float | None:
    """The chance that an output is right, by the last gate that estimated one; ``None`` where none did."""
    return next((check.score for check in reversed(checks) if check.score is not None), None)


def _standing(judged: Sequence[Attempt]) -> Standing | None:
    """How all judged answers stand, by what the latest one's gates said."""
    if not judged:
        return None
    said = next((check.standing for check in reversed(judged[-1].checks) if check.standing is not None), None)
    return said if said is not None and len(said.support) == len(judged) else None


def _best(route: Route, judged: Sequence[Attempt], standing: Standing | None) -> int | None:
    """The judged attempt whose answer would count now: the best supported, of equals the latest."""
    accept_at = {step.model: step.accept_at for step in route.steps}
    sound = [n for n, attempt in enumerate(judged) if counts(attempt.checks, accept_at.get(attempt.model))]
    if standing is None:
        return sound[-1] if sound else None
    return max(sound, key=lambda number: (standing.support[number], number), default=None)


def _counts_because(judged: Sequence[Attempt], best: int, standing: Standing | None, following: Step | None) -> str:
    who = judged[best].model
    if standing is not None:
        return f"the answer of {who} is the best supported: {_percent(standing.support[best])}"
    if following is None and best + 1 < len(judged):
        return f"the answer of {who} is the latest that passed its gates"
    return f"the answer of {who} passed its gates"


# Hard rules


def _not_named(situation: Situation, name: str, _: Model) -> str | None:
    wanted = situation.task.constraints.model
    if wanted is not None and wanted != name:
        return f"the task asks for `{wanted}`"
    models = situation.task_class.models
    return f"the class `{situation.task_class.name}` does not name it" if models and name not in models else None


def _away(situation: Situation, name: str, _: Model) -> str | None:
    constraints, policy = situation.task.constraints, situation.task_class.cloud
    if situation.catalog.location(name) is Location.LOCAL:
        return None
    if constraints.local_only:
        return "the task may not leave this place"
    if policy is CloudPolicy.BLOCKED:
        return f"tasks of the class `{situation.task_class.name}` may not leave this place"
    if policy is CloudPolicy.OPT_IN and not constraints.cloud:
        return "the task does not say that it may leave this place"
    return None


def _down(situation: Situation, name: str, _: Model) -> str | None:
    return situation.unavailable.get(name)


def _too_long(situation: Situation, _: str, model: Model) -> str | None:
    wanted = situation.prompt_tokens + model.output_limit(situation.output_limit)
    if wanted <= model.context_window:
        return None
    return f"prompt and answer take {wanted:,} tokens, and its context has {model.context_window:,}"


def _too_dear(situation: Situation, name: str, _: Model) -> str | None:
    price, left = situation.prices.get(name), situation.budget_left_usd
    ceiling = situation.task_class.price_ceiling_usd
    if price is None:
        if ceiling is not None:
            return f"its price is not known, so the ceiling of {dollars(ceiling)} could not be kept"
        return None if left is None else "its price is not known, so the budget could not be kept"
    if ceiling is not None and price > ceiling:
        return f"a call costs about {dollars(price)}, above the ceiling of {dollars(ceiling)}"
    if left is not None and price > max(left, Decimal(0)):
        return f"a call costs about {dollars(price)}, and {dollars(max(left, Decimal(0)))} of the budget are left"
    return None


_RULES: tuple[Callable[[Situation, str, Model], str | None], ...] = (_not_named, _away, _down, _too_long, _too_dear)


def _usable(situation: Situation) -> tuple[tuple[str, ...], tuple[Skipped, ...]]:
    """The models that may do a task, in the catalog's order, and the others."""
    reasons: dict[str, str] = {}
    for name, model in situation.catalog.models.items():
        for rule in _RULES:
            if (reason := rule(situation, name, model)) is not None:
                reasons[name] = reason
                break
    usable = [name for name in situation.catalog.models if name not in reasons]
    priced = [name for name in usable if situation.prices.get(name) is not None]
    if priced and len(priced) < len(usable):
        for name in set(usable).difference(priced):
            reasons[name] = "its price is not known, and models whose price is known may do the task"
        usable = priced
    skipped = tuple(Skipped(model=name, reason=reasons[name]) for name in situation.catalog.models if name in reasons)
    return tuple(usable), skipped


def _nobody(situation: Situation, skipped: Sequence[Skipped]) -> str:
    wanted = situation.task.constraints.model
    if wanted is not None and wanted not in situation.catalog.models:
        return f"the task asks for `{wanted}`, which the catalog does not have"
    if not skipped:
        return "the catalog has no models"
    if wanted is not None:
        return f"the task asks for `{wanted}`: {next(each.reason for each in skipped if each.model == wanted)}"
    models: dict[str, list[str]] = {}
    for each in skipped:
        models.setdefault(each.reason, []).append(each.model)
    return "no model may do it: " + "; ".join(f"{', '.join(names)}: {reason}" for reason, names in models.items())


# The choice


def _chosen(situation: Situation, usable: tuple[str, ...]) -> _Choice:
    """The choice for tasks of a class, remembered as long as nothing that it depends on changes."""
    task_class, learned = situation.task_class, situation.learned
    costs = tuple(_cost(situation, name) for name in usable)
    key = (
        task_class.name,
        learned.receipts.get(task_class.name, 0),
        task_class.quality_floor,
        task_class.max_escalations,
        task_class.price_ceiling_usd,
        task_class.latency_target_seconds,
        task_class.baseline,
        task_class.prompt.version,
        tuple(use.gate for use in task_class.gates),
        usable,
        costs,
    )
    choices: dict[tuple[object, ...], _Choice] = learned.choices
    choice = choices.get(key)
    if choice is None:
        if len(choices) >= MOST_CHOICES:
            choices.clear()
        known = dict(zip(usable, costs, strict=True))
        choice = choices[key] = _by_plans(situation, known) or _by_counts(situation, known)
    return choice


def _cost(situation: Situation, name: str) -> float | None:
    """What a call is expected to cost: what calls of the class did cost, or else what this one is estimated to."""
    price = situation.prices.get(name)
    if price is None:
        return None
    learnt = situation.learned.cost_usd(situation.task_class.name, name)
    return float(price) if learnt is None else learnt


def _by_plans(situation: Situation, costs: Mapping[str, float | None]) -> _Choice | None:
    """The best chain that meets the floor, at the lowest exchange rate at which it does, or else the plan that comes
    nearest; ``None`` where none was learnt for this class.
    """
    task_class = situation.task_class
    if not {AGREEMENT, SCORER} <= {use.gate for use in task_class.gates}:
        return None
    floor = task_class.quality_floor
    plans = [
        next((plan for plan in of_chain if plan.bound >= floor), of_chain[-1])
        for of_chain in situation.learned.plans.get(task_class.name, ())
        if of_chain[0].prompt_version == task_class.prompt.version
        and len(of_chain[0].chain) <= task_class.max_escalations + 1
        and all(costs.get(model) is not None for model in of_chain[0].chain)
        and _within_ceiling(task_class, [costs[model] for model in of_chain[0].chain])
    ]
    if not plans:
        return None
    slow = _slow(situation, costs)
    meeting = [(plan.chain, plan) for plan in plans if plan.bound >= floor]
    soonest = _soonest(meeting, slow, task_class.baseline)
    chosen = max(plans, key=lambda plan: plan.bound) if soonest is None else soonest[1]
    reason = _because(_outlook(chosen), floor)
    option = _Option(_planned(chosen, costs, task_class), _outlook(chosen), reason)
    shown = [chosen, *(plan for plan in plans if plan is not chosen)][:MOST_SHOWN]
    candidates = tuple(
        _candidate(plan.chain, _outlook(plan), floor, reason if plan is chosen else None, _late(plan.chain, slow))
        for plan in shown
    )
    return _Choice(option, (), candidates)


def _planned(plan: Plan, costs: Mapping[str, float | None], task_class: TaskClass) -> tuple[Step, ...]:
    """The steps of a plan: what the next model costs is what it has to gain, by the plan's exchange rate. The baseline
    is kept in reserve, for a task of which every answer is barred.
    """
    gains = [min((costs[model] or 0.0) / plan.worth_usd, 1.0) for model in plan.chain[1:]]
    steps = tuple(Step(model=model, least_gain=gain) for model, gain in zip(plan.chain, (*gains, None), strict=True))
    reserve = task_class.baseline
    if reserve is None or reserve in plan.chain or costs.get(reserve) is None:
        return steps
    allowed = len(steps) <= task_class.max_escalations
    allowed = allowed and _within_ceiling(task_class, [costs[model] for model in (*plan.chain, reserve)])
    return (*steps, Step(model=reserve)) if allowed else steps


def _outlook(plan: Plan) -> Outlook:
    return Outlook(plan.cost_usd, plan.quality, plan.bound)


def _by_counts(situation: Situation, costs: Mapping[str, float | None]) -> _Choice:
    """The cheapest chain whose bound meets the floor, or else from the cheapest model up."""
    task_class, floor = situation.task_class, situation.task_class.quality_floor
    links = {
        (name, after): _link(situation, name, cost, after) for name, cost in costs.items() for after in (False, True)
    }
    slow = _slow(situation, costs)
    order = _from_the_cheapest(task_class, costs, links, slow)
    weighed = sorted(
        ((chain, _weighed(chain, links, costs)) for chain in _chains(task_class, order, costs)),
        key=lambda each: (each[1].cost_usd if each[1] else 0.0, len(each[0])),
    )
    proven = [(chain, known) for chain, known in weighed if known is not None and _reaches(known, floor)]
    soonest = _soonest(proven, slow, order[-1])
    if soonest is not None:
        chain, reason = _awaited(soonest[0], order[-1], links, costs, floor), _because(soonest[1], floor)
        if chain != soonest[0]:
            reason += f", without {_useless(set(soonest[0]).difference(chain))}"
    else:
        chain, beyond = _ladder(task_class, order, costs, links)
        reason = f"no chain is known to reach {_percent(floor)}: from the cheapest up{_left_out(task_class, beyond)}"
        reason += "".join(f", {name} late, since it {slow[name]}" for name in chain[1:-1] if name in slow)
    chosen = _weighed(chain, links, costs)
    option = _Option(_steps(chain), chosen, reason)
    cheaper = tuple(
        _Option(_steps(each), known, "")
        for each, known in weighed
        if known is not None and chosen is not None and known.cost_usd < chosen.cost_usd
    )
    others = [(each, known) for each, known in weighed if each != chain][: MOST_SHOWN - 1]
    candidates = tuple(
        _candidate(each, known, floor, reason if each == chain else None, _drawback(each, order[-1], links, slow))
        for each, known in [(chain, chosen), *others]
    )
    return _Choice(option, cheaper, candidates)


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


Links = Mapping[tuple[str, bool], Link]


def _slow(situation: Situation, names: Iterable[str]) -> Mapping[str, str]:
    """The models that take longer on average than the class's target, each with a clause that says so."""
    target, name_of_class = situation.task_class.latency_target_seconds, situation.task_class.name
    known = ((name, situation.learned.seconds(name_of_class, name)) for name in names)
    return {
        name: f"takes {seconds:.3g} s on average, and {target:g} s are the target"
        for name, seconds in known
        if target is not None and seconds is not None and seconds > target
    }


_T = TypeVar("_T")
_Chain: TypeAlias = tuple[str, ...]


def _soonest(
    meeting: Sequence[tuple[_Chain, _T]], slow: Mapping[str, str], last: str | None
) -> tuple[_Chain, _T] | None:
    """The first of some chains, or where that begins with a slow model the first that begins with another one: but not
    with the last, which no target makes the first.
    """
    best = next(iter(meeting), None)
    if best is None or best[0][0] not in slow:
        return best
    return next((each for each in meeting if each[0][0] not in slow and each[0][0] != last), best)


def _passing(names: Iterable[str], links: Links) -> _Chain:
    """The models of which enough answers may pass, each at its place among them."""
    kept: list[str] = []
    for name in names:
        if links[name, bool(kept)].accepted.upper >= LEAST_PASSED:
            kept.append(name)
    return tuple(kept)


def _awaited(chain: _Chain, last: str, links: Links, costs: Mapping[str, float | None], floor: float) -> _Chain:
    """A chain that meets the floor, without the models that only cost time; as it is where the rest is known not to
    meet it.
    """
    ending = tuple(name for name in chain if name == last)
    rest = (*_passing([name for name in chain if name != last], links), *ending)
    known = _weighed(rest, links, costs) if rest else None
    return rest if known is not None and (known.bound is None or _reaches(known, floor)) else chain


def _useless(names: Iterable[str]) -> str:
    return f"{', '.join(sorted(names))}: nearly all of its answers are barred"


def _drawback(chain: _Chain, last: str, links: Links, slow: Mapping[str, str]) -> str | None:
    """What may speak against a chain besides its cost and its quality, as a clause."""
    below = [name for name in chain if name != last]
    if useless := set(below).difference(_passing(below, links)):
        return _useless(useless)
    return _late(chain, slow)


def _late(chain: _Chain, slow: Mapping[str, str]) -> str | None:
    return f"{chain[0]} {slow[chain[0]]}" if chain[0] in slow else None


def _from_the_cheapest(
    task_class: TaskClass, costs: Mapping[str, float | None], links: Links, slow: Mapping[str, str]
) -> tuple[str, ...]:
    """The models by cost, of equals the better one first, slow ones after the others, up to the one that is asked last:
    the baseline, or else the dearest.
    """

    def place(name: str) -> tuple[float, float]:
        link = links[name, False]
        return costs[name] or 0.0, -link.accepted.mean * link.right.mean

    order = sorted(costs, key=place)
    last = task_class.baseline if task_class.baseline in costs else order[-1]
    below = [name for name in order if name != last and (costs[name] or 0.0) <= (costs[str(last)] or 0.0)]
    return (*sorted(below[: MOST_MODELS - 1], key=slow.__contains__), str(last))


def _chains(task_class: TaskClass, order: Sequence[str], costs: Mapping[str, float | None]) -> list[tuple[str, ...]]:
    """The chains that the class's limits allow. Where escalations are allowed each ends with the last model, so that no
    task is left undone that it could do, unless the ceiling leaves no room for it.
    """
    chains = [
        chain
        for links in range(1, task_class.max_escalations + 2)
        for chain in combinations(order, links)
        if _within_ceiling(task_class, [costs[name] for name in chain])
    ]
    if not task_class.max_escalations:
        return chains
    last = order[-1]
    return [
        chain
        for chain in chains
        if chain[-1] == last or not _within_ceiling(task_class, [costs[name] for name in (*chain, last)])
    ]


def _ladder(
    task_class: TaskClass, order: Sequence[str], costs: Mapping[str, float | None], links: Links
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """From the cheapest model up to the last, without those whose accepted answers are credibly worse than the floor
    and those of which hardly any answer passes, as far as the class's limits allow; and the models for which its price
    ceiling leaves no room, the dearest ones.
    """
    *below, last = order
    worth = [
        name
        for name in below
        if not links[name, False].proved or links[name, False].right.upper >= task_class.quality_floor
    ]
    escalations = task_class.max_escalations
    worth = [*_passing(worth, links)]
    wanted = [*worth, last]
    chain = [*worth[:escalations], last] if escalations else wanted[:1]
    if len(chain) == 1 or _within_ceiling(task_class, [costs[name] for name in chain]):
        return tuple(chain), ()
    chain = wanted[: escalations + 1]
    beyond = [] if last in chain else [last]
    while len(chain) > 1 and not _within_ceiling(task_class, [costs[name] for name in chain]):
        beyond.insert(0, chain.pop())
    return tuple(chain), tuple(beyond)


def _left_out(task_class: TaskClass, beyond: Sequence[str]) -> str:
    """That the ceiling leaves no room for some models, as the end of a reason; empty where it does for all."""
    ceiling = task_class.price_ceiling_usd
    if ceiling is None or not beyond:
        return ""
    return f", without {', '.join(beyond)}: all together would cost more than the ceiling of {dollars(ceiling)}"


def _within_ceiling(task_class: TaskClass, costs: Sequence[float | None]) -> bool:
    ceiling = task_class.price_ceiling_usd
    return ceiling is None or sum(cost or 0.0 for cost in costs) <= float(ceiling)


def _weighed(chain: tuple[str, ...], links: Links, costs: Mapping[str, float | None]) -> Outlook | None:
    """What a chain is expected to do; ``None`` where the price of a model is not known."""
    if any(costs[name] is None for name in chain):
        return None
    return outlook([links[name, place > 0] for place, name in enumerate(chain)])


def _steps(chain: Sequence[str]) -> tuple[Step, ...]:
    return tuple(Step(model=model) for model in chain)


def _candidate(
    chain: tuple[str, ...], known: Outlook | None, floor: float, chosen: str | None, drawback: str | None
) -> Candidate:
    return Candidate(
        chain=chain,
        expected_cost_usd=None if known is None else _usd(known.cost_usd),
        expected_quality=None if known is None else known.quality,
        quality_bound=None if known is None else known.bound,
        chosen=chosen is not None,
        reason=_passed_over(known, floor, drawback) if chosen is None else chosen,
    )


def _reaches(known: Outlook, floor: float) -> bool:
    return known.bound is not None and known.bound >= floor


def _because(known: Outlook, floor: float) -> str:
    least = _percent(known.bound or 0.0)
    if _reaches(known, floor):
        return f"the best for its cost that credibly reaches {_percent(floor)}: at least {least} right"
    return f"none credibly reaches {_percent(floor)}, and this comes nearest: at least {least} right"


def _passed_over(known: Outlook | None, floor: float, drawback: str | None) -> str:
    said = (_unfit(known, floor), drawback)
    return "; ".join(each for each in said if each) or "another does as well for less"


def _unfit(known: Outlook | None, floor: float) -> str | None:
    if known is None:
        return "its price is not known"
    if known.bound is None:
        return "not all of its models were seen at their places yet"
    if known.bound < floor:
        return f"credibly no more than {_percent(known.bound)} right, and {_percent(floor)} are asked for"
    return None


def _usd(cost: float) -> Decimal:
    return Decimal(cost).quantize(_BILLIONTH, ROUND_CEILING)


def _percent(share: float, digits: int = 0) -> str:
    return f"{share * 100:.{digits}f} %"
