"""What is chosen by plans: chains that were tried on examples."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router.gates.gate import Standing, Verdict
from omni_assets.router.learning.learned import Learned, Plan
from omni_assets.router.policy import decide, route
from omni_assets.router.route import Accept, Call
from omni_assets.router.task_class import GateUse, PromptTemplate, Severity
from tests.support.policy import (
    CLASS,
    answered,
    models,
    situation,
)

SCORED = CLASS.model_copy(
    update={
        "gates": (
            GateUse(gate="agreement", severity=Severity.WARNING),
            GateUse(gate="learned-scorer", severity=Severity.WARNING),
        )
    }
)


def plan(chain: tuple[str, ...], bound: float, worth: float = 0.03) -> Plan:
    return Plan(prompt_version=1, chain=chain, worth_usd=worth, cost_usd=0.001, quality=bound + 0.02, bound=bound)


def test_a_plan_is_walked_at_the_lowest_rate_that_meets_the_floor() -> None:
    tried = tuple(plan(("tiny", "large"), bound, worth) for bound, worth in ((0.8, 0.01), (0.91, 0.03), (0.95, 0.3)))
    chosen = route(situation(SCORED, learned=Learned(plans={"sorting": (tried,)})))
    assert models(chosen) == ("tiny", "large")
    assert chosen.steps[0].least_gain == pytest.approx(0.1)
    assert chosen.steps[1].least_gain is None


@given(st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=4).map(sorted), min_size=1, max_size=4), st.floats(0, 1))
def test_a_plan_that_meets_the_floor_is_taken_whenever_there_is_one(bounds: list[list[float]], floor: float) -> None:
    chains = (("tiny",), ("tiny", "large"), ("small", "large"), ("middle",))
    plans = tuple(
        tuple(replace(plan(chain, bound), quality=bound) for bound in of_chain)
        for chain, of_chain in zip(chains, bounds, strict=False)
    )
    task_class = SCORED.model_copy(update={"quality_floor": floor})
    chosen = route(situation(task_class, learned=Learned(plans={"sorting": plans})))
    [candidate] = [each for each in chosen.candidates if each.chosen]
    assert candidate.quality_bound is not None
    highest = max(max(of_chain) for of_chain in bounds)
    assert candidate.quality_bound >= floor if highest >= floor else candidate.quality_bound == highest


def test_a_plan_needs_its_gates_its_models_and_its_prompt() -> None:
    learnt = Learned(plans={"sorting": ((plan(("tiny", "large"), 0.95),),)})
    assert models(route(situation(CLASS, learned=learnt))) == ("tiny", "small", "large")
    down = route(situation(SCORED, learned=learnt, unavailable={"tiny": "it is down"}))
    assert "tiny" not in models(down)
    newer = SCORED.model_copy(update={"prompt": PromptTemplate(version=2, user="{text}")})
    assert models(route(situation(newer, learned=learnt))) == ("tiny", "small", "large")


def test_the_baseline_is_kept_in_reserve() -> None:
    learnt = Learned(plans={"sorting": ((plan(("tiny", "small"), 0.95),),)})
    chosen = route(situation(SCORED, learned=learnt))
    assert models(chosen) == ("tiny", "small", "large")
    sure = Standing(support=(0.9, 0.9), prospects={})
    assert isinstance(decide(chosen, (answered("tiny"), answered("small", standing=sure))), Accept)
    barred = (answered("tiny", Verdict.FAILED), answered("small", Verdict.FAILED))
    assert isinstance(decide(chosen, barred), Call)
