"""One mistake, one finding: what a near miss already explains is not said again. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from omni_assets.contracts.model import Finding, Severity
from omni_assets.contracts.rules import MALFORMED_NAME, NEAR_MISS, NO_PUBLISHER, NO_SUBSCRIBER

_DANGLING = (NO_PUBLISHER, NO_SUBSCRIBER)
_WEIGHT = {Severity.NOTE: 0, Severity.WARNING: 1, Severity.ERROR: 2}


def without_echoes(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """``findings`` without those that a near miss among them explains.

    A misspelt name makes up to four findings: it does not follow the grammar, it dangles, the name that was meant
    dangles, and the two are nearly the same. Only the last tells the whole. What is worse than the near miss stays, so
    that no error is lost behind a warning.
    """
    misspelt: dict[str | None, int] = {}
    explained: dict[str | None, int] = {}
    for miss in findings:
        if miss.rule is NEAR_MISS:
            weight = _WEIGHT[miss.severity]
            misspelt[miss.topic] = max(weight, misspelt.get(miss.topic, 0))
            for name in (miss.topic, *miss.near[:1]):
                explained[name] = max(weight, explained.get(name, 0))
    covering = {MALFORMED_NAME: misspelt, **dict.fromkeys(_DANGLING, explained)}
    return tuple(
        each for each in findings if _WEIGHT[each.severity] > covering.get(each.rule, _NOTHING).get(each.topic, -1)
    )


_NOTHING: Mapping[str | None, int] = {}
