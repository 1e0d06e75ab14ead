"""``omni topics``"""

from __future__ import annotations

import time

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import EnvironmentName, Paths, TableFormat, TableOutputFormat, examples


def add_to(app: typer.Typer) -> None:
    """Add ``omni topics``."""
    app.command(epilog=examples("omni topics", "omni topics services --format json", "omni topics --format csv"))(
        topics
    )


def topics(
    paths: Paths = None,
    environment: EnvironmentName = None,
    output: TableOutputFormat = TableFormat.TEXT,
) -> int:
    """List every declared topic.

    With its spec, publishers and subscribers. Exits with 1 where a contract has errors.
    """
    from omni_assets.cli.views import manifest as view
    from omni_assets.cli.views.contract_errors import say_errors
    from omni_assets.contracts.rendering.renderers import manifest_document
    from omni_assets.operations.context import resolve

    started = time.monotonic()
    context = resolve(paths or (), environment=environment)
    manifest = context.manifest()
    errors = say_errors(context, manifest)
    if output is TableFormat.JSON:
        streams.write_json(manifest_document(manifest))
    elif output is TableFormat.CSV:
        streams.write_csv(view.COLUMNS, view.manifest_rows(manifest))
    else:
        streams.draw(view.manifest_lines(manifest, streams.result_width()))
        streams.write(view.manifest_sentence(manifest, time.monotonic() - started))
    return int(errors)
