"""Tables as lines of styled text, to any width or to a terminal's. Pure.

No cell is cut: where a terminal is too narrow, the widest column gets a line of its own if it holds names, which nobody
wants to read in pieces, and what still does not fit folds onto further lines of the same row, in as few columns as can
be. Figures stand to the right of their column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from omni_assets.contracts.text import columns, visible

Line: TypeAlias = "list[tuple[str, str]]"
"""Pieces of text, each with a style in rich's words (``bold``, ``yellow``) or an empty one."""

GAP = 2
INDENT = 4
_STEP = 2
_NARROWEST = 8
_FEW_COLUMNS = 2
_BREAKS = " .-_,/"
_HELD = "\N{NO-BREAK SPACE}"


class Cell(NamedTuple):
    """A text, its style, and whether it stands to the ``right`` of its column."""

    text: str
    style: str = ""
    right: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, and a sentence that belongs under it, or none."""

    cells: tuple[Cell, ...]
    below: str = ""


def plain_row(*texts: str, below: str = "") -> Row:
    """A row without styles."""
    return Row(tuple(Cell(text) for text in texts), below)


def figure(text: str, style: str = "") -> Cell:
    """A figure: such stand below one another to the right, with their title."""
    return Cell(text, style, right=True)


def table(header: Sequence[str], rows: Sequence[Row], width: int | None) -> list[Line]:
    """The lines of a table that fits ``width`` columns; ``None`` for as wide as it gets."""
    figures = [any(row.cells[index].right for row in rows) for index in range(len(header))]
    head = Row(tuple(Cell(title, "bold", right) for title, right in zip(header, figures, strict=True)))
    shown = [
        Row(tuple(cell._replace(text=visible(cell.text)) for cell in row.cells), row.below) for row in (head, *rows)
    ]
    natural = [max(columns(row.cells[index].text) for row in shown) for index in range(len(header))]
    if width is None or _fit(natural, width):
        return [line for row in shown for line in _lines(row, natural, width)]
    widest = max(range(len(natural)), key=natural.__getitem__)
    others = [*natural[:widest], *natural[widest + 1 :]]
    names = len(natural) > _FEW_COLUMNS and not any(" " in row.cells[widest].text for row in shown)
    if names:
        return [line for row in shown for line in _in_two(row, widest, _fitted(others, width - _STEP), width)]
    return [line for row in shown for line in _lines(row, _fitted(natural, width), width)]


def paragraph(text: str, width: int | None, style: str = "", indent: int = 0) -> list[Line]:
    """One text, wrapped between words where there is a width, ``indent`` columns from the left."""
    safe, margin = visible(text), " " * indent
    if width is None:
        return [[(margin + safe.replace(_HELD, " "), style)]]
    parts = wrap(safe, max(width - indent, _NARROWEST))
    return [[(margin + part.replace(_HELD, " "), style)] for part in parts]


def hanging(text: str, width: int | None, style: str = "") -> list[Line]:
    """The same, each line but the first ``INDENT`` columns from the left."""
    (((first, _),), *rest) = paragraph(text, width, style, INDENT)
    return [[(first[INDENT:], style)], *rest]


def unbroken(text: str) -> str:
    """``text`` as one word of a paragraph, which no line ends within."""
    return text.replace(" ", _HELD)


def wrap(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` columns, broken between words, and within one that is longer."""
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if columns(longer) <= width:
            line = longer
            continue
        *whole, rest = fold(word, width)
        lines += [line.rstrip(), *whole] if line else whole
        line = rest
    return [*lines, line.rstrip()] if line else lines


def fold(text: str, width: int) -> list[str]:
    """``text`` in pieces of at most ``width`` columns, broken after a separator where one is near."""
    pieces = []
    while (most := _fitting(text, width)) < len(text):
        cut = max(text.rfind(mark, 0, most) for mark in _BREAKS) + 1
        cut = cut if cut > most // 3 else most
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [*pieces, text]


def shorten(text: str, width: int) -> str:
    """``text`` in at most ``width`` columns, without its middle where it is longer: names begin and end differently."""
    if columns(text) <= width:
        return text
    end = (width - 1) // 2
    tail = text[::-1][: _fitting(text[::-1], end)][::-1]
    return f"{text[: _fitting(text, width - 1 - columns(tail))]}…{tail}"


def to_the_right(texts: Sequence[str]) -> list[str]:
    """Figures below one another, each as wide as the widest."""
    width = max(map(columns, texts), default=0)
    return [" " * (width - columns(each)) + each for each in texts]


def _fitting(text: str, width: int) -> int:
    """How many characters of ``text`` fit into ``width`` columns: one at least."""
    taken = 0
    for index, character in enumerate(text):
        taken += columns(character)
        if taken > width:
            return max(index, 1)
    return len(text)


def _lines(row: Row, widths: Sequence[int], width: int | None) -> list[Line]:
    folded = [fold(cell.text, limit) for cell, limit in zip(row.cells, widths, strict=True)]
    lines: list[Line] = []
    for index in range(max(map(len, folded))):
        line: Line = []
        for cell, pieces, limit in zip(row.cells, folded, widths, strict=True):
            piece = pieces[index] if index < len(pieces) else ""
            space = " " * (limit - columns(piece))
            gap = " " * GAP
            line += (
                [(space, ""), (piece, cell.style), (gap, "")]
                if cell.right
                else [(piece, cell.style), (space + gap, "")]
            )
        lines.append(_without_trailing_space(line))
    return lines + (paragraph(row.below, width, "dim", INDENT) if row.below else [])


def _in_two(row: Row, widest: int, widths: Sequence[int], width: int) -> list[Line]:
    """A row whose widest cell has a line of its own: above the others if it is the first of them, else below."""
    cell = row.cells[widest]
    alone = [[(piece, cell.style)] for piece in fold(cell.text, width - _STEP)]
    others = _lines(Row((*row.cells[:widest], *row.cells[widest + 1 :])), widths, width)
    below = paragraph(row.below, width, "dim", INDENT) if row.below else []
    if widest == 0:
        return [*alone, *map(_further_in, others), *below]
    return [*others, *map(_further_in, alone), *below]


def _further_in(line: Line) -> Line:
    return [(" " * _STEP, ""), *line]


def _without_trailing_space(line: Line) -> Line:
    while line and not line[-1][0].strip():
        line.pop()
    return line


def _fit(widths: Sequence[int], width: int) -> bool:
    """Whether columns of these widths fit beside one another."""
    return sum(widths) + GAP * (len(widths) - 1) <= width


def _fitted(natural: Sequence[int], width: int) -> list[int]:
    """Column widths whose sum fits: of as few columns as can be, the widest, each as wide as the others of them or as
    it needs; below ``_NARROWEST`` no column is folded further.
    """
    room = width - GAP * (len(natural) - 1)
    ranked = sorted(range(len(natural)), key=natural.__getitem__, reverse=True)
    for few in range(len(natural) + 1):
        folded, whole = ranked[:few], ranked[few:]
        left = room - sum(natural[index] for index in whole)
        if left >= few * _NARROWEST or few == len(natural):
            return _shared(natural, folded, left)
    return list(natural)


def _shared(natural: Sequence[int], folded: Sequence[int], left: int) -> list[int]:
    """The widths where those of the ``folded`` columns, the widest first, are what is ``left``."""
    widths = list(natural)
    for done, index in enumerate(reversed(folded)):
        share = max(left // (len(folded) - done), _NARROWEST)
        widths[index] = min(natural[index], share)
        left -= widths[index]
    return widths
