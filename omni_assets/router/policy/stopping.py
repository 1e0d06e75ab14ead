"""When to stop: what comes next after so many attempts, and which answer counts. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from omni_assets.router.gates.gate import Check, Standing
from omni_assets.router.learning.learned import judged_attempts
from omni_assets.router.money import accounts
from omni_assets.router.policy.choice import percent
from omni_assets.router.receipt import Attempt
from omni_assets.router.route import Accept, Call, GiveUp, Route, Step


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
            f"right with a chance of {percent(now)}; {following.model} would make it {percent(max(prospect, now))}, "
            f"and {percent(step.least_gain, 1)} more are what it costs"
        )
        return Accept(accepted, reason)
    return Call(following, f"it makes a right answer likelier: {percent(prospect)} after {percent(now)}")


def counts(checks: Sequence[Check], accept_at: float | None) -> bool:
    """Whether an output may count by what its gates said, and by the chance ``accept_at`` that it has to reach. Support
    that is not known is no support.
    """
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
        return f"the answer of {who} is the best supported: {percent(standing.support[best])}"
    if following is None and best + 1 < len(judged):
        return f"the answer of {who} is the latest that passed its gates"
    return f"the answer of {who} passed its gates"
