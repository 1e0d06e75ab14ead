"""The gate that says how likely an answer is right, by what was learnt of answers like it."""

from __future__ import annotations

from collections.abc import Iterator

from omni_assets.router.gates.agreement import said
from omni_assets.router.gates.gate import Evidence, Gate, Given, Judged, Standing, unknown
from omni_assets.router.gates.gate import Verdict as Said
from omni_assets.router.learning.scoring import Ballot, Lengths, Linear, Scorer, Vote, Weighing, asked
from omni_assets.router.values import Share, Strict

SCORER = "learned-scorer"


class LeastSupport(Strict):
    """The least chance of being right that an answer has to have."""

    least: Share = 0.0


def ballot(evidence: Evidence) -> Ballot:
    """The answers so far, as votes; the one that is judged is the last."""
    return Ballot(evidence.task_class.name, tuple(_votes(evidence)))


def _votes(evidence: Evidence) -> Iterator[Vote]:
    meanings: dict[str, int] = {}
    for number, output in enumerate((*evidence.earlier, evidence.output)):
        means = said(output, evidence.task_class.answer_key)
        tokens = output.usage
        yield Vote(
            output.model,
            None if means is None else meanings.setdefault(means, number),
            None if tokens is None else tokens.input_tokens,
            None if tokens is None else tokens.output_tokens,
        )


def _scored(evidence: Evidence, wanted: LeastSupport) -> Judged:
    if evidence.scorer is None:
        return unknown("nothing was learnt yet of answers of this class")
    votes = ballot(evidence)
    support = evidence.scorer.support(votes)
    if support is None:
        return unknown(f"nothing was learnt of what {', '.join(vote.model for vote in votes.votes)} say together")
    standing = Standing(support=support, prospects=evidence.scorer.prospects(votes, support))
    mine = support[-1]
    best = max(range(len(support)), key=lambda number: (support[number], number))
    found = f"right with a chance of {mine * 100:.0f} %"
    if best != len(support) - 1:
        found += f"; the answer of {votes.votes[best].model} is the better supported, with {support[best] * 100:.0f} %"
    return Judged(Said.PASSED if mine >= wanted.least else Said.FAILED, found, mine, standing=standing)


_AGREEING_IS_GOOD = Scorer(
    usual={"example": Lengths(prompt=0.0, answers={})},
    weighings={asked(("earlier-0", "example")): Weighing(right=Linear(intercept=-2.0, weights={"share": 4.0}))},
)

GATES = (
    Gate(
        id=SCORER,
        version=1,
        summary="The answer is likely enough right, by what was learnt of answers like it.",
        explanation=(
            "Which models say the same, which say otherwise, who gave no answer and how long each took are weighed "
            "with weights that were learnt from receipts of which it is known whether the answer was right: by tests, "
            "by audits. The chance that comes out is the answer's support, and every earlier answer is weighed anew. "
            "While too little was learnt the verdict is unknown, so let it be a warning unless nothing may count "
            "before. It needs the gate `agreement` in the same class, and the extra `learn` where the receipts are "
            "learnt from."
        ),
        passes="Answer: 42",
        fails="Answer: 41",
        parameters=LeastSupport,
        judge=_scored,
        given=Given(
            parameters={"least": 0.6}, answer_key="answer", earlier=("Answer: 42.0",), scorer=_AGREEING_IS_GOOD
        ),
    ),
)
