"""What a report shows as tables: columns with a kind each, and rows of plain values. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | int | None
Row: TypeAlias = tuple[Value, ...]


class Kind(StrEnum):
    """What a column holds, and so how it is written, sorted and filtered.

    ``NAME`` is text in the letters of code, ``LINES`` text of several lines, ``MARK`` a verdict, severity or outcome,
    ``TIME`` seconds since 1970, ``TOOK`` milliseconds, ``USD`` billionths of a US dollar, ``SHARE`` thousandths.
    """

    TEXT = "text"
    NAME = "name"
    LINES = "lines"
    MARK = "mark"
    NUMBER = "number"
    USD = "usd"
    SHARE = "share"
    TIME = "time"
    TOOK = "took"


TEXTS = frozenset({Kind.TEXT, Kind.NAME, Kind.LINES, Kind.MARK})
"""The kinds that hold texts; the others hold whole numbers."""


class Shown(StrEnum):
    """Where a column is shown: ``OPENED`` ones only where a row is opened, and ``DRAWN`` ones only as what is drawn."""

    EVERYWHERE = "everywhere"
    WIDE = "wide"
    OPENED = "opened"
    DRAWN = "drawn"


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``choice`` says that rows are picked by its values; ``refers`` names the table and the column, with a
    dot between, in which its values stand too.
    """

    key: str
    label: str
    kind: Kind = Kind.TEXT
    choice: bool = False
    shown: Shown = Shown.EVERYWHERE
    refers: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table, sorted by ``order``, a column's key, with ``-`` before it from the largest down.

    Rows are told apart by the values of ``identity``. ``empty`` is said where there is no row; ``command`` shows more
    of one, with a column's key in braces. ``left_out`` is the number of rows that there was no room for.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    order: str
    identity: tuple[str, ...]
    empty: str
    command: str = ""
    left_out: int = 0

    def position(self, key: str) -> int:
        """Where a column stands. ``ValueError`` where there is none."""
        return [column.key for column in self.columns].index(key)
