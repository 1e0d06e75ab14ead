"""Gates that ask whether there is an output, of the size that is wanted, with its end."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from omni_assets.contracts.text import count
from omni_assets.router.gates.gate import Evidence, Gate, Given, Judged, NoParameters, failed, passed, unknown
from omni_assets.router.values import FinishReason, Strict


class Bounds(Strict):
    """The least and the most characters of an output; ``least_lines`` and ``most_lines`` bound its lines."""

    least: Annotated[int, Field(ge=0)] = 1
    most: Annotated[int, Field(ge=0)] | None = None
    least_lines: Annotated[int, Field(ge=0)] = 0
    most_lines: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Bounds:
        for least, most in ((self.least, self.most), (self.least_lines, self.most_lines)):
            if most is not None and most < least:
                raise ValueError(f"nothing is at least {least} and at most {most}")
        return self


def _not_empty(evidence: Evidence, _: NoParameters) -> Judged:
    text = evidence.output.text
    return passed() if any(each.isalnum() for each in text) else failed("the output has no letter and no digit")


def _length_bounds(evidence: Evidence, bounds: Bounds) -> Judged:
    text = evidence.output.text
    figures = (
        (len(text), "character", bounds.least, bounds.most),
        (text.count("\n") + bool(text), "line", bounds.least_lines, bounds.most_lines),
    )
    for size, noun, least, most in figures:
        if size < least:
            return failed(f"the output has {count(size, noun)}, and at least {least:,} are wanted")
        if most is not None and size > most:
            return failed(f"the output has {count(size, noun)}, and at most {most:,} are wanted")
    return passed(count(len(text), "character"))


_CUT = {
    FinishReason.LENGTH: "the model stopped at its limit of tokens",
    FinishReason.CONTENT_FILTER: "the endpoint's filter cut the output",
}


def _not_truncated(evidence: Evidence, _: NoParameters) -> Judged:
    why = evidence.output.finish_reason
    if why in _CUT:
        return failed(_CUT[why])
    return unknown("the endpoint did not say why the model stopped") if why is FinishReason.UNKNOWN else passed()


GATES = (
    Gate(
        id="not-empty",
        version=1,
        summary="The output holds a letter or a digit.",
        explanation=(
            "White space, punctuation and control characters alone are no answer, and neither are thoughts that never "
            "came to one."
        ),
        passes="It is a bug fix.",
        fails="...",
        parameters=NoParameters,
        judge=_not_empty,
    ),
    Gate(
        id="length-bounds",
        version=1,
        summary="The output is neither shorter nor longer than wanted.",
        explanation=(
            "Lengths are characters and lines of the output after it was unwrapped. A summary that is longer than "
            "what it sums up, or a plan of one word, is seen here for nothing."
        ),
        passes="The retry now waits twice as long each time.",
        fails="Fixed.",
        parameters=Bounds,
        judge=_length_bounds,
        given=Given(parameters={"least": 20, "most": 400}),
    ),
    Gate(
        id="not-truncated",
        version=1,
        summary="The model ended by itself.",
        explanation=(
            "An output that was cut off at the limit of tokens, or by the endpoint's filter, may look whole and is "
            "not. Where the endpoint does not say why the model stopped, this is unknown."
        ),
        passes="The build fails because the lock file is stale.",
        fails="The build fails because the lock file",
        parameters=NoParameters,
        judge=_not_truncated,
        given=Given(failing=FinishReason.LENGTH),
    ),
)
