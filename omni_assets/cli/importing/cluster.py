"""``omni import``"""

from __future__ import annotations

from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.importing.options import DraftFolder
from omni_assets.cli.options import BootstrapServers, EnvironmentName, Format, OutputFormat


def cluster(
    command: typer.Context,
    folder: DraftFolder = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing: say what there is, and what would be.")] = (
        False
    ),
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Draft contracts for the topics of a cluster that no contract declares.

    Near misses and dead topics are told before anything is written, and no file is written over. Exits with 1 where
    somebody has to decide something first.
    """
    if command.invoked_subcommand is not None:
        if folder or dry_run or environment or bootstrap_servers or output is not Format.TEXT:
            raise typer.BadParameter(f"`omni import {command.invoked_subcommand}` takes its options behind its name")
        return 0
    from omni_assets.cli.views import importing as view
    from omni_assets.operations.context import resolve
    from omni_assets.operations.importing.cluster import prepare, write

    context = resolve(environment=environment, bootstrap_servers=bootstrap_servers)
    with streams.progress(f"looking at {context.bootstrap_servers}"):
        found = prepare(context, folder)
    width = streams.result_width()
    if output is Format.TEXT:
        streams.draw(view.notice_lines(found, width))
    if not dry_run:
        found = write(found)
    if output is Format.JSON:
        streams.write_json(view.import_document(found))
    else:
        streams.draw(view.file_lines(found, width))
    return int(not found.clean)
