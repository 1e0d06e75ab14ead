"""``omni export tables``"""

from __future__ import annotations

import os
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import examples, stated

_POSTGRES = "postgres"


class FileFormat(StrEnum):
    """What the tables are written as."""

    PARQUET = "parquet"
    CSV = "csv"


def add_to(family: typer.Typer) -> None:
    """Add ``omni export tables``."""
    family.command(
        epilog=examples(
            "omni export tables",
            "omni export tables --format csv -o tables",
            "OMNI_EXPORT_POSTGRES_FILE=/run/secrets/warehouse omni export tables --to postgres",
        )
    )(tables)


def tables(
    folder: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Where the files are put, in the place of the last export; else export in the state folder.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        FileFormat | None, typer.Option("--format", help="What the files are; else parquet.", show_default=False)
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="DATABASE",
            help="Instead of files, fill the tables of a Postgres: `postgres` for the one that OMNI_EXPORT_POSTGRES "
            "names, or an address without a password.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
) -> int:
    """Write the tables of the projection as files, or into a Postgres.

    All of them are of one moment, and take the place of the last export as a whole, or not at all.
    """
    from omni_assets import settings
    from omni_assets.cli.views import exporting as view
    from omni_assets.operations.exporting.postgres import destination
    from omni_assets.operations.exporting.tables import export_files, export_postgres
    from omni_assets.projection.copies import CopyFormat

    if to is not None and (folder is not None or form is not None):
        raise typer.BadParameter("a database takes neither --output nor --format", param_hint="'--to'")
    started = time.monotonic()
    home = settings.state_folder(settings.load())
    with streams.progress("exporting the tables"):
        if to is not None:
            exported = export_postgres(home, destination(None if to == _POSTGRES else to, os.environ))
        else:
            exported = export_files(home, folder or home / "export", CopyFormat(form or FileFormat.PARQUET))
    streams.draw(view.lines(exported, time.monotonic() - started, streams.result_width()))
    return 0
