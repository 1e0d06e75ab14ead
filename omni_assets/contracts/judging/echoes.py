"""One mistake, one finding: what a near miss already explains is not said again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from omni_assets.contracts.model import Finding, Severity
from omni_assets.contracts.rules import MALFORMED_NAME, NEAR_MISS, NO_PUBLISHER, NO_SUBSCRIBER

_DANGLING = (NO_PUBLISHER, NO_SUBSCRIBER)
_WEIGHT = {Severity.NOTE: 0, Severity.WARNING: 1, Severity.ERROR: 2}


@dataclass(frozen=True, slots=True)
class Told:
    """Findings taken apart: those that tell something, and those that only echo one of them."""

    telling: tuple[Finding, ...]
    echoes: tuple[Finding, ...]


def told(findings: Sequence[Finding], silent: Iterable[Finding] = ()) -> Told:
    """``findings`` apart from those that a near miss explains.

    A misspelt name makes up to four findings: it does not follow the grammar, it dangles, the name that was meant
    dangles, and the two are nearly the same. Only the last tells the whole. What is worse than the near miss stays, so
    that no error is lost behind a warning. A near miss that is ``silent`` (exempted, say) explains what dangles still,
    and no malformed name: that one is not provisioned, which is a matter of its own.
    """
    counting = [each for each in findings if each.rule is NEAR_MISS]
    misses = [*counting, *(each for each in silent if each.rule is NEAR_MISS)]
    misspelt = _weights((each.topic, each) for each in counting)
    explained = _weights((name, each) for each in misses for name in (each.topic, *each.near[:1]))
    covering = {MALFORMED_NAME: misspelt, **dict.fromkeys(_DANGLING, explained)}

    def echoes(finding: Finding) -> bool:
        return _WEIGHT[finding.severity] <= covering.get(finding.rule, {}).get(finding.topic, -1)

    marked = [(each, echoes(each)) for each in findings]
    return Told(tuple(each for each, echo in marked if not echo), tuple(each for each, echo in marked if echo))


def _weights(named: Iterable[tuple[str | None, Finding]]) -> Mapping[str | None, int]:
    """How much the worst near miss about each name weighs."""
    weights: dict[str | None, int] = {}
    for name, miss in named:
        weights[name] = max(_WEIGHT[miss.severity], weights.get(name, 0))
    return weights
