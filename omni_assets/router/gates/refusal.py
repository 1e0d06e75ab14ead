"""A gate that hears a refusal: the model says that it will not, or cannot, instead of answering."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from omni_assets.router.gates.answers import strings
from omni_assets.router.gates.gate import Evidence, Gate, Judged, failed, passed
from omni_assets.router.values import Strict

_OPENING = 240
_CANNOT = r"(?:can't|cannot|can not|won't|will not|am unable to|'m unable to|am not able to|'m not able to)"
_WORDS = re.compile(
    rf"""\b(?:
      (?:sorry|apologies|i\ apologi[sz]e|unfortunately|i'm\ afraid|i\ am\ afraid)\b[^.!?\n]{{0,60}}\bi\s?{_CANNOT}
    | i\s?{_CANNOT}\s(?:assist|help|comply|fulfil|provide|answer|complete|do\ (?:that|this)|generate|create|write
        |discuss|continue|process|access|engage)
    | i(?:'m|\ am)\s(?:unable|not\ able)\sto
    | i\ (?:must|have\ to)\s(?:decline|refuse)
    | i\ (?:do\ not|don't)\s(?:feel\ comfortable|have\ (?:access|the\ ability|enough\ (?:information|context)))
    | as\ an?\s(?:ai|artificial\ intelligence|(?:large\ )?language\ model)\b
    )""",
    re.VERBOSE,
)
_QUOTES = str.maketrans({"\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{MODIFIER LETTER APOSTROPHE}": "'"})


class Phrases(Strict):
    """Further phrases that are a refusal, in small letters: texts as they stand, not patterns."""

    phrases: tuple[Annotated[str, Field(min_length=3, max_length=200)], ...] = ()


def _openings(evidence: Evidence) -> Iterator[str]:
    """Where a refusal would stand: the beginning of the text, and of each text within a JSON value."""
    yield evidence.output.text[:_OPENING]
    for text in strings(evidence.output.value):
        yield text[:_OPENING]


def _no_refusal(evidence: Evidence, parameters: Phrases) -> Judged:
    for opening in _openings(evidence):
        plain = opening.translate(_QUOTES).lower()
        if found := _WORDS.search(plain):
            return failed(f"the output begins with a refusal: “{opening[found.start() : found.end()]}”")
        if said := next((each for each in parameters.phrases if each.lower() in plain), None):
            return failed(f"the output begins with a refusal: “{said}”")
    return passed()


GATES = (
    Gate(
        id="no-refusal",
        version=1,
        summary="The model answered instead of saying that it will not, or cannot.",
        explanation=(
            "Refusals are known by the phrases that models use for them, in English, and only where the output (or a "
            "text in its JSON) begins: further down they are more likely part of the answer. A refusal in other words "
            "is not seen; `phrases` adds one's own."
        ),
        passes="The test fails because the clock is not mocked.",
        fails="I'm sorry, but I can't assist with that.",
        parameters=Phrases,
        judge=_no_refusal,
    ),
)
