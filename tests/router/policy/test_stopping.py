"""When to stop, and which answer counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router import policy
from omni_assets.router.gates.gate import Check, Standing, Verdict
from omni_assets.router.policy import decide
from omni_assets.router.route import Accept, Call, GiveUp, Step
from omni_assets.router.task_class import Severity
from tests.support import receipts as made
from tests.support.policy import (
    answered,
    walked,
)


def test_what_its_gates_pass_is_accepted_and_what_they_bar_escalates() -> None:
    chain = walked(Step(model="small"), Step(model="large"))
    assert isinstance(decide(chain, ()), Call)
    assert decide(chain, (answered("small"),)) == Accept(0, "the answer of small passed its gates")
    barred = decide(chain, (answered("small", Verdict.FAILED),))
    assert isinstance(barred, Call)
    assert (barred.step.model, barred.reason) == ("large", "barred by the gate valid-json (failed)")
    ended = decide(chain, (answered("small", Verdict.FAILED), answered("large", Verdict.UNKNOWN)))
    assert ended == GiveUp("no model is left")


def test_a_retry_is_no_escalation() -> None:
    chain = walked(Step(model="small"), Step(model="large"))
    attempts = (made.unanswered(model="small"), answered("small"))
    assert isinstance(decide(chain, attempts), Accept)
    failed = decide(chain, (made.unanswered(model="small"), made.unanswered(model="small")))
    assert isinstance(failed, Call)
    assert failed.step.model == "large"


def test_support_that_is_too_small_or_unknown_is_none() -> None:
    chain = walked(Step(model="small", accept_at=0.8), Step(model="large"))
    weak = answered("small", standing=Standing(support=(0.7,)))
    assert isinstance(decide(chain, (weak,)), Call)
    assert isinstance(decide(chain, (answered("small"),)), Call)
    assert isinstance(decide(chain, (answered("small", standing=Standing(support=(0.8,))),)), Accept)


@pytest.mark.parametrize(("prospect", "kind"), [(0.75, Accept), (0.85, Call)])
def test_asking_on_has_to_be_worth_its_cost(prospect: float, kind: type) -> None:
    chain = walked(Step(model="small", least_gain=0.1), Step(model="large"))
    standing = Standing(support=(0.7,), prospects={"large": prospect})
    assert isinstance(decide(chain, (answered("small", standing=standing),)), kind)


def test_what_costs_nothing_is_asked_and_what_is_not_known_is_no_reason_to_stop() -> None:
    chain = walked(Step(model="small", least_gain=0.0), Step(model="large"))
    sure = Standing(support=(1.0,), prospects={"large": 1.0})
    assert isinstance(decide(chain, (answered("small", standing=sure),)), Call)
    unsure = walked(Step(model="small", least_gain=0.1), Step(model="large"))
    assert isinstance(decide(unsure, (answered("small"),)), Call)


def test_an_earlier_answer_counts_where_it_is_the_better_supported() -> None:
    chain = walked(Step(model="small", least_gain=0.1), Step(model="large"))
    standing = Standing(support=(0.9, 0.1))
    attempts = (answered("small"), answered("large", standing=standing))
    assert decide(chain, attempts) == Accept(0, "the answer of small is the best supported: 90 %")
    barred = (answered("small", Verdict.FAILED), answered("large", standing=standing))
    assert decide(chain, barred) == Accept(1, "the answer of large is the best supported: 10 %")


outcomes = st.sampled_from(["passes", "barred", "unanswered", "weak", "supported"])


@given(st.lists(st.tuples(st.none() | st.floats(0, 1), st.none() | st.floats(0, 1)), min_size=1, max_size=6), st.data())
def test_deciding_ends_after_as_many_calls_as_there_are_steps(
    bounds: list[tuple[float | None, float | None]], data: st.DataObject
) -> None:
    steps = [Step(model=f"m{n}", accept_at=at, least_gain=gain) for n, (at, gain) in enumerate(bounds)]
    chain, attempts, calls = walked(*steps), [], 0
    while isinstance(step := decide(chain, attempts), Call):
        calls += 1
        assert calls <= len(steps)
        assert step.step is steps[calls - 1]
        how = data.draw(outcomes)
        judged = sum(attempt.failure is None for attempt in attempts) + 1
        support = data.draw(st.lists(st.floats(0, 1), min_size=judged, max_size=judged))
        standing = Standing(support=tuple(support), prospects=data.draw(st.sampled_from([{}, {f"m{calls}": 1.0}])))
        name = step.step.model
        attempts.append(
            {
                "passes": answered(name),
                "barred": answered(name, Verdict.FAILED),
                "unanswered": made.unanswered(model=name),
                "weak": answered(name, standing=replace_last(standing, 0.0)),
                "supported": answered(name, standing=replace_last(standing, 1.0)),
            }[how]
        )
    if isinstance(step, Accept):
        assert not any(check.bars for check in attempts[step.attempt].checks)
        assert attempts[step.attempt].failure is None


def replace_last(standing: Standing, support: float) -> Standing:
    return standing.model_copy(update={"support": (*standing.support[:-1], support)})


def test_support_is_what_the_last_scoring_gate_said() -> None:
    scored = [
        Check(gate=f"gate-{n}", version=1, severity=Severity.WARNING, verdict=Verdict.PASSED, score=score)
        for n, score in enumerate((0.2, 0.7, None))
    ]
    assert policy.support(scored) == 0.7
    assert policy.support(()) is None
    assert policy.counts(scored, 0.7)
    assert not policy.counts(scored, 0.71)
