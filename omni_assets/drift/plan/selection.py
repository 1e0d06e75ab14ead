"""Which steps of a plan run: those that are safe, and those that somebody approved. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from omni_assets.drift.plan.definition import Action, Plan, Step

EVERYTHING = "all"
"""The approval of every step but deletions, which are approved one by one."""


def approved(plan: Plan, approvals: Iterable[str]) -> frozenset[str]:
    """The ids of the steps that ``approvals`` name: by id, by topic, or all of them."""
    given = frozenset(approvals)
    return frozenset(step.id for step in plan.steps if _names(given, step))


def selected(plan: Plan, approvals: Iterable[str] = (), only: Iterable[str] = ()) -> tuple[Step, ...]:
    """The steps that run, in order: the safe ones and the approved ones, of topics that a pattern in ``only`` matches
    where there is any."""
    given = approved(plan, approvals)
    patterns = tuple(only)
    return tuple(
        step
        for step in plan.steps
        if (step.safe or step.id in given)
        and (not patterns or any(fnmatchcase(step.topic, pattern) for pattern in patterns))
    )


def idle(plan: Plan, approvals: Iterable[str]) -> tuple[str, ...]:
    """Approvals that name nothing in the plan, in order: most likely a slip of the pen."""
    known = {step.id for step in plan.steps} | plan.topics | {EVERYTHING}
    return tuple(sorted(set(approvals) - known))


def _names(approvals: frozenset[str], step: Step) -> bool:
    if step.id in approvals or step.topic in approvals:
        return True
    return EVERYTHING in approvals and step.action is not Action.DELETE
