"""What changed, as a comment for a pull request.

Whatever comes from contracts stands in code spans, in which GitHub reads neither Markdown, HTML, mentions nor
references to issues; the two signs that could end a span or a table's cell are written out, as control characters are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from omni_assets.cli.views.changes import KINDS, by_kind, notes_of, relation, setting_text, summary
from omni_assets.contracts.changes.comparison import Change, ChangeKind, Participant
from omni_assets.contracts.model import Finding, Location
from omni_assets.contracts.text import count, visible
from omni_assets.operations.changes import Comparison

MARK = "<!-- omni check against -->"
"""The first line: by it a job finds its own comment again."""

MOST_CHARACTERS = 60_000
"""Longest comment; GitHub takes 65,536 characters."""

_MOST_SHOWN = 10
_MOST_PARTICIPANTS = 5
_LONGEST_SPAN = 300
_RESERVED = 2_000
_HEADER = ("| severity | topic | what | who would notice |", "|---|---|---|---|")


def markdown(comparison: Comparison) -> str:
    """A headline, a table for each kind of change, the worst first; long tables are folded, and cut with a count."""
    revision = comparison.revision
    found = ", ".join(count(number, each) for each, number in comparison.report.counts.items() if number)
    at = f"{code(revision.short)}, where this branch parted from {code(revision.asked)}"
    lines = [
        MARK,
        f"### Topics: {summary(comparison)}",
        "",
        f"{found or 'No findings'}, compared with {at if revision.at_merge_base else code(revision.asked)}.",
        *(f"\n- {each}" for each in _notes(comparison)),
    ]
    room = MOST_CHARACTERS - _RESERVED - sum(len(line) + 1 for line in lines)
    for kind, changes in by_kind(comparison).items():
        section, room = _section(f"{len(changes):,} {KINDS[kind]}", changes, room)
        lines += section
    return "\n".join(lines) + "\n"


def code(text: str) -> str:
    """Text of any origin as a code span that it cannot leave."""
    shown = visible(text).replace("`", "\\x60").replace("|", "\\x7c")
    if len(shown) > _LONGEST_SPAN:
        shown = shown[:_LONGEST_SPAN] + "…"
    return f"`{shown}`" if shown.strip() else "` `"


def _section(title: str, changes: Sequence[Change], room: int) -> tuple[list[str], int]:
    rows: list[str] = []
    for change in changes:
        row = _row(change)
        if len(row) + 1 > room:
            break
        room -= len(row) + 1
        rows.append(row)
    left = len(changes) - len(rows)
    more = ["", f"… and {left:,} more, which `omni check --against` lists."] if left else []
    table = ["", *_HEADER, *rows] if rows else []
    if len(changes) > _MOST_SHOWN:
        return ["", f"<details><summary>{title}</summary>", *table, *more, "", "</details>"], room
    return ["", f"**{title}**", *table, *more], room


def _row(change: Change) -> str:
    marks = f"{change.severity.value} {change.code or ''}".strip()
    renamed = change.kind is ChangeKind.RENAMED
    names = f"{code(change.before or '')} → {code(change.topic)}" if renamed else code(change.subject)
    return f"| {marks} | {names} | {_WHAT[change.kind](change)} | {_who(change)} |"


def _where(change: Change) -> str:
    return _at(change.now) if change.now is not None else f"was {_at(change.was)}"


def _settings(change: Change) -> str:
    return _some([f"{code(setting_text(each))}{f': {each.risk}' if each.risk else ''}" for each in change.settings])


def _nodes(change: Change) -> str:
    left = [f"{_name(each)} {each.role} it no longer" for each in change.left]
    joined = [f"{_name(each)} {each.role} it now" for each in change.joined]
    return _some([*left, *joined])


_WHAT: Mapping[ChangeKind, Callable[[Change], str]] = {
    ChangeKind.REMOVED: _where,
    ChangeKind.RENAMED: _where,
    ChangeKind.SETTINGS: _settings,
    ChangeKind.SCHEMA: _settings,
    ChangeKind.HANDLER: _settings,
    ChangeKind.NODES: _nodes,
    ChangeKind.ADDED: _where,
}


def _who(change: Change) -> str:
    return _some([f"{_name(each)} {relation(change, each)} {_at(each.location)}" for each in change.hurts]) or "-"


def _some(texts: Sequence[str]) -> str:
    more = len(texts) - _MOST_PARTICIPANTS
    return "<br>".join([*texts[:_MOST_PARTICIPANTS], *([f"and {more:,} more"] if more > 0 else [])])


def _name(participant: Participant) -> str:
    return "somebody outside" if participant.node is None else code(participant.node)


def _at(location: Location | None) -> str:
    return "" if location is None else code(f"{location.path}:{location.line}")


def _notes(comparison: Comparison) -> Iterator[str]:
    for finding in comparison.unread[:_MOST_SHOWN]:
        yield _unread(finding)
    if len(comparison.unread) > _MOST_SHOWN:
        yield f"and {len(comparison.unread) - _MOST_SHOWN:,} more contracts that cannot be read"
    for said, path in notes_of(comparison):
        yield f"{said}{f': {code(path)}' if path else ''}"


def _unread(finding: Finding) -> str:
    return f"{_at(finding.location)} {finding.rule.code}: {finding.rule.summary} It is compared as it was."
