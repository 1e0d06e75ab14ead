"""The answer to a question in SQL."""

from __future__ import annotations

import json
from typing import Any

from omni_assets.cli.tables import Cell, Line, Row, paragraph, table
from omni_assets.contracts.text import count
from omni_assets.projection.question import Answer


def answer_lines(answer: Answer, width: int | None) -> list[Line]:
    """The table under the columns' own names, and the number of its rows."""
    rows = [Row(tuple(map(_cell, row))) for row in answer.rows]
    return [*table(answer.columns, rows, width), *paragraph(count(len(rows), "row"), width, "dim")]


def document(answer: Answer) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "columns": [{"name": name, "type": kind} for name, kind in zip(answer.columns, answer.types, strict=True)],
        "rows": [list(row) for row in answer.rows],
        "truncated": answer.truncated,
    }


def _cell(value: object) -> Cell:
    if value is None:
        return Cell("NULL", "dim")
    return Cell(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
