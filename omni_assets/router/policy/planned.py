"""The choice by plans: chains that were tried on the examples of a class. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from omni_assets.router.learning.learned import AGREEMENT, Plan
from omni_assets.router.learning.posterior import Outlook
from omni_assets.router.policy.choice import MOST_SHOWN, Choice, Option, because, candidate
from omni_assets.router.policy.limits import first_in_time, late, slow_models, within_ceiling
from omni_assets.router.policy.situation import Situation
from omni_assets.router.route import Step
from omni_assets.router.task_class import TaskClass

SCORER = "learned-scorer"
"""The gate that says how the answers stand, by what was learnt."""


def by_plans(situation: Situation, costs: Mapping[str, float | None]) -> Choice | None:
    """The best chain that meets the floor, at the lowest exchange rate at which it does, or else the plan that comes
    nearest; ``None`` where none was learnt for this class. ``costs`` are those of one call, in US dollars.
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
        and within_ceiling(task_class, [costs[model] for model in of_chain[0].chain])
    ]
    if not plans:
        return None
    slow = slow_models(situation, costs)
    meeting = [(plan.chain, plan) for plan in plans if plan.bound >= floor]
    soonest = first_in_time(meeting, slow, task_class.baseline)
    chosen = max(plans, key=lambda plan: plan.bound) if soonest is None else soonest[1]
    reason = because(_outlook(chosen), floor)
    option = Option(_planned(chosen, costs, task_class), _outlook(chosen), reason)
    shown = [chosen, *(plan for plan in plans if plan is not chosen)][:MOST_SHOWN]
    candidates = tuple(
        candidate(plan.chain, _outlook(plan), floor, reason if plan is chosen else None, late(plan.chain, slow))
        for plan in shown
    )
    return Choice(option, (), candidates)


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
    allowed = allowed and within_ceiling(task_class, [costs[model] for model in (*plan.chain, reserve)])
    return (*steps, Step(model=reserve)) if allowed else steps


def _outlook(plan: Plan) -> Outlook:
    return Outlook(plan.cost_usd, plan.quality, plan.bound)
