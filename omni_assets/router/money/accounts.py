"""What a task cost, what that saved, and why it failed: reckoned from its attempts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from omni_assets.router.money.pricing import MOST_USD
from omni_assets.router.receipt import Attempt, Audit, Baseline, Outcome
from omni_assets.router.route import Skipped

MOST_REASON = 4000
"""Characters of a chain of reasons."""


def total(attempts: Sequence[Attempt], audit: Audit | None) -> Decimal | None:
    """What all calls of a task cost together; ``None`` as soon as one of them is not known."""
    costs = [attempt.cost.usd for attempt in attempts]
    if audit is not None:
        costs.append(audit.cost.usd)
    known = [cost for cost in costs if cost is not None]
    usd = sum(known, Decimal(0))
    return usd if len(known) == len(costs) and usd <= MOST_USD else None


def saved(outcome: Outcome, baseline: Baseline | None, cost_usd: Decimal | None) -> Decimal | None:
    """What the baseline would have cost less what was spent. A task that failed saves nothing that could be named."""
    if outcome is not Outcome.ACCEPTED or baseline is None or baseline.cost.usd is None or cost_usd is None:
        return None
    return baseline.cost.usd - cost_usd


def chain_of_reasons(attempts: Sequence[Attempt], reason: str) -> str:
    """Why a task failed: what each attempt ended with, one after the other, and why nothing else was tried."""
    links = [f"{attempt.model}: {end(attempt)}" for attempt in attempts]
    chain = "; ".join([*links, reason])
    return chain if len(chain) <= MOST_REASON else f"{chain[: MOST_REASON - 1]}…"


def missed(skipped: Sequence[Skipped], unavailable: Mapping[str, str]) -> str:
    """The models that a task could have gone on to, were they there, with why they are not, as a clause; empty where
    there are none. What the task or its class rules out is not among them.
    """
    models: dict[str, list[str]] = {}
    for each in skipped:
        if unavailable.get(each.model) == each.reason:
            models.setdefault(each.reason, []).append(each.model)
    return "; ".join(f"{', '.join(names)} could not be asked: {reason}" for reason, names in models.items())


def end(attempt: Attempt) -> str:
    """Why an attempt does not count, as a clause."""
    if attempt.failure is not None:
        return f"{attempt.failure.kind}, {attempt.failure.message}"
    barring = next((check for check in attempt.checks if check.bars), None)
    if barring is not None:
        found = f": {barring.evidence}" if barring.evidence else ""
        return f"barred by the gate {barring.gate} ({barring.verdict.value}{found})"
    if attempt.support is not None:
        return f"its answer has a support of {attempt.support:.2f}, which is too little"
    return attempt.outcome.value
