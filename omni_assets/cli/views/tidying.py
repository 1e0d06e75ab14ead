"""What is old, or was taken away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from omni_assets.cli.tables import Line, Row, paragraph, plain_row, table
from omni_assets.cli.views.drift import moment
from omni_assets.cli.words import spent
from omni_assets.contracts.text import count
from omni_assets.operations.doctor.state import size_text
from omni_assets.operations.tidy import Tidied
from omni_assets.projection.retention import Bounds


def tidied_lines(tidied: Tidied, done: str, seconds: float, width: int | None) -> list[Line]:
    """A row for each thing of which something is old, and a sentence; ``done`` is what became of it, or would."""
    if tidied.none:
        return paragraph(f"nothing is old {spent(seconds)}", width)
    rows = [*_rows(tidied)]
    return [*table(("WHAT", "OLD"), rows, width), *paragraph(f"{done} {spent(seconds)}", width)]


def tidied_document(tidied: Tidied, bounds: Bounds, runs_before: datetime, dry: bool) -> dict[str, Any]:
    """What ``--format json`` writes."""
    excess, runs = tidied.excess, tidied.runs
    return {
        "dry_run": dry,
        "before": {
            "drift": moment(bounds.drift),
            "tasks": moment(bounds.tasks),
            "runs": moment(runs_before),
        },
        "rows": dict(excess.rows),
        "lines": dict(excess.lines),
        "free_bytes": excess.free_bytes,
        "runs": None if runs is None else {"old": runs.old, "kept": runs.kept},
    }


def _rows(tidied: Tidied) -> Iterator[Row]:
    excess, runs = tidied.excess, tidied.runs
    for name, rows in excess.rows.items():
        yield plain_row(f"table {name}", count(rows, "row"))
    for name, lines in excess.lines.items():
        yield plain_row(f"journal {name}", count(lines, "line"))
    if excess.free_bytes:
        yield plain_row("projection.duckdb", f"about {size_text(excess.free_bytes)} that hold nothing")
    if runs is not None and runs.old:
        yield plain_row("Dagster", count(runs.old, "run"))
