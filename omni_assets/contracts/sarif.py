"""Findings as SARIF 2.1.0, which code hosts and editors show beside the lines."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from omni_assets.contracts.model import Finding, Location, Manifest, Rule
from omni_assets.contracts.rules import RULES
from omni_assets.contracts.text import visible

Document = dict[str, Any]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_INDEX = {rule.code: index for index, rule in enumerate(RULES)}


def sarif_document(manifest: Manifest) -> Document:
    """One run with every rule, whether broken or not, and a result for each finding."""
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "omni", "rules": [_rule(each) for each in RULES]}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(each) for each in manifest.findings],
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
    path = quote(location.path, errors="surrogateescape")
    return {
        "artifactLocation": {"uri": f"file://{path}" if path.startswith("/") else path},
        "region": {"startLine": location.line, "startColumn": location.column},
    }
