"""``omni tidy``"""

from __future__ import annotations

import time
from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import EnvironmentName, Format, OutputFormat, examples


def add_to(app: typer.Typer) -> None:
    """Add ``omni tidy``."""
    app.command(epilog=examples("omni tidy --dry-run", "omni tidy", "omni tidy --format json"))(tidy)


def tidy(
    environment: EnvironmentName = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is old, and take nothing away.")] = False,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Take away what is old: rows, lines of journals, runs.

    How old is said by `retention` in the settings. A ledger keeps its receipts, folded lines are packed beside the
    journals, and no broker is asked. Dagster does the same every day.
    """
    from datetime import UTC, datetime

    from omni_assets.cli.views.tidying import tidied_document, tidied_lines
    from omni_assets.operations import tidy as operation
    from omni_assets.operations.context import resolve

    started, now = time.monotonic(), datetime.now(UTC)
    context = resolve(environment=environment)
    look = operation.foretell if dry_run else operation.tidy
    with streams.progress(f"looking for what is old in {context.home}"):
        tidied = look(context, now)
    if output is Format.JSON:
        bounds, runs = operation.bounds(context, now), operation.runs_before(context, now)
        streams.write_json(tidied_document(tidied, bounds, runs, dry_run))
    else:
        done = "would be taken away" if dry_run else "taken away"
        streams.draw(tidied_lines(tidied, done, time.monotonic() - started, streams.result_width()))
    return 0
