"""What is wrong with contracts: the renderers' words, in colour on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from omni_assets.cli.options import FindingsFormat
from omni_assets.cli.tables import Line
from omni_assets.contracts.model import Finding, Manifest, Severity
from omni_assets.contracts.renderers import check_document, finding_text, github, sentence
from omni_assets.contracts.sarif import sarif_document
from omni_assets.contracts.text import visible

__all__ = ["DOCUMENTS", "fails", "finding_lines", "github"]

DOCUMENTS: Mapping[FindingsFormat, Callable[[Manifest], dict[str, Any]]] = {
    FindingsFormat.JSON: check_document,
    FindingsFormat.SARIF: sarif_document,
}
_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def fails(manifest: Manifest, strict: bool) -> bool:
    """Whether a check fails: errors do, warnings when it is ``strict``, notes never."""
    failing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return any(finding.severity in failing for finding in manifest.findings)


def finding_lines(manifest: Manifest, seconds: float) -> list[Line]:
    """Every finding with its companions, then one line that counts them."""
    lines = [line for finding in manifest.findings for line in _lines(finding)]
    return [*lines, [(sentence(manifest, seconds), "")]]


def _lines(finding: Finding) -> list[Line]:
    head, *companions = finding_text(finding).split("\n")
    place, title = visible(str(finding.location)), f" {finding.rule.code} {finding.rule.name}"
    first = [(place, "bold"), (title, _STYLES[finding.severity]), (head[len(place) + len(title) :], "")]
    return [first, *([(companion, "dim")] for companion in companions)]
