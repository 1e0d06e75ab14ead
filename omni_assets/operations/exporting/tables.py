"""The tables of the projection in files, or in a Postgres: all of one moment, replaced as a whole."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from omni_assets.errors import StateFolderUnusable, reason
from omni_assets.operations.exporting.folder import LISTING, listed, replaced
from omni_assets.operations.exporting.postgres import Destination, load
from omni_assets.projection.copies import Copy, CopyFormat
from omni_assets.projection.state import MIGRATIONS
from omni_assets.projection.store import Projection


class Exported(NamedTuple):
    """What was exported, and where to, as a person may see it."""

    where: str
    tables: tuple[Copy, ...]

    @property
    def rows(self) -> int:
        """The number of rows of all tables and views."""
        return sum(each.rows for each in self.tables)


def export_files(home: Path, folder: Path, form: CopyFormat) -> Exported:
    """Write each table of the projection in the state folder ``home`` into a file in ``folder``.

    Raises ``InputError`` where the folder holds anything else, and ``StateError``, also where it cannot be written.
    """
    with replaced(folder) as new:
        copies = Projection(home).copied(new, form)
        (new / LISTING).write_text(listed(_content(copies, form)), encoding="utf-8")
    return Exported(str(folder), copies)


def export_postgres(home: Path, destination: Destination) -> Exported:
    """Put the tables of the projection in the state folder ``home`` into a Postgres, in one transaction.

    The projection is held only until it is copied: others may write it while the database is written. Raises
    ``ExportFailed``, ``ExtraMissing`` and ``StateError``.
    """
    projection = Projection(home)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix="export-") as folder:
            copies = projection.copied(Path(folder), CopyFormat.CSV)
            load(destination, Path(folder), copies)
    except OSError as error:
        raise StateFolderUnusable(str(home), reason(error)) from None
    return Exported(destination.shown, copies)


def _content(copies: tuple[Copy, ...], form: CopyFormat) -> dict[str, Any]:
    return {
        "format": form.value,
        "schema_version": len(MIGRATIONS),
        "tables": {each.table: {"file": each.file, "rows": each.rows, "columns": each.columns} for each in copies},
    }
