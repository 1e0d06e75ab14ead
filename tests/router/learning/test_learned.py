"""What receipts teach: sums that do not depend on their order, and labels that nobody made up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router.gates.gate import Check, Verdict
from omni_assets.router.learning import learned as learning
from omni_assets.router.learning.learned import Example, Learned, Subject, Tally, ballot_of, known_right, learn
from omni_assets.router.learning.scoring import Vote
from omni_assets.router.receipt import Attempt, Outcome, Receipt
from omni_assets.router.task_class import Severity
from tests.support import receipts as made

KIND = "classification"


def agreement(*same: int, answer: bool = True) -> Check:
    return Check(
        gate="agreement",
        version=1,
        severity=Severity.WARNING,
        verdict=Verdict.PASSED if same else Verdict.FAILED,
        agrees_with=same if answer else None,
    )


def proof(right: bool) -> Check:
    return made.check("tests-pass", Verdict.PASSED if right else Verdict.FAILED)


def answered(model: str, *checks: Check, **changed: Any) -> Attempt:
    return made.local(model=model, checks=(made.check(), *checks), **changed)


def test_how_long_a_call_takes_is_said_once_enough_gave_an_output() -> None:
    slow = made.local(model="small", latency_seconds=3.0)
    hung = made.unanswered(model="small", latency_seconds=120.0)
    lessons = [made.receipt(number, hung, slow, task_class=KIND) for number in range(learning.LEAST_TIMED)]
    assert learn(lessons[1:]).seconds(KIND, "small") is None
    assert learn(lessons).seconds(KIND, "small") == pytest.approx(3.0)
    assert learn(lessons).seconds("planning", "small") is None


attempts = st.builds(
    lambda model, kind, amount: {
        "accepted": made.local(model=model, cost=made.cost(amount)),
        "rejected": made.rejected(model=model, cost=made.cost(amount)),
        "proved": answered(model, agreement(), proof(True), cost=made.cost(amount)),
        "refuted": answered(model, agreement(), proof(False), outcome=Outcome.REJECTED, cost=made.cost(amount)),
        "failed": made.unanswered(model=model, cost=made.cost(amount)),
    }[kind],
    st.sampled_from(["small", "large"]),
    st.sampled_from(["accepted", "rejected", "proved", "refuted", "failed"]),
    st.sampled_from([None, "0", "0.000000007", "0.25"]),
)
receipts = st.lists(
    st.tuples(st.lists(attempts, min_size=1, max_size=3), st.sampled_from([None, True, False])), max_size=8
).map(
    lambda drawn: [
        made.receipt(number, *tried, audit=None if agrees is None else made.audit(agrees=agrees))
        for number, (tried, agrees) in enumerate(drawn)
    ]
)


@given(receipts, st.randoms(use_true_random=False))
def test_the_order_of_receipts_does_not_matter(given_receipts: list[Receipt], chance: Any) -> None:
    shuffled = [*given_receipts]
    chance.shuffle(shuffled)
    one, other = learn(given_receipts), learn(shuffled)
    assert (one.tallies, one.spendings, one.receipts) == (other.tallies, other.spendings, other.receipts)
    assert one.examples() == other.examples()


@given(receipts)
def test_learning_is_observing_one_after_the_other(given_receipts: list[Receipt]) -> None:
    folded = Learned()
    for receipt in given_receipts:
        assert folded.observe(receipt) is None
    assert folded == learn(given_receipts)


@given(receipts)
def test_no_more_is_known_than_was_judged(given_receipts: list[Receipt]) -> None:
    for tally in learn(given_receipts).tallies.values():
        assert tally.right + tally.wrong <= tally.accepted <= tally.judged


def test_what_was_accepted_is_not_taken_for_right() -> None:
    [(subject, tally)] = learn([made.receipt(1)]).tallies.items()
    assert subject == Subject(KIND, 1, (("not-empty", 1),), "smollm2", after=False)
    assert tally == Tally(judged=1, accepted=1)


@pytest.mark.parametrize(("agrees", "right", "wrong"), [(True, 1, 0), (False, 0, 1), (None, 0, 0)])
def test_an_audit_says_whether_what_was_accepted_is_right(agrees: bool | None, right: int, wrong: int) -> None:
    [tally] = learn([made.receipt(1, audit=made.audit(agrees=agrees))]).tallies.values()
    assert (tally.right, tally.wrong) == (right, wrong)


def test_after_a_rejection_a_model_has_a_tally_of_its_own() -> None:
    learned = learn([made.receipt(1, made.rejected(), made.cloud()), made.receipt(2, made.cloud())])
    assert {(each.model, each.after) for each in learned.tallies} == {
        ("smollm2", False),
        ("gpt-4o-mini", True),
        ("gpt-4o-mini", False),
    }


def test_what_a_call_costs_is_told_by_those_that_gave_an_output_and_whose_cost_is_known() -> None:
    """A call that was refused for nothing makes no model cheap."""
    learned = learn(
        [
            made.receipt(1, made.unanswered(model="large", cost=made.cost("0")), made.cloud(model="large")),
            made.receipt(2, made.cloud(model="large", cost=made.cost("0.000029"))),
            made.receipt(3, made.cloud(model="large", cost=made.cost(None))),
        ]
    )
    assert learned.cost_usd(KIND, "large") == pytest.approx(0.000028)
    assert learned.cost_usd(KIND, "other") is None


def test_what_was_cancelled_or_never_sent_teaches_nothing() -> None:
    cancelled = made.receipt(1).model_copy(update={"outcome": Outcome.CANCELLED})
    unsent = made.receipt(2).model_copy(update={"attempts": ()})
    assert learn([cancelled, unsent]) == Learned()


def test_answers_that_say_the_same_are_right_together() -> None:
    tried = (
        answered("a", agreement()),
        answered("b", agreement(0), proof(True)),
        answered("c", agreement()),
    )
    assert known_right(made.receipt(1, *tried), tried) == (True, True, None)


def test_a_ballot_needs_answers_that_were_compared() -> None:
    tried = (answered("a", agreement()), answered("b", agreement(answer=False)), answered("c", agreement(0)))
    ballot = ballot_of(KIND, tried)
    assert ballot is not None
    assert ballot.votes == (Vote("a", 0, 100, 20), Vote("b", None, 100, 20), Vote("c", 0, 100, 20))
    assert ballot_of(KIND, (*tried, made.local(model="d"))) is None
    assert ballot_of(KIND, (*tried, answered("a", agreement()))) is None


def test_what_a_receipt_says_of_outputs_that_are_none_is_left_out() -> None:
    ballot = ballot_of(KIND, (answered("a", agreement(7, -1)), answered("b", agreement(0, 1))))
    assert ballot is not None
    assert [vote.group for vote in ballot.votes] == [0, 0]


def test_only_the_latest_examples_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "MOST_EXAMPLES", 3)
    every = [made.receipt(number, answered("a", agreement(), proof(True))) for number in range(6)]
    kept = [example.id for example in learn(reversed(every)).examples()]
    assert kept == [receipt.id for receipt in every[3:]]


def test_examples_are_ordered_by_time_and_id() -> None:
    one, other = (
        learn([made.receipt(number, answered("a", agreement(), proof(True)))]).examples()[0] for number in (1, 2)
    )
    assert isinstance(one, Example)
    assert one < other
    assert other.at - one.at == timedelta(minutes=1)
