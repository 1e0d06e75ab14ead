"""``omni boot``"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import (
    BootstrapServers,
    EnvironmentName,
    Format,
    LogFormatOption,
    OutputFormat,
    Paths,
    examples,
)
from omni_assets.telemetry import logs

if TYPE_CHECKING:
    from omni_assets.operations.context import Context


def add_to(app: typer.Typer) -> None:
    """Add ``omni boot``."""
    app.command(epilog=examples("omni boot && exec my-agent", "omni boot --deadline 120 --format json"))(boot)


def boot(
    paths: Paths = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    deadline: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help="How long to try again while the broker does not answer; else 30.",
            show_default=False,
        ),
    ] = None,
    output: OutputFormat = Format.TEXT,
    log_format: LogFormatOption = logs.LogFormat.TEXT,
) -> int:
    """Provision and validate when a service starts.

    Waits for the broker to answer. Exits with 1 where a declared topic is missing, unseen or in conflict, or a
    contract has errors, and with 2 where the broker was down until the deadline.
    """
    from omni_assets.cli.views.contract_errors import say_errors
    from omni_assets.cli.views.validation import boot_document, validation_lines
    from omni_assets.operations.boot import DEADLINE, run
    from omni_assets.operations.context import resolve

    logs.begin(log_format)
    patience = DEADLINE if deadline is None else deadline
    with streams.progress("provisioning and validating") as shown:
        attempts = 0

        def attempt() -> Context:
            nonlocal attempts
            attempts += 1
            context = resolve(paths or (), environment=environment, bootstrap_servers=bootstrap_servers)
            if attempts > 1:
                shown.update(
                    f"no broker answers at {context.bootstrap_servers} yet; trying again for up to {patience:g} s"
                )
            return context

        report = run(attempt, patience)
    if report.validation is None:
        raise report.error if report.error is not None else RuntimeError("boot ended without a result")
    validation = report.validation
    errors = say_errors(
        resolve(paths or (), environment=environment, bootstrap_servers=bootstrap_servers), validation.report.manifest
    )
    if output is Format.JSON:
        streams.write_json(boot_document(report, validation))
    else:
        streams.draw(validation_lines(validation, report.seconds, streams.result_width()))
    if validation.provisioning is not None and validation.provisioning.unrecorded is not None:
        raise validation.provisioning.unrecorded
    return int(errors or not report.ready)
