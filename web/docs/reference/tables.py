"""The tables and views of the projection, as a projection that was just made describes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from omni_assets.projection.descriptions import TABLE_DESCRIPTIONS, VIEWS
from omni_assets.projection.question import ask
from omni_assets.projection.rows import Declared
from omni_assets.projection.store import Projection
from web.docs.reference.markdown import page, table

_COLUMNS = """\
SELECT table_name, column_name, data_type, comment FROM duckdb_columns()
WHERE NOT internal ORDER BY table_name, column_index"""

_BEGINNING = """\
# Tables and views

Every table and view of [the projection](../projection.md), with its columns. `omni sql` asks them, and tells the same:

```sh
omni sql "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'drift'"
```
"""


def tables_page() -> str:
    """The page, as Markdown."""
    return page([_BEGINNING, *_sections()])


def _sections() -> Iterator[str]:
    columns: dict[str, list[tuple[str, str, str]]] = {}
    for name, column, kind, comment in _described():
        columns.setdefault(name, []).append((f"`{column}`", kind, comment or ""))
    for title, names in (("Tables", TABLE_DESCRIPTIONS.keys() - VIEWS), ("Views", VIEWS)):
        yield from (f"## {title}", "")
        for name in sorted(names):
            yield from (f"### `{name}`", "", TABLE_DESCRIPTIONS[name], "")
            yield from table(("column", "type", "is"), columns[name])


def _described() -> list[tuple[str, str, str, str | None]]:
    with TemporaryDirectory() as folder:
        Projection(Path(folder)).declare(Declared("", (), ()), datetime.now(UTC))
        return [*ask(Path(folder), _COLUMNS).rows]
