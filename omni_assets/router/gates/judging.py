"""The gates of a class, held against one output: what each of them said."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from dataclasses import replace

from omni_assets.contracts.text import visible
from omni_assets.router.gates.gate import MOST_EVIDENCE, BoundGate, Check, Evidence, Judged, unknown

_MORE = "…"


async def judge(uses: Sequence[BoundGate], evidence: Evidence) -> tuple[Check, ...]:
    """What each gate says of an output, in their order; each sees what those before it said.

    A gate that raises, or gives back what is no judgement, could not look: its verdict is unknown.
    """
    checks: tuple[Check, ...] = ()
    for use in uses:
        judged = await _judged(use, replace(evidence, checks=(*evidence.checks, *checks)))
        checks += (
            Check(
                gate=use.gate.id,
                version=use.gate.version,
                severity=use.severity,
                verdict=judged.verdict,
                evidence=shown(judged.evidence),
                score=judged.score,
                agrees_with=judged.agrees_with,
                standing=judged.standing,
            ),
        )
    return checks


def shown(evidence: str) -> str:
    """``evidence`` as it is kept: nothing in it that a terminal would obey, and no longer than it may be."""
    text = visible(evidence[: MOST_EVIDENCE + 1])
    return text if len(text) <= MOST_EVIDENCE else text[: MOST_EVIDENCE - len(_MORE)] + _MORE


async def _judged(use: BoundGate, evidence: Evidence) -> Judged:
    try:
        said = use.gate.judge(evidence, use.parameters)
        judged = await said if inspect.isawaitable(said) else said
    except Exception as error:  # noqa: BLE001 - a gate may be another package's code, and nothing fails open
        return unknown(f"the gate itself failed with {type(error).__name__}: {error}")
    if not isinstance(judged, Judged):
        return unknown(f"the gate gave {type(judged).__name__} back, which is no judgement")
    if judged.score is not None and not (math.isfinite(judged.score) and 0 <= judged.score <= 1):
        return unknown(f"the gate's score is {judged.score!r}, which is no chance from 0 to 1")
    return judged
