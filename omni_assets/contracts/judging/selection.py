"""Which rules count, and how much. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from omni_assets.contracts.model import Finding, Severity
from omni_assets.contracts.rules import RULES

ALL_CODES = frozenset(rule.code for rule in RULES)


@dataclass(frozen=True, slots=True)
class Selection:
    """The codes of the rules that count, and the severities that differ from what the findings say themselves."""

    codes: frozenset[str] = ALL_CODES
    severities: Mapping[str, Severity] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings that count, each with the severity that holds here."""
        return tuple(self._weighed(each) for each in findings if each.rule.code in self.codes)

    def _weighed(self, finding: Finding) -> Finding:
        severity = self.severities.get(finding.rule.code, finding.severity)
        return finding if severity is finding.severity else replace(finding, severity=severity)
