"""Findings of the rules: made, and put in order."""

from __future__ import annotations

from omni_assets.contracts.model import Finding, Location, Rule, Severity


def finding(
    rule: Rule,
    message: str,
    location: Location,
    *,
    topic: str | None = None,
    related: tuple[tuple[Location, str], ...] = (),
    fix: str = "",
    severity: Severity | None = None,
    near: tuple[str, ...] = (),
) -> Finding:
    """A finding of ``rule``, with the rule's severity unless another is given."""
    return Finding(rule, message, location, severity or rule.severity, topic, related, fix, near)


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Findings by path, line, column and code: the same input gives the same order."""
    return tuple(sorted(findings, key=lambda each: (each.location, each.rule.code, each.message)))
