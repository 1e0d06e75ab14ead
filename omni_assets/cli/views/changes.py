"""What changed since another revision: a group for each kind of change, and one document for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from omni_assets.cli.tables import INDENT, Line, paragraph
from omni_assets.cli.views.settings import setting_name
from omni_assets.contracts.changes.comparison import Change, ChangeKind, Participant
from omni_assets.contracts.changes.risks import SettingChange
from omni_assets.contracts.model import Location, Severity
from omni_assets.contracts.rendering.renderers import companions, finding_document, finding_head
from omni_assets.contracts.rules import REMOVED_IN_USE
from omni_assets.contracts.text import count
from omni_assets.contracts.values import readable
from omni_assets.operations.changes import Comparison

KINDS: Mapping[ChangeKind, str] = {
    ChangeKind.REMOVED: "removed",
    ChangeKind.RENAMED: "renamed",
    ChangeKind.SETTINGS: "with other settings",
    ChangeKind.SCHEMA: "with another schema",
    ChangeKind.HANDLER: "with another handler",
    ChangeKind.NODES: "with other nodes",
    ChangeKind.ADDED: "added",
}
_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def change_lines(comparison: Comparison, width: int | None) -> list[Line]:
    """What it was compared with, every change by its kind, the worst first, and one line that counts them."""
    lines = paragraph(f"compared with {_compared_with(comparison)}", width, "dim")
    for said, path in notes_of(comparison):
        lines += paragraph(f"{said}: {path}" if path else said, width, "dim")
    for finding in comparison.unread:
        lines += paragraph(finding_head(finding), width, _STYLES[finding.severity])
        for text in companions(finding):
            lines += paragraph(text, width, "dim", INDENT)
    for kind, changes in by_kind(comparison).items():
        lines += [[], [(f"{len(changes):,} {KINDS[kind]}", "bold")]]
        for change in changes:
            lines += _lines(change, width)
    return [*lines, *([[]] if comparison.changes else []), *paragraph(_sentence(comparison), width)]


def by_kind(comparison: Comparison) -> Mapping[ChangeKind, tuple[Change, ...]]:
    """The kinds of change that there are, each with its changes: the worst first, then by name."""
    worst = {severity: position for position, severity in enumerate(Severity)}
    grouped = {
        kind: tuple(
            sorted(
                (each for each in comparison.changes if each.kind is kind),
                key=lambda each: (worst[each.severity], each.subject),
            )
        )
        for kind in ChangeKind
    }
    return {kind: changes for kind, changes in grouped.items() if changes}


def notes_of(comparison: Comparison) -> Iterator[tuple[str, str]]:
    """What the comparison cannot know: a text, and the path that it is about or nothing."""
    unversioned = comparison.unversioned
    if unversioned:
        more = f" (and {len(unversioned) - 1:,} more)" if len(unversioned) > 1 else ""
        yield f"not in this repository, so compared as it is on both sides{more}", unversioned[0]
    if not comparison.old.contracts:
        yield "there was no contract then", ""


def summary(comparison: Comparison) -> str:
    """``1 removed, 2 added``, or that there is no change."""
    grouped = by_kind(comparison)
    return ", ".join(f"{len(changes):,} {KINDS[kind]}" for kind, changes in grouped.items()) or "no change"


def setting_text(change: SettingChange) -> str:
    """``retention 30d -> 1d``"""
    before, after = readable(change.name, change.before), readable(change.name, change.after)
    return f"{setting_name(change.name)} {before} -> {after}"


def relation(change: Change, participant: Participant) -> str:
    """What somebody whom a change would hurt does with the topic: ``still subscribes the old name``."""
    if change.code != REMOVED_IN_USE.code:
        return f"{participant.role} it"
    return f"still {participant.role} {'the old name' if change.kind is ChangeKind.RENAMED else 'it'}"


def document(comparison: Comparison) -> dict[str, Any]:
    """What ``omni check --against --format json`` prints."""
    kinds = Counter(change.kind for change in comparison.changes)
    return {
        "revision": comparison.revision.asked,
        "commit": comparison.revision.commit,
        "tip": comparison.revision.tip,
        "merge_base": comparison.revision.at_merge_base,
        "changes": [_entry(each) for each in comparison.changes],
        "counts": {**{kind.value: kinds[kind] for kind in ChangeKind}, **comparison.report.counts},
        "unversioned": list(comparison.unversioned),
        "exempted": comparison.exempted,
        "findings": [finding_document(each) for each in comparison.findings],
    }


def _compared_with(comparison: Comparison) -> str:
    revision = comparison.revision
    if revision.at_merge_base:
        return f"{revision.short}, where HEAD parted from {revision.asked}"
    return f"{revision.asked}, at {revision.short}"


def _sentence(comparison: Comparison) -> str:
    """``1 removed, 2 added: 1 error, 2 notes in 31 topics (0.04 s)``"""
    found = ", ".join(count(number, each) for each, number in comparison.report.counts.items() if number)
    exempted = f"; {comparison.exempted:,} exempted" if comparison.exempted else ""
    where = f"{count(len(comparison.new.topics), 'topic')}{exempted} ({comparison.seconds:.2f} s)"
    return f"{summary(comparison)}{f': {found}' if found else ''} in {where}"


def _lines(change: Change, width: int | None) -> list[Line]:
    mark = f"{change.severity.value:<7} {change.code or '':<5}  "
    names = [f"{change.before} ->", change.topic] if change.kind is ChangeKind.RENAMED else [change.subject]
    [(first, style)], *others = [line for name in names for line in paragraph(name, width, "bold", len(mark))]
    lines: list[Line] = [[(mark, _STYLES[change.severity]), (first.lstrip(), style)], *others]
    for text, how in _details(change):
        lines += paragraph(text, width, how, len(mark))
    return lines


def _details(change: Change) -> Iterator[tuple[str, str]]:
    """What there is to say of a change under its name: a text and its style each."""
    if change.why:
        yield change.why, "dim"
    if change.was not in (None, change.now) and change.kind in (ChangeKind.REMOVED, ChangeKind.RENAMED):
        yield f"{change.was} then", "dim"
    if change.now is not None and change.kind is not ChangeKind.NODES:
        yield str(change.now), "dim"
    for each in change.settings:
        yield f"{setting_text(each)}{f': {each.risk}' if each.risk else ''}", ""
    for one in change.hurts:
        yield f"{one.location} {one} {relation(change, one)}", ""
    for one in change.left:
        yield f"{one.location} then: {one} {one.role} it no longer", ""
    for one in change.joined:
        yield f"{one.location} {one} {one.role} it now", ""
    for fix in dict.fromkeys(finding.fix for finding in change.findings if finding.fix):
        yield f"fix: {fix}", "dim"


def _entry(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind.value,
        "topic": change.topic,
        "node": change.node or None,
        "before": change.before,
        "after": change.after,
        "was": _line(change.was),
        "now": _line(change.now),
        "settings": [
            {"name": each.name, "before": each.before, "after": each.after, "risk": each.risk or None}
            for each in change.settings
        ],
        "left": [_place(each) for each in change.left],
        "joined": [_place(each) for each in change.joined],
        "hurts": [_place(each) for each in change.hurts],
        "severity": change.severity.value,
        "code": change.code,
    }


def _line(location: Location | None) -> dict[str, Any] | None:
    return location and {"path": location.path, "line": location.line}


def _place(participant: Participant) -> dict[str, Any]:
    location = participant.location
    return {
        "node": participant.node,
        "role": participant.role.value,
        "path": location.path,
        "line": location.line,
    }
