"""Findings as SARIF 2.1.0, which code hosts and editors show beside the lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from omni_assets.contracts.judging.baseline import Relative, fingerprint
from omni_assets.contracts.model import Finding, Location, Rule
from omni_assets.contracts.rules import RULES
from omni_assets.contracts.text import visible

Document = dict[str, Any]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_BASE = "%SRCROOT%"  # what GitHub calls the folder that a checkout begins in
_FINGERPRINT = "omniFinding/v1"
_INDEX = {rule.code: index for index, rule in enumerate(RULES)}


def sarif_document(findings: Iterable[Finding], folder: str, relative: Relative) -> Document:
    """One run with every rule, whether broken or not, and a result for each finding.

    ``folder`` is where relative paths begin, as an absolute path; ``relative`` gives those that fingerprints hold.
    """
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "omni", "rules": [_rule(each) for each in RULES]}},
                "originalUriBaseIds": {_BASE: {"uri": f"file://{_quoted(folder.rstrip('/'))}/"}},
                "columnKind": "unicodeCodePoints",
                "results": _results(findings, relative),
            }
        ],
    }


def _rule(rule: Rule) -> Document:
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.explanation},
        "help": {"text": f"{rule.summary} {rule.explanation}", "markdown": f"**{rule.summary}** {rule.explanation}"},
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _results(findings: Iterable[Finding], relative: Relative) -> list[Document]:
    seen: Counter[str] = Counter()
    results = []
    for each in findings:
        mark = fingerprint(each, relative)
        seen[mark] += 1
        results.append({**_result(each), "partialFingerprints": {_FINGERPRINT: f"{mark}:{seen[mark]}"}})
    return results


def _result(finding: Finding) -> Document:
    fix = f" Fix: {finding.fix}." if finding.fix else ""
    result: Document = {
        "ruleId": finding.rule.code,
        "ruleIndex": _INDEX[finding.rule.code],
        "level": finding.severity.value,
        "message": {"text": visible(finding.message + fix)},
        "locations": [{"physicalLocation": _place(finding.location)}],
    }
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _place(place), "message": {"text": visible(what)}}
            for number, (place, what) in enumerate(finding.related, 1)
        ]
    return result


def _place(location: Location) -> Document:
    return {
        "artifactLocation": _artifact(location.path),
        "region": {"startLine": location.line, "startColumn": location.column},
    }


def _artifact(path: str) -> Document:
    if path.startswith("/"):
        return {"uri": f"file://{_quoted(path)}"}
    return {"uri": _quoted(path), "uriBaseId": _BASE}


def _quoted(path: str) -> str:
    return quote(path, errors="surrogateescape")
