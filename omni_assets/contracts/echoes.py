"""One mistake, one finding: what a near miss already explains is not said again. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from omni_assets.contracts.model import Finding, Location
from omni_assets.contracts.rules import MALFORMED_NAME, NEAR_MISS, NO_PUBLISHER, NO_SUBSCRIBER

_DANGLING = (NO_PUBLISHER, NO_SUBSCRIBER)


def without_echoes(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """``findings`` without those that a near miss among them explains.

    A misspelt name makes up to four findings: it does not follow the grammar, it dangles, the name that was meant
    dangles, and the two are nearly the same. Only the last tells the whole.
    """
    misses = [each for each in findings if each.rule is NEAR_MISS]
    misspelt = {each.topic for each in misses}
    explained = misspelt | {name for each in misses for name in each.near[:1]}
    places: set[Location] = {place for each in misses for place, _ in each.related}
    return tuple(
        each
        for each in findings
        if not (
            (each.rule is MALFORMED_NAME and each.topic in misspelt)
            or (each.rule in _DANGLING and (each.topic in explained or each.location in places))
        )
    )
