"""``omni rescue``"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import (
    BootstrapServers,
    EnvironmentName,
    Format,
    OutputFormat,
    Paths,
    examples,
    stated,
)


class BeginAt(StrEnum):
    """Where to begin when the broker does not know how far an earlier rescue came."""

    START = "start"
    REMEMBERED = "remembered"


def add_to(app: typer.Typer) -> None:
    """Add ``omni rescue``."""
    app.command(
        epilog=examples(
            "omni rescue onex.evt.router.routing_complete.v1 --into onex.evt.router.routing-complete.v1 --dry-run",
            "omni rescue onex.evt.router.routing_complete.v1 --into onex.evt.router.routing-complete.v1 --yes",
        )
    )(rescue)


def rescue(
    orphan: Annotated[
        str,
        typer.Argument(metavar="ORPHAN", help="The topic whose records are stranded.", callback=stated),
    ],
    paths: Paths = None,
    into: Annotated[
        str | None,
        typer.Option("--into", metavar="TOPIC", help="The declared topic that they were meant for.", callback=stated),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be copied, and copy nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    begin: Annotated[
        BeginAt | None,
        typer.Option(
            "--begin", help="Where to begin when the broker forgot how far an earlier rescue came.", show_default=False
        ),
    ] = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Bring stranded records to the topic that they were meant for.

    Shows what it will do, asks, and copies the records exactly once. The orphan stays. Exits with 1 where records are
    left: with --dry-run, when the answer is no, or behind an open transaction.
    """
    from omni_assets.cli.views import rescue as view
    from omni_assets.errors import InputError, ReadOnly
    from omni_assets.operations.context import resolve
    from omni_assets.operations.rescue import Begin, likely_targets, prepare
    from omni_assets.operations.rescue import rescue as run

    context = resolve(paths or (), environment=environment, bootstrap_servers=bootstrap_servers)
    manifest = context.manifest()
    if into is None:
        raise InputError(*view.where_to(orphan, likely_targets(context, manifest, orphan)))
    if context.connection.read_only and not dry_run:
        raise ReadOnly(f"copying records to {into}")
    if not (dry_run or yes or streams.is_terminal(sys.stdin)):
        raise InputError(
            "copying records needs a yes, and there is no terminal to ask at.",
            "Say --yes to copy them, or --dry-run to see what would be copied.",
        )
    with streams.progress(f"reading {orphan}") as shown:
        found = prepare(
            context,
            manifest,
            orphan,
            into,
            Begin(begin.value) if begin else None,
            lambda so_far, most: shown.update(f"reading {orphan}: {so_far:,} of at most {most:,} records"),
        )
    if output is Format.TEXT:
        streams.draw(view.prepared_lines(found, streams.result_width()))
    nothing = not found.contents.records
    if dry_run or (not nothing and not yes and not _agreed(found.contents.records, into)):
        if output is Format.JSON:
            streams.write_json(view.document(found, None))
        return int(not nothing or found.reach.hidden > 0)
    with streams.progress(f"copying to {into}") as shown:
        done = run(
            context,
            found,
            lambda so_far, most: shown.update(f"copying to {into}: {so_far:,} of {most:,} records"),
        )
    if output is Format.JSON:
        streams.write_json(view.document(found, done))
    elif done.records:
        streams.draw(view.rescued_lines(found, done, streams.result_width()))
    if done.unrecorded is not None:
        raise done.unrecorded
    return int(found.reach.hidden > 0)


def _agreed(records: int, target: str) -> bool:
    from omni_assets.contracts.text import count, visible

    return streams.agreed(f"Copy {count(records, 'record')} to {visible(target)}?")
