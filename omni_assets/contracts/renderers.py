"""Findings and manifests as text for people, annotations for CI, and documents for machines. Pure.

Contracts are written by others: what is shown of them can neither colour, move nor forge a line. Fields of documents
are only ever added, since scripts build on them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from omni_assets.contracts.model import Declaration, Finding, Manifest, Severity, Topic
from omni_assets.contracts.text import count, visible

Document = dict[str, Any]

_GITHUB_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def finding_text(finding: Finding) -> str:
    """One finding: ``path:line:col CODE rule: message.`` and its indented companions, without a line break at the end.

    Whatever is no error says so after the rule's name.
    """
    severity = "" if finding.severity is Severity.ERROR else f" ({finding.severity})"
    head = f"{finding.location} {finding.rule.code} {finding.rule.name}{severity}: {finding.message}"
    return "\n".join([visible(head), *(f"    {line}" for line in _companions(finding))])


def sentence(manifest: Manifest, seconds: float) -> str:
    """``1 error, 2 warnings in 12 contracts, 31 topics (0.04 s)``"""
    counts = severity_counts(manifest.findings)
    found = ", ".join(count(number, severity) for severity, number in counts.items() if number) or "no findings"
    where = f"{count(len(manifest.contracts), 'contract')}, {count(len(manifest.topics), 'topic')}"
    return f"{found} in {where} ({seconds:.2f} s)"


def github(manifest: Manifest) -> str:
    """Workflow commands of GitHub Actions, one a line, which annotate the lines of a change; empty without findings."""
    return "\n".join(map(_annotation, manifest.findings))


def check_document(manifest: Manifest) -> Document:
    """What ``omni check --format json`` prints."""
    return {
        "findings": [_finding(each) for each in manifest.findings],
        "counts": severity_counts(manifest.findings),
        "contracts": len(manifest.contracts),
        "topics": len(manifest.topics),
    }


def manifest_document(manifest: Manifest) -> Document:
    """What ``omni topics --format json`` prints. ``None`` leaves a setting to the broker; ``blocked`` is why nothing
    may touch the topic, or empty."""
    topics = manifest.topics.values()
    return {
        "topics": [_topic(each) for each in topics],
        "counts": {
            "contracts": len(manifest.contracts),
            "nodes": len({contract.node for contract in manifest.contracts}),
            "topics": len(topics),
            "publishers": sum(len(each.publishers) for each in topics),
            "subscribers": sum(len(each.subscribers) for each in topics),
            "blocked": sum(bool(each.blocked) for each in topics),
        },
    }


def severity_counts(findings: Iterable[Finding]) -> dict[str, int]:
    """How many errors, warnings and notes, in that order; 0 where there are none."""
    counted = Counter(each.severity for each in findings)
    return {severity.value: counted[severity] for severity in Severity}


def _companions(finding: Finding) -> list[str]:
    lines = [visible(f"{place} {what.rstrip('.')}.") for place, what in finding.related]
    return [*lines, visible(f"fix: {finding.fix}")] if finding.fix else lines


def _annotation(finding: Finding) -> str:
    location = finding.location
    properties = {
        "file": location.path,
        "line": str(location.line),
        "col": str(location.column),
        "title": f"{finding.rule.code} {finding.rule.name}",
    }
    stated = ",".join(f"{key}={_property(visible(value))}" for key, value in properties.items())
    message = "%0A".join(_data(line) for line in [visible(finding.message), *_companions(finding)])
    return f"::{_GITHUB_LEVELS[finding.severity]} {stated}::{message}"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def _finding(finding: Finding) -> Document:
    return {
        "code": finding.rule.code,
        "rule": finding.rule.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "path": finding.location.path,
        "line": finding.location.line,
        "column": finding.location.column,
        "topic": finding.topic,
        "related": [
            {"path": place.path, "line": place.line, "column": place.column, "message": what}
            for place, what in finding.related
        ],
        "fix": finding.fix or None,
    }


def _topic(topic: Topic) -> Document:
    return {
        "name": topic.name,
        "kind": topic.parts.kind,
        "producer": topic.parts.producer,
        "event": topic.parts.event,
        "version": topic.parts.version,
        "spec": {
            "partitions": topic.spec.partitions,
            "replication_factor": topic.spec.replication_factor,
            "keyed": topic.spec.keyed,
            "config": dict(topic.spec.config),
        },
        "publishers": [_declaration(each) for each in topic.publishers],
        "subscribers": [_declaration(each) for each in topic.subscribers],
        "blocked": topic.blocked,
    }


def _declaration(declaration: Declaration) -> Document:
    location = declaration.location
    return {"node": declaration.node, "path": location.path, "line": location.line, "column": location.column}
