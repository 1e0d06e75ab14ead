"""The gate that compares an answer with those of the models that were asked before."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from omni_assets.contracts.text import count
from omni_assets.router.gates.gate import Evidence, Gate, Given, Judged, Output, Verdict
from omni_assets.router.gates.meaning import meaning
from omni_assets.router.values import Strict

AGREEMENT = "agreement"


class Agreement(Strict):
    """How many earlier outputs have to say the same."""

    least: Annotated[int, Field(ge=1, le=10)] = 1


def said(output: Output, answer_key: str | None) -> str | None:
    """What an output means: the member of it that is the answer, or else all of it."""
    whole: Any = output.value
    if answer_key is not None and isinstance(whole, dict):
        return meaning(whole.get(answer_key))
    return meaning(output.answer)


def _agreement(evidence: Evidence, wanted: Agreement) -> Judged:
    key = evidence.task_class.answer_key
    mine = said(evidence.output, key)
    if mine is None:
        return Judged(Verdict.FAILED, "the output has no answer that could be compared")
    agrees = tuple(number for number, other in enumerate(evidence.earlier) if said(other, key) == mine)
    found = f"{len(agrees)} of {count(len(evidence.earlier), 'earlier output')} say the same"
    if len(agrees) >= wanted.least:
        return Judged(Verdict.PASSED, found, agrees_with=agrees)
    if len(evidence.earlier) < wanted.least:
        return Judged(Verdict.UNKNOWN, "too few were asked before to agree", agrees_with=agrees)
    return Judged(Verdict.FAILED, found, agrees_with=agrees)


GATES = (
    Gate(
        id=AGREEMENT,
        version=1,
        summary="Another model, asked before, gave the same answer.",
        explanation=(
            "Cheap models that were trained apart seldom agree on a wrong answer. Answers are compared by what they "
            "mean: numbers by what they are worth, Python literals by their value, formulas without LaTeX's finery. "
            "The first model has nobody to agree with, so the verdict on it is unknown: as an error this gate asks for "
            "two models at least, and bars the last one too where it stands alone. As a warning it bars nothing, and "
            "is what the gate `learned-scorer` and the router's learning build on."
        ),
        passes="Answer: 1,800",
        fails="Answer: 180",
        parameters=Agreement,
        judge=_agreement,
        given=Given(earlier=("Answer: $1800.00",), answer_key="answer"),
    ),
)
