"""``omni observe``"""

from __future__ import annotations

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import BootstrapServers, EnvironmentName, Format, OutputFormat, examples


def add_to(app: typer.Typer) -> None:
    """Add ``omni observe``."""
    app.command(epilog=examples("omni observe", "omni observe --format json > snapshot.json"))(observe)


def observe(
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Take a snapshot of the broker and project it. Reads no contract.

    Exits with 1 where a topic could not be seen whole.
    """
    from omni_assets.cli.views.snapshot import snapshot_document, snapshot_lines
    from omni_assets.operations.context import resolve
    from omni_assets.operations.observe import observe as run

    context = resolve(environment=environment, bootstrap_servers=bootstrap_servers)
    with streams.progress(f"observing {context.bootstrap_servers}"):
        snapshot = run(context)
    if output is Format.JSON:
        streams.write_json(snapshot_document(snapshot))
    else:
        streams.draw(snapshot_lines(snapshot, streams.result_width()))
    return int(any(topic.unknown for topic in snapshot.topics.values()))
