"""What an examination came to."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from omni_assets.cli.tables import Cell, Line, Row, paragraph, table
from omni_assets.cli.words import spent
from omni_assets.contracts.text import count
from omni_assets.operations.doctor.examination import Answer, Examination, examples

_STYLES: Mapping[Answer, str] = {
    Answer.OK: "green",
    Answer.WARNING: "yellow",
    Answer.PROBLEM: "red",
    Answer.UNKNOWN: "magenta",
}


def examination_lines(examination: Examination, seconds: float, width: int | None) -> list[Line]:
    """A row for each check, with what to do below it, and a line that counts the answers."""
    counts = examination.counts
    others = [count(counts[Answer.WARNING], "warning"), count(counts[Answer.PROBLEM], "problem")]
    sentence = f"{counts[Answer.OK]} ok, {', '.join(others)}, {counts[Answer.UNKNOWN]} unknown {spent(seconds)}"
    return [*table(("CHECK", "ANSWER", "SEEN"), _rows(examination), width), *paragraph(sentence, width)]


def examination_document(examination: Examination) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "checks": [
            {
                "name": question.name,
                "question": question.asks,
                "answer": told.answer.value,
                "seen": told.seen,
                "remedy": told.remedy or None,
            }
            for question, told in examination.checks
        ],
        "counts": {answer.value: number for answer, number in examination.counts.items()},
    }


def _rows(examination: Examination) -> list[Row]:
    """A row for each check, and one for those together that were told the same thing."""
    return [
        Row((Cell(examples(names, 1)), Cell(told.answer.value, _STYLES[told.answer]), Cell(told.seen)), told.remedy)
        for told, checks in groupby(examination.checks, key=lambda check: check.told)
        if (names := [check.question.name for check in checks])
    ]
