"""``omni doctor``"""

from __future__ import annotations

import time
from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import BootstrapServers, EnvironmentName, Format, OutputFormat, Paths, examples


def add_to(app: typer.Typer) -> None:
    """Add ``omni doctor``."""
    app.command(epilog=examples("omni doctor", "omni doctor --env staging --strict", "omni doctor --format json"))(
        doctor
    )


def doctor(
    paths: Paths = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 for warnings, and for what is unknown, too.")
    ] = False,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Say whether all is well here, and what to do where it is not.

    Environment, settings, contracts, state folder, broker, rights, clocks, model endpoints and Dagster are looked at
    side by side. Nothing is written to a broker. Exits with 1 where something is a problem.
    """
    from omni_assets.cli.views.doctor import examination_document, examination_lines
    from omni_assets.operations.doctor.rounds import rounds

    started = time.monotonic()
    with streams.progress("looking") as shown:
        examination = rounds(
            paths or (),
            environment_name=environment,
            bootstrap_servers=bootstrap_servers,
            notify=lambda done, of: shown.update(f"looked at {done} of {of}"),
        )
    if output is Format.JSON:
        streams.write_json(examination_document(examination))
    else:
        streams.draw(examination_lines(examination, time.monotonic() - started, streams.result_width()))
    return int(not examination.sound(strict))
