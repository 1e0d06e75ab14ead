"""Which models, in which order: what may be done, what is chosen of it, and now and then something cheaper. Pure."""

from __future__ import annotations

from omni_assets.router.policy.choice import Choice
from omni_assets.router.policy.counted import by_counts
from omni_assets.router.policy.planned import by_plans
from omni_assets.router.policy.ruling import nobody, usable_models
from omni_assets.router.policy.situation import Situation
from omni_assets.router.route import Route

MOST_CHOICES = 256
"""Choices that are remembered at once."""


def route(situation: Situation) -> Route:
    """The chain for a task, with what was considered and what was not."""
    usable, skipped = usable_models(situation)
    if not usable:
        return Route(steps=(), skipped=skipped, reason=nobody(situation, skipped))
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


def _chosen(situation: Situation, usable: tuple[str, ...]) -> Choice:
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
    choices: dict[tuple[object, ...], Choice] = learned.choices
    choice = choices.get(key)
    if choice is None:
        if len(choices) >= MOST_CHOICES:
            choices.clear()
        known = dict(zip(usable, costs, strict=True))
        choice = choices[key] = by_plans(situation, known) or by_counts(situation, known)
    return choice


def _cost(situation: Situation, name: str) -> float | None:
    """What a call is expected to cost: what calls of the class did cost, or else what this one is estimated to."""
    price = situation.prices.get(name)
    if price is None:
        return None
    learnt = situation.learned.cost_usd(situation.task_class.name, name)
    return float(price) if learnt is None else learnt
