"""Answers held against those of models that were asked before, and weighed by what was learnt."""

from __future__ import annotations

from typing import Any

from omni_assets.router.gates.gate import Verdict
from omni_assets.router.learning.scoring import Lengths, Linear, Scorer, Weighing, asked

SCORER = Scorer(
    usual={"example": Lengths(prompt=0.0, answers={})},
    weighings={
        asked(["earlier-0", "example"]): Weighing(
            right=Linear(intercept=0.0, weights={"for earlier-0": 2.0, "for example": 1.0}),
            gains={"large": Linear(intercept=0.1, weights={})},
        )
    },
)


def test_the_first_has_nobody_to_agree_with(held: Any) -> None:
    check = held("agreement", "Answer: 4", answer_key="answer")
    assert (check.verdict, check.agrees_with) == (Verdict.UNKNOWN, ())


def test_it_says_with_whom_an_answer_agrees(held: Any) -> None:
    check = held("agreement", "Answer: 4", answer_key="answer", earlier=("Answer: 4.0", "Answer: 5", "answer: $4"))
    assert (check.verdict, check.agrees_with) == (Verdict.PASSED, (0, 2))
    assert check.evidence == "2 of 3 earlier outputs say the same"
    alone = held("agreement", "Answer: 6", answer_key="answer", earlier=("Answer: 4",))
    assert (alone.verdict, alone.agrees_with) == (Verdict.FAILED, ())


def test_as_many_as_are_wanted_have_to_agree(held: Any) -> None:
    earlier = ("Answer: 4", "Answer: 5")
    assert held("agreement", "Answer: 4", {"least": 2}, answer_key="answer", earlier=earlier).verdict is Verdict.FAILED
    both = ("Answer: 4", "Answer: 4")
    assert held("agreement", "Answer: 4", {"least": 2}, answer_key="answer", earlier=both).verdict is Verdict.PASSED


def test_no_answer_agrees_with_nobody(held: Any) -> None:
    check = held("agreement", "I cannot say.", answer_key="answer", earlier=("I cannot say.",))
    assert (check.verdict, check.agrees_with) == (Verdict.FAILED, None)


def test_while_nothing_was_learnt_support_is_unknown(held: Any) -> None:
    check = held("learned-scorer", "Answer: 4", answer_key="answer")
    assert (check.verdict, check.score, check.standing) == (Verdict.UNKNOWN, None, None)
    unseen = held("learned-scorer", "Answer: 4", answer_key="answer", scorer=SCORER)
    assert unseen.evidence == "nothing was learnt of what example say together"


def test_every_answer_is_weighed_anew(held: Any) -> None:
    check = held("learned-scorer", "Answer: 5", answer_key="answer", earlier=("Answer: 4",), scorer=SCORER)
    assert check.standing is not None
    first, mine = check.standing.support
    assert check.score == mine < first
    assert check.standing.prospects == {"large": min(first + 0.1, 1.0)}
    assert "the answer of earlier-0 is the better supported" in check.evidence


def test_support_below_the_least_fails(held: Any) -> None:
    given = {"answer_key": "answer", "earlier": ("Answer: 4",), "scorer": SCORER}
    assert held("learned-scorer", "Answer: 4", {"least": 0.9}, **given).verdict is Verdict.PASSED
    assert held("learned-scorer", "Answer: 5", {"least": 0.9}, **given).verdict is Verdict.FAILED
