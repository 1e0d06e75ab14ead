"""What a check found: the value that every renderer takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from omni_assets.contracts.model import Finding, Manifest, Severity


@dataclass(frozen=True, slots=True)
class BaselineUse:
    """What became of a baseline: ``known`` of its ``total`` findings are there still, and silent; ``mended`` are gone.

    Neither counts rules that were not asked for; ``mended`` counts nothing where some contracts only were looked at.
    """

    path: str
    total: int
    known: int
    mended: int


@dataclass(frozen=True, slots=True)
class Report:
    """The findings that count, in order, over ``contracts`` of the manifest's contracts; and how long it took.
    ``exempted`` is how many do not count, by an exemption.
    """

    manifest: Manifest
    findings: tuple[Finding, ...]
    contracts: int
    exempted: int = 0
    baseline: BaselineUse | None = None
    seconds: float = 0.0

    @property
    def counts(self) -> Mapping[str, int]:
        """How many errors, warnings and notes, in that order; 0 where there are none."""
        return severity_counts(self.findings)

    def fails(self, strict: bool) -> bool:
        """Whether the check fails."""
        return bool(failing(self.findings, strict))


def failing(findings: Iterable[Finding], strict: bool = False) -> tuple[Finding, ...]:
    """Those that make a check fail: errors do that, warnings where it is ``strict``, notes never."""
    severities = (Severity.ERROR, Severity.WARNING) if strict else (Severity.ERROR,)
    return tuple(each for each in findings if each.severity in severities)


def severity_counts(findings: Iterable[Finding]) -> dict[str, int]:
    """How many errors, warnings and notes, in that order; 0 where there are none."""
    counted = Counter(each.severity for each in findings)
    return {severity.value: counted[severity] for severity in Severity}
