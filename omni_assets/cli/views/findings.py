"""What is wrong with contracts: the renderers' words with the lines they are about, in colour on a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable

from omni_assets.cli.tables import INDENT, Line, paragraph
from omni_assets.contracts.judging.report import Report
from omni_assets.contracts.model import Finding, Severity
from omni_assets.contracts.rendering.excerpts import Excerpt
from omni_assets.contracts.rendering.renderers import companions, finding_head, mended_sentence, sentence
from omni_assets.contracts.text import visible

MANY = 100
"""More findings than this are easier to read one a line."""

_WIDEST = 160
_NARROWEST = 20
_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}

ExcerptOf = Callable[[Finding, int], Excerpt | None]


def finding_lines(report: Report, excerpt_of: ExcerptOf, width: int | None) -> list[Line]:
    """Every finding as a block; then what counts them."""
    lines = blocks(report.findings, excerpt_of, width)
    if len(report.findings) > MANY:
        lines += paragraph("`--format concise` shows one line a finding, `--select` some rules only.", width, "dim")
    return [*lines, *_closing(report, width)]


def blocks(findings: Iterable[Finding], excerpt_of: ExcerptOf, width: int | None) -> list[Line]:
    """Every finding with its excerpt and companions, a blank line after each."""
    lines: list[Line] = []
    for finding in findings:
        lines += _head(finding, width)
        lines += _excerpt(finding, excerpt_of, width)
        for companion in companions(finding):
            lines += _hanging(companion, width)
        lines.append([])
    return lines


def heads(findings: Iterable[Finding]) -> list[Line]:
    """One line a finding."""
    return [line for finding in findings for line in _head(finding, None)]


def concise_lines(report: Report, width: int | None) -> list[Line]:
    """One line a finding, then what counts them."""
    return [*heads(report.findings), *_closing(report, width)]


def _closing(report: Report, width: int | None) -> list[Line]:
    mended = mended_sentence(report)
    return [*paragraph(sentence(report), width), *(paragraph(mended, width, "dim") if mended else [])]


def _head(finding: Finding, width: int | None) -> list[Line]:
    """The first line, whose place and rule stay in one piece so that editors and terminals find them."""
    head = finding_head(finding)
    place, title = visible(str(finding.location)), f" {finding.rule.code} {finding.rule.name}"
    first, *others = _wrapped(head[len(place) + len(title) :], len(place) + len(title), width)
    return [
        [(place, "bold"), (title, _STYLES[finding.severity]), (first, "")],
        *([(" " * INDENT + other, "")] for other in others),
    ]


def _wrapped(text: str, taken: int, width: int | None) -> list[str]:
    """``text`` after ``taken`` columns, and what of it goes onto further, indented lines."""
    if width is None or taken + len(text) <= width:
        return [text]
    room = max(width - INDENT, _NARROWEST)
    # What is taken stands in front as one unbreakable word, and is cut off again.
    placeholder = "x" * taken
    first, *others = textwrap.wrap(
        placeholder + text,
        max(width, taken + 1),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [placeholder]
    return [first[taken:], *(textwrap.wrap(" ".join(others), room, break_long_words=False, break_on_hyphens=False))]


def _excerpt(finding: Finding, excerpt_of: ExcerptOf, width: int | None) -> list[Line]:
    number = str(finding.location.line)
    margin = f"{'':{INDENT}}{number} | "
    shown = excerpt_of(finding, max((width or _WIDEST) - len(margin), _NARROWEST))
    if shown is None:
        return []
    before, place, after = shown.parts
    blank = f"{'':{INDENT + len(number)}} | "
    return [
        [(margin, "blue"), (before, ""), (place, "bold"), (after, "")],
        [(blank, "blue"), (" " * shown.start + "^" * shown.length, _STYLES[finding.severity])],
    ]


def _hanging(companion: str, width: int | None) -> list[Line]:
    """A companion, whose own further lines are indented more."""
    if width is None or INDENT + len(companion) <= width:
        return [[(" " * INDENT + companion, "dim")]]
    parts = textwrap.wrap(
        companion,
        max(width, _NARROWEST),
        initial_indent=" " * INDENT,
        subsequent_indent=" " * 2 * INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [[(part, "dim")] for part in parts]
