"""Rules for people: one page, or all in a table."""

from __future__ import annotations

from collections.abc import Sequence

from omni_assets.cli.tables import INDENT, Cell, Line, Row, paragraph, table
from omni_assets.contracts.model import Contracts, Example, Rule, Severity
from omni_assets.contracts.rules.pages import exemption, passages
from omni_assets.contracts.text import visible

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def table_lines(rules: Sequence[Rule], width: int | None) -> list[Line]:
    """Every rule in a row."""
    rows = [
        Row(
            (
                Cell(rule.code, "bold"),
                Cell(rule.name),
                Cell(rule.severity.value, _STYLES[rule.severity]),
                Cell(rule.summary),
            )
        )
        for rule in rules
    ]
    return table(("CODE", "RULE", "SEVERITY", "MEANS"), rows, width)


def rule_lines(rule: Rule, width: int | None) -> list[Line]:
    """The page of a rule."""
    settings = exemption(rule)
    return [
        [(rule.code, "bold"), (" ", ""), (rule.name, "bold"), (f" ({rule.severity})", _STYLES[rule.severity])],
        [],
        *paragraph(rule.summary, width, "bold"),
        *paragraph(rule.explanation, width),
        [],
        [("Example", "bold")],
        *_passages(rule.example),
        [],
        [("Mended", "bold")],
        *_passages(rule.mended),
        [],
        [("How to exempt it", "bold")],
        *(_text(settings) if settings else paragraph("Not at all: it is about exemptions.", width, "", INDENT)),
    ]


def _passages(example: Example) -> list[Line]:
    lines: list[Line] = []
    for number, (_, text) in enumerate(passages(example)):
        lines += [[(f"{'':{INDENT}}---", "dim")]] if number and isinstance(example, Contracts) else []
        lines += _text(text)
    return lines


def _text(text: str) -> list[Line]:
    return [[(" " * INDENT + visible(line), "cyan")] for line in text.rstrip("\n").split("\n")]
