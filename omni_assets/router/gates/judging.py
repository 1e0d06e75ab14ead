"""The gates of a class, held against one output: what each of them said."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace

from pydantic import ValidationError

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
        checks += (_check(use, judged),)
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
    return judged


def _check(use: BoundGate, judged: Judged) -> Check:
    try:
        return Check(
            gate=use.gate.id,
            version=use.gate.version,
            severity=use.severity,
            verdict=judged.verdict,
            evidence=shown(judged.evidence),
            score=judged.score,
            agrees_with=judged.agrees_with,
            standing=judged.standing,
        )
    except (TypeError, ValueError) as error:
        why = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        return _check(use, unknown(f"what the gate said cannot be kept: {why}"))
