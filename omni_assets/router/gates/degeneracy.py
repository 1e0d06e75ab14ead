"""A gate that sees a model run in circles, or give its prompt back."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import islice
from typing import Annotated

from pydantic import Field

from omni_assets.router.gates.gate import Evidence, Gate, Given, Judged, failed, passed
from omni_assets.router.values import Share, Strict

_MOST_CHARACTERS = 1_000_000
_LEAST_BYTES = 200
_LEAST_WORDS = 40
_COPIED_WORDS = 8


class Limits(Strict):
    """What is no longer an answer.

    ``most_repeated``: the share of runs of ``run`` words that were there before. ``least_compressed``: what the bytes
    shrink to by zlib, as a share of them. ``most_copied``: the share of runs of 8 words that stand in the prompt.
    """

    run: Annotated[int, Field(ge=1, le=20)] = 6
    most_repeated: Share = 0.5
    least_compressed: Share = 0.08
    most_copied: Share = 0.95


def _runs(words: Sequence[str], length: int) -> list[int]:
    """Each run of ``length`` words, as a number that equal runs share."""
    return [hash(each) for each in zip(*(islice(words, first, None) for first in range(length)), strict=False)]


def _not_degenerate(evidence: Evidence, limits: Limits) -> Judged:
    text = evidence.output.text[:_MOST_CHARACTERS]
    written = text.encode()
    if len(written) >= _LEAST_BYTES:
        compressed = len(zlib.compress(written, 1)) / len(written)
        if compressed < limits.least_compressed:
            return failed(f"the output says one thing over and over: it shrinks to {compressed:.1%} of its size")
    words = text.split()
    if len(words) < _LEAST_WORDS:
        return passed()
    runs = _runs(words, limits.run)
    repeated = 1 - len(set(runs)) / len(runs)
    if repeated > limits.most_repeated:
        return failed(f"{repeated:.0%} of the runs of {limits.run} words were said before")
    asked = set(_runs(evidence.prompt[:_MOST_CHARACTERS].split(), _COPIED_WORDS))
    runs = _runs(words, _COPIED_WORDS)
    copied = sum(each in asked for each in runs) / len(runs)
    if copied > limits.most_copied:
        return failed(f"{copied:.0%} of the output is the prompt given back")
    return passed()


_ASKED = (
    "The nightly build has failed since Monday because the lock file names a package that was withdrawn. Nobody saw it "
    "at first, for the cache of the runners still had it. On Thursday the cache expired and every branch turned red "
    "within an hour of the first build of the day."
)

GATES = (
    Gate(
        id="not-degenerate",
        version=1,
        summary="The output does not run in circles and is not the prompt given back.",
        explanation=(
            "Three figures, each cheap: how many runs of words were there before, how far the text can be compressed, "
            "and how much of it stands in the prompt. The first and the last are looked at from 40 words on, the "
            "second from 200 bytes on, all of them in the first million characters."
        ),
        passes="The build fails because a package that the lock file names was withdrawn; the cache hid it.",
        fails=_ASKED,
        parameters=Limits,
        judge=_not_degenerate,
        given=Given(prompt=f"Summarise this:\n{_ASKED}"),
    ),
)
