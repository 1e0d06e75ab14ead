"""What a report shows as tables: columns with a kind each, and rows of plain values. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | int | None
Row: TypeAlias = tuple[Value, ...]


class Kind(StrEnum):
    """What a column holds, and so how it is written, sorted and filtered.

    ``NAME`` is text in the letters of code, ``MARK`` a verdict, severity or outcome, ``TIME`` milliseconds since 1970,
    ``USD`` billionths of a US dollar, ``SHARE`` thousandths.
    """

    TEXT = "text"
    NAME = "name"
    MARK = "mark"
    NUMBER = "number"
    USD = "usd"
    SHARE = "share"
    TIME = "time"


class Shown(StrEnum):
    """Where a column is shown: ``OPENED`` ones only where a row is opened, which shows all."""

    EVERYWHERE = "everywhere"
    WIDE = "wide"
    OPENED = "opened"


@dataclass(frozen=True, slots=True)
class Column:
    """A column. ``choice`` says that rows are picked by its values."""

    key: str
    label: str
    kind: Kind = Kind.TEXT
    choice: bool = False
    shown: Shown = Shown.EVERYWHERE


@dataclass(frozen=True, slots=True)
class Table:
    """A table, sorted by ``order``, a column's key, with ``-`` before it from the largest down.

    Rows are told apart by the values of ``identity``. ``empty`` is said where there is no row; ``command`` shows more
    of one, with a column's key in braces.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    order: str
    identity: tuple[str, ...]
    empty: str
    command: str = ""

    def position(self, key: str) -> int:
        """Where a column stands. ``ValueError`` where there is none."""
        return [column.key for column in self.columns].index(key)
