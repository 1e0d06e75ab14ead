"""Hard rules: which models may do a task at all, and why the others may not. Pure.

What a task, its class, the budget or a model's own limits rule out is not weighed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from omni_assets.router.catalog import Model
from omni_assets.router.policy.situation import Situation
from omni_assets.router.route import Skipped
from omni_assets.router.task_class import CloudPolicy
from omni_assets.router.values import Location, dollars


def usable_models(situation: Situation) -> tuple[tuple[str, ...], tuple[Skipped, ...]]:
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


def nobody(situation: Situation, skipped: Sequence[Skipped]) -> str:
    """Why no model may do a task, as a clause."""
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
