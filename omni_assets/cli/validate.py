"""``omni validate``"""

from __future__ import annotations

import time

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import BootstrapServers, EnvironmentName, Format, OutputFormat, Paths, examples


def add_to(app: typer.Typer) -> None:
    """Add ``omni validate``."""
    app.command(epilog=examples("omni validate", "OMNI_READONLY=1 omni validate --env production"))(validate)


def validate(
    paths: Paths = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Check that every declared topic is there.

    What is missing is provisioned first; with OMNI_READONLY=1 it is only looked at. Exits with 1 where a declared
    topic is missing, unseen or in conflict, or a contract has errors.
    """
    from omni_assets.cli.views.contract_errors import say_errors
    from omni_assets.cli.views.validation import validation_document, validation_lines
    from omni_assets.operations.context import resolve
    from omni_assets.operations.validate import validate as run

    started = time.monotonic()
    context = resolve(paths or (), environment=environment, bootstrap_servers=bootstrap_servers)
    with streams.progress(f"validating the topics at {context.bootstrap_servers}"):
        validation = run(context)
    errors = say_errors(context, validation.report.manifest)
    if output is Format.JSON:
        streams.write_json(validation_document(validation))
    else:
        streams.draw(validation_lines(validation, time.monotonic() - started, streams.result_width()))
    if validation.provisioning is not None and validation.provisioning.unrecorded is not None:
        raise validation.provisioning.unrecorded
    return int(errors or not validation.complete)
