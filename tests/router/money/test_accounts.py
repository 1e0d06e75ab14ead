from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router.gates.gate import Check, Verdict
from omni_assets.router.money import accounts
from omni_assets.router.money.pricing import MOST_USD
from omni_assets.router.receipt import Attempt, Audit, Baseline, Cost, Failure, Outcome, PriceSource
from omni_assets.router.route import Skipped
from omni_assets.router.task_class import Severity
from omni_assets.router.values import Location

costs = st.none() | st.decimals(0, 1000, places=9)


def cost(usd: Decimal | None) -> Cost:
    return Cost(usd=usd, source=PriceSource.STATED)


def attempt(usd: Decimal | None = Decimal(0), **fields: object) -> Attempt:
    facts = {
        "model": "small",
        "served_name": "small",
        "endpoint": "here",
        "location": Location.LOCAL,
        "started_at": datetime(2026, 1, 1, tzinfo=UTC),
        "latency_seconds": 0.1,
        "reason": "the first choice",
        "outcome": Outcome.REJECTED,
        "cost": cost(usd),
    }
    return Attempt.model_validate({**facts, **fields})


def audit(usd: Decimal | None) -> Audit:
    return Audit(model="large", location=Location.CLOUD, usage=None, cost=cost(usd), agrees=None)


@given(st.lists(costs, max_size=5), costs)
def test_a_sum_is_known_where_every_part_is(parts: list[Decimal | None], audited: Decimal | None) -> None:
    total = accounts.total([attempt(part) for part in parts], audit(audited))
    known = [part for part in (*parts, audited) if part is not None]
    assert total == (sum(known) if len(known) == len(parts) + 1 else None)


def test_a_sum_beyond_what_money_holds_is_not_known() -> None:
    assert accounts.total([attempt(MOST_USD), attempt(MOST_USD)], None) is None


@given(costs, costs)
def test_savings_are_the_baseline_less_all_that_was_spent(of_baseline: Decimal | None, spent: Decimal | None) -> None:
    baseline = Baseline(model="large", cost=cost(of_baseline))
    saved = accounts.saved(Outcome.ACCEPTED, baseline, spent)
    assert saved == (None if of_baseline is None or spent is None else of_baseline - spent)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CANCELLED])
def test_a_task_that_failed_saves_nothing(outcome: Outcome) -> None:
    assert accounts.saved(outcome, Baseline(model="large", cost=cost(Decimal(1))), Decimal(0)) is None
    assert accounts.saved(Outcome.ACCEPTED, None, Decimal(0)) is None


def test_why_a_task_failed_is_a_chain_of_reasons() -> None:
    check = Check(
        gate="valid-json",
        version=1,
        severity=Severity.ERROR,
        verdict=Verdict.FAILED,
        evidence="it is prose",
    )
    attempts = [
        attempt(checks=(check,)),
        attempt(support=0.25),
        attempt(
            model="large",
            outcome=Outcome.FAILED,
            failure=Failure(kind="timeout", message="no whole reply within 5 s", transient=True),
        ),
    ]
    assert accounts.chain_of_reasons(attempts, "nothing is left to try") == (
        "small: barred by the gate valid-json (failed: it is prose); "
        "small: its answer has a support of 0.25, which is too little; "
        "large: timeout, no whole reply within 5 s; "
        "nothing is left to try"
    )


def test_a_chain_of_reasons_is_bounded() -> None:
    failure = Failure(kind="reset", message="x" * 300, transient=True)
    chain = accounts.chain_of_reasons([attempt(failure=failure)] * 100, "the end")
    assert len(chain) == accounts.MOST_REASON


def test_those_that_could_have_been_asked_are_told_by_reason() -> None:
    skipped = [Skipped(model=name, reason=reason) for name, reason in (("a", "down"), ("b", "barred"), ("c", "down"))]
    assert accounts.missed(skipped, {"a": "down", "b": "down", "c": "down"}) == "a, c could not be asked: down"
    assert accounts.missed(skipped, {}) == ""
