"""The registry that was written or compared, and what source code names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from omni_assets.cli.tables import INDENT, Line, paragraph
from omni_assets.cli.views.findings import ExcerptOf, blocks, heads
from omni_assets.cli.words import spent
from omni_assets.contracts.judging.report import severity_counts
from omni_assets.contracts.model import Finding
from omni_assets.contracts.registry import Layout, Registry
from omni_assets.contracts.rendering.renderers import finding_document
from omni_assets.contracts.source.declared import Standing
from omni_assets.contracts.text import count
from omni_assets.operations.registry import Place, Stale, Written
from omni_assets.operations.scan import Scan

_DIFFERENCES = {"+": "green", "-": "red"}


def clash_lines(registry: Registry, excerpt_of: ExcerptOf, width: int | None) -> list[Line]:
    """The topics that are in no registry, since another would have the same member."""
    return blocks(registry.clashes, excerpt_of, width)


def stale_lines(stale: Sequence[Stale], width: int | None) -> list[Line]:
    """Every stale file with the beginning of its diff."""
    lines: list[Line] = []
    for each in stale:
        lines += blocks((each.finding,), lambda _finding, _room: None, width)[:-1]
        lines += [[(" " * INDENT + line, _DIFFERENCES.get(line[:1], "dim"))] for line in each.diff]
        lines.append([])
    return lines


def written_sentence(place: Place, registry: Registry, written: Written) -> str:
    """``wrote 31 topics to src/topics.py``, or that nothing had to be."""
    topics = count(len(registry.members), "topic")
    if not written.written and not written.removed:
        return f"{place.path} holds {topics} and is fresh"
    modules = f" in {count(len(registry.modules), 'module')}" if place.layout is Layout.PACKAGE else ""
    removed = f"; removed {', '.join(written.removed)}" if written.removed else ""
    return f"wrote {topics} to {place.path}{modules}{removed}"


def fresh_sentence(place: Place, registry: Registry, stale: Sequence[Stale]) -> str:
    """Whether the registry is what the contracts declare."""
    topics = count(len(registry.members), "topic")
    if stale:
        return f"{place.path} is stale: the contracts declare {topics}"
    return f"{place.path} holds {topics} and is fresh"


def registry_document(
    place: Place | None, registry: Registry, written: Written | None, stale: Sequence[Stale]
) -> dict[str, Any]:
    """What ``omni registry --format json`` prints. ``text`` is the module where no place was named for it."""
    findings = (*registry.clashes, *(each.finding for each in stale))
    return {
        "path": place and place.path,
        "per_producer": place is not None and place.layout is Layout.PACKAGE,
        "topics": len(registry.members),
        "fresh": None if place is None else not stale,
        "written": list(written.written) if written else [],
        "removed": list(written.removed) if written else [],
        "findings": [finding_document(each) for each in findings],
        "counts": severity_counts(findings),
        "diff": [line for each in stale for line in each.diff],
        "text": registry.modules[0].text if place is None else None,
    }


def scan_lines(scan: Scan, excerpt_of: ExcerptOf, width: int | None) -> list[Line]:
    """Every finding as a block, and what counts them."""
    return [*blocks(scan.findings, excerpt_of, width), *paragraph(scan_sentence(scan), width)]


def scan_heads(scan: Scan, width: int | None) -> list[Line]:
    """One line a finding, and what counts them."""
    return [*heads(scan.findings), *paragraph(scan_sentence(scan), width)]


def scan_sentence(scan: Scan) -> str:
    """``1 error in 1,204 files, 310,220 lines; 17 literals of declared topics in 9 files (0.41 s)``"""
    found = _severities(scan.findings) or "no findings"
    exempted = f"; {scan.exempted:,} exempted" if scan.exempted else ""
    declared = scan.literals[Standing.DECLARED]
    members = (
        f"; {count(declared, 'literal')} of declared topics in {count(scan.declared_files, 'file')}" if declared else ""
    )
    where = f"{count(scan.files, 'file')}, {count(scan.lines, 'line')}"
    return f"{found} in {where}{exempted}{members} {spent(scan.seconds)}"


def scan_document(scan: Scan) -> dict[str, Any]:
    """What ``omni registry scan --format json`` prints."""
    return {
        "findings": [finding_document(each) for each in scan.findings],
        "counts": severity_counts(scan.findings),
        "literals": {standing.value: scan.literals[standing] for standing in Standing},
        "files": scan.files,
        "lines": scan.lines,
        "binaries": scan.binaries,
        "files_with_declared_literals": scan.declared_files,
        "exempted": scan.exempted,
        "seconds": scan.seconds,
    }


def _severities(findings: tuple[Finding, ...]) -> str:
    return ", ".join(count(number, severity) for severity, number in severity_counts(findings).items() if number)
