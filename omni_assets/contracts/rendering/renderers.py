"""Findings and manifests as text for people, annotations for CI, and documents for machines. Pure.

Contracts are written by others: what is shown of them can neither colour, move nor forge a line. Fields of documents
are only ever added, since scripts build on them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from omni_assets.contracts.judging.report import Report
from omni_assets.contracts.model import Declaration, Finding, Manifest, Severity, Topic
from omni_assets.contracts.text import count, visible

Document = dict[str, Any]

_GITHUB_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def finding_head(finding: Finding) -> str:
    """The first line of a finding: ``path:line:col CODE rule: message.``

    Whatever is no error says so after the rule's name.
    """
    severity = "" if finding.severity is Severity.ERROR else f" ({finding.severity})"
    return visible(f"{finding.location} {finding.rule.code} {finding.rule.name}{severity}: {finding.message}")


def companions(finding: Finding) -> list[str]:
    """The lines that belong under a finding: the other places, and what to write instead."""
    lines = [visible(f"{place} {what.rstrip('.')}.") for place, what in finding.related]
    return [*lines, visible(f"fix: {finding.fix}")] if finding.fix else lines


def sentence(report: Report) -> str:
    """``1 error, 2 warnings in 12 contracts, 31 topics; 3 exempted (0.04 s)``"""
    found = ", ".join(count(number, severity) for severity, number in report.counts.items() if number)
    all_contracts = count(len(report.manifest.contracts), "contract")
    some = "" if report.contracts == len(report.manifest.contracts) else f"{report.contracts:,} of "
    silent = [f"{report.exempted:,} exempted"] if report.exempted else []
    if report.baseline is not None and report.baseline.known:
        silent.append(f"{report.baseline.known:,} known to the baseline")
    also = f"; {', '.join(silent)}" if silent else ""
    topics = count(len(report.manifest.topics), "topic")
    return f"{found or 'no findings'} in {some}{all_contracts}, {topics}{also} ({report.seconds:.2f} s)"


def mended_sentence(report: Report) -> str:
    """``3 of 187 findings of the baseline are mended: …``; empty where none is."""
    baseline = report.baseline
    if baseline is None or not baseline.mended:
        return ""
    return (
        f"{baseline.mended:,} of {count(baseline.total, 'finding')} of the baseline "
        f"{'is' if baseline.mended == 1 else 'are'} mended: write it anew with `omni check --write-baseline`."
    )


def github(findings: Iterable[Finding]) -> str:
    """Workflow commands of GitHub Actions, one a line, which annotate the lines of a change; empty without findings."""
    return "\n".join(map(_annotation, findings))


def check_document(report: Report) -> Document:
    """What ``omni check --format json`` prints."""
    baseline = report.baseline
    return {
        "findings": [finding_document(each) for each in report.findings],
        "counts": dict(report.counts),
        "contracts": len(report.manifest.contracts),
        "topics": len(report.manifest.topics),
        "exempted": report.exempted,
        "baseline": baseline and {"path": baseline.path, "known": baseline.known, "mended": baseline.mended},
    }


def finding_document(finding: Finding) -> Document:
    """A finding for machines: whatever the contract holds stands there as it is."""
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
        "near": list(finding.near),
    }


def manifest_document(manifest: Manifest) -> Document:
    """What ``omni topics --format json`` prints. ``None`` leaves a setting to the broker; ``blocked`` is why nothing
    may touch the topic, or empty."""
    topics = manifest.topics.values()
    return {
        "topics": [topic_document(each) for each in topics],
        "counts": {
            "contracts": len(manifest.contracts),
            "nodes": len({contract.node for contract in manifest.contracts}),
            "topics": len(topics),
            "publishers": sum(len(each.publishers) for each in topics),
            "subscribers": sum(len(each.subscribers) for each in topics),
            "blocked": sum(bool(each.blocked) for each in topics),
        },
    }


def _annotation(finding: Finding) -> str:
    location = finding.location
    properties = {
        "file": location.path,
        "line": str(location.line),
        "col": str(location.column),
        "title": f"{finding.rule.code} {finding.rule.name}",
    }
    stated = ",".join(f"{key}={_property(visible(value))}" for key, value in properties.items())
    message = "%0A".join(_data(line) for line in [visible(finding.message), *companions(finding)])
    return f"::{_GITHUB_LEVELS[finding.severity]} {stated}::{message}"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


def topic_document(topic: Topic) -> Document:
    """A topic for machines, with its spec and ends."""
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
            "expected_every_ms": topic.spec.expected_every,
            "config": dict(topic.spec.config),
        },
        "publishers": [declaration_document(each) for each in topic.publishers],
        "subscribers": [declaration_document(each) for each in topic.subscribers],
        "blocked": topic.blocked,
    }


def declaration_document(declaration: Declaration) -> Document:
    """A declaration for machines: who, and where."""
    location = declaration.location
    return {"node": declaration.node, "path": location.path, "line": location.line, "column": location.column}
