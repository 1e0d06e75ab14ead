"""The columns of tables that are worked out anew each time, and stand in metadata alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import dagster as dg

from omni_assets.pipeline.topics.metadata import Column


class Described(NamedTuple):
    """A column, and what it holds."""

    name: str
    type: str
    description: str
    nullable: bool = False


def schema(columns: Iterable[Described]) -> dg.TableSchema:
    """The columns as Dagster shows them beside an asset."""
    return dg.TableSchema(
        [
            dg.TableColumn(each.name, each.type, each.description, dg.TableColumnConstraints(nullable=each.nullable))
            for each in columns
        ]
    )


def previewed(columns: Iterable[Described]) -> tuple[Column, ...]:
    """The same for a table that is shown."""
    return tuple(Column(each.name, each.type) for each in columns)
