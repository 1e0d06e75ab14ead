"""``omni report``"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import (
    BootstrapServers,
    EnvironmentName,
    Format,
    OutputFormat,
    Paths,
    Since,
    examples,
    moment_since,
)


def add_to(app: typer.Typer) -> None:
    """Add ``omni report``."""
    app.command(epilog=examples("omni report", "omni report --since 7d -o report.html", "omni report --open"))(report)


def report(
    paths: Paths = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where it is written; else report.html in the state folder.",
            show_default=False,
        ),
    ] = None,
    since: Since = None,
    browser: Annotated[bool, typer.Option("--open", help="Show it in the browser, too.")] = False,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Write everything that is known as one HTML file.

    Drift now and over time, the wiring, near misses, savings, receipts and tasks. The file needs nothing else: no
    network, no server. No broker is asked: it tells what `omni drift` saw last.
    """
    from datetime import UTC, datetime

    from omni_assets.cli.views import report as view
    from omni_assets.operations.context import resolve
    from omni_assets.operations.report.writing import write_report

    now = datetime.now(UTC)
    context = resolve(paths or (), environment=environment, bootstrap_servers=bootstrap_servers)
    with streams.progress("writing the report"):
        written = write_report(context, now, moment_since(since, now), file)
    if output is Format.JSON:
        streams.write_json(view.document(written))
    else:
        streams.draw(view.lines(written, streams.result_width()))
    if browser:
        import webbrowser

        webbrowser.open(written.path.resolve().as_uri())
    return 0
