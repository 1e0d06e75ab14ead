"""``omni rebuild``"""

from __future__ import annotations

import time

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import BootstrapServers, EnvironmentName, Format, OutputFormat, Paths, examples


def add_to(app: typer.Typer) -> None:
    """Add ``omni rebuild``."""
    app.command(epilog=examples("omni rebuild", "omni rebuild --format json | jq .rows"))(rebuild)


def rebuild(
    paths: Paths = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Make the projection anew.

    It comes from the journals, the contracts, and the broker where one answers. The old file stays until the journals
    are read.
    """
    from omni_assets.cli.views.rebuilding import left_out, rebuilding_document, rebuilding_lines
    from omni_assets.operations.context import resolve
    from omni_assets.operations.rebuild import rebuild as run

    started = time.monotonic()
    context = resolve(paths or (), environment=environment, bootstrap_servers=bootstrap_servers)
    with streams.progress(f"rebuilding the projection in {context.home}"):
        rebuilding = run(context)
    for sentence in left_out(rebuilding):
        streams.say(sentence)
    if output is Format.JSON:
        streams.write_json(rebuilding_document(rebuilding))
    else:
        streams.draw(rebuilding_lines(rebuilding, time.monotonic() - started, streams.result_width()))
    return 0
