"""What a materialization says about itself: counts that plot over time, and tables of bounded size."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple, TypeAlias, Union, get_args, get_origin, get_type_hints

import dagster as dg

from omni_assets.contracts.text import visible

MOST_ROWS = 100
"""Most rows of a table in the metadata of one event: the rest is in the projection."""

Metadata: TypeAlias = dict[str, dg.MetadataValue[Any]]


class Column(NamedTuple):
    """A column of a previewed table."""

    name: str
    type: str = "string"


def preview(
    name: str, columns: tuple[Column, ...], rows: Iterable[Mapping[str, str | int | float | None]], rest: str = ""
) -> Metadata:
    """A table of the first ``rows``, untrusted text made visible. Where there are more, an entry of its own says so;
    ``rest`` is where to find them.
    """
    found = iter(rows)
    shown = [
        dg.TableRecord({key: visible(value) if isinstance(value, str) else value for key, value in row.items()})
        for row in islice(found, MOST_ROWS)
    ]
    schema = dg.TableSchema([dg.TableColumn(column.name, column.type) for column in columns])
    entries: Metadata = {name: dg.MetadataValue.table(shown, schema)}
    more = sum(1 for _ in found)
    if more:
        text = f"the first {MOST_ROWS} of {MOST_ROWS + more:,} rows" + (f"; {rest}" if rest else "")
        entries[f"{name}_shown"] = dg.MetadataValue.text(text)
    return entries


def counts(numbers: Mapping[str, int], prefix: str = "") -> Metadata:
    """Numbers that Dagster plots over time, each under a name of its own."""
    return {f"{prefix}{name}": dg.MetadataValue.int(number) for name, number in numbers.items()}


def seconds(value: float) -> dg.FloatMetadataValue:
    """A duration in seconds, to the millisecond."""
    return dg.MetadataValue.float(round(value, 3))


def column_schema(row: type, described: Mapping[str, str], before: str = "", after: str = "") -> dg.TableSchema:
    """The columns of a projection's table, in the order in which they are described: the type of its rows has them,
    without those that all rows share."""
    own = {name: _column_type(hint) for name, hint in get_type_hints(row).items()}
    types_ = {before: ("string", False), **own, after: ("timestamp", False)}
    return dg.TableSchema(
        [
            dg.TableColumn(name, type_, description, dg.TableColumnConstraints(nullable=nullable))
            for name, description in described.items()
            for type_, nullable in [types_[name]]
        ]
    )


_TYPES: Mapping[type, str] = {
    str: "string",
    int: "int",
    bool: "bool",
    float: "float",
    Decimal: "decimal",
    datetime: "timestamp",
}


def _column_type(hint: Any) -> tuple[str, bool]:
    optional = get_origin(hint) in (Union, types.UnionType)
    kind = next(each for each in get_args(hint) if each is not types.NoneType) if optional else hint
    return _TYPES[kind], optional
