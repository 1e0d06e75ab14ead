"""``omni drift``"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.observed import gauged
from omni_assets.cli.options import (
    BootstrapServers,
    EnvironmentName,
    Paths,
    TableFormat,
    TableOutputFormat,
    examples,
)

if TYPE_CHECKING:
    from omni_assets.cli.views.drift import Comparison


def add_to(app: typer.Typer) -> None:
    """Add ``omni drift``."""
    app.command(epilog=examples("omni drift", "omni drift --stored", "omni drift --format json | jq .counts"))(drift)


def drift(
    paths: Paths = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    stored: Annotated[
        bool,
        typer.Option("--stored", help="Show what was projected last; asks no broker and reads no contract."),
    ] = False,
    output: TableOutputFormat = TableFormat.TEXT,
) -> int:
    """List what differs between contracts and broker.

    Takes a snapshot, projects it, and gives each difference a verdict. Exits with 1 where anything differs, or a
    contract has errors.
    """
    from omni_assets.cli.views.contract_errors import say_errors
    from omni_assets.cli.views.drift import of_report, of_stored
    from omni_assets.cli.words import age, spent
    from omni_assets.operations.context import resolve
    from omni_assets.operations.observe import drift as run
    from omni_assets.operations.recording import stored_drift

    started = time.monotonic()
    context = resolve(paths or (), environment=environment, bootstrap_servers=bootstrap_servers)
    if stored:
        found = of_stored(*stored_drift(context))
        when = age(found.observed_at, datetime.now(UTC))
        _show(found, f"({found.bootstrap_servers}, observed {'just now' if when == 'now' else f'{when} ago'})", output)
        return int(bool(found.rows))
    gauged(lambda: context)
    manifest = context.manifest()
    errors = say_errors(context, manifest)
    with streams.progress(f"observing {context.bootstrap_servers}"):
        found = of_report(run(context, manifest))
    _show(found, spent(time.monotonic() - started, found.calls), output)
    return int(errors or bool(found.rows))


def _show(found: Comparison, origin: str, output: TableFormat) -> None:
    from omni_assets.cli.tables import paragraph
    from omni_assets.cli.views import drift as view

    if output is TableFormat.JSON:
        streams.write_json(view.document(found))
    elif output is TableFormat.CSV:
        streams.write_csv(view.COLUMNS, [tuple(entry.values()) for entry in view.document(found)["drift"]])
    else:
        width = streams.result_width()
        lines = view.drift_lines(found.rows, datetime.now(UTC), width)
        lines += view.health_lines(found, width)
        streams.draw([*lines, *paragraph(f"{view.drift_sentence(found)} {origin}", width)])
