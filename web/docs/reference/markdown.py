"""Pieces of Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """The lines of a table, with an empty one behind it. A `|` within a cell is escaped."""
    columns = [*head]
    yield _row(columns)
    yield f"|{'---|' * len(columns)}"
    yield from map(_row, rows)
    yield ""


def fenced(language: str, text: str) -> Iterator[str]:
    """The lines of a block of code, with an empty one behind it."""
    yield from (f"```{language}", *text.rstrip("\n").split("\n"), "```", "")


def page(lines: Iterable[str]) -> str:
    """The text of a page: its lines without those that are empty at its end."""
    return "\n".join(lines).rstrip("\n") + "\n"


def _row(cells: Iterable[str]) -> str:
    return " | ".join(("", *(" ".join(cell.replace("|", r"\|").split()) for cell in cells), "")).strip()
