"""``omni up``"""

from __future__ import annotations

from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.failure import report
from omni_assets.cli.observed import gauged
from omni_assets.cli.options import (
    BootstrapServers,
    EnvironmentName,
    Format,
    LogFormatOption,
    OutputFormat,
    Paths,
    examples,
    port_option,
)
from omni_assets.telemetry import logs

_SIGNALLED = 128


def add_to(app: typer.Typer) -> None:
    """Add ``omni up``."""
    app.command(epilog=examples("omni up", "omni up --port 3333", "omni up --once --format json"))(up)


def up(
    paths: Paths = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    once: Annotated[
        bool, typer.Option("--once", help="One cycle, no UI; exits with the code of what it found.")
    ] = False,
    port: Annotated[
        int | None, port_option("Where the UI listens; else 3000, or a free port where that is taken.")
    ] = None,
    output: OutputFormat = Format.TEXT,
    log_format: LogFormatOption = logs.LogFormat.TEXT,
) -> int:
    """Run everything: broker, topics, Dagster UI.

    Starts the local broker where none is configured, runs the job `reconcile` once, then the Dagster UI and its daemon
    until Ctrl-C or SIGTERM, which end everything that was started.
    """
    from omni_assets.cli.views import up as view
    from omni_assets.operations.context import Context, resolve
    from omni_assets.operations.services import Interruption
    from omni_assets.operations.up import CycleEnded, Event, Stopping, UiReady, cycle, serve

    if output is Format.JSON and not once:
        raise typer.BadParameter("--format json goes with --once: what runs until it is ended has no result")

    logs.begin(log_format)

    def where() -> Context:
        """As it is then: the broker may be started here."""
        return resolve(paths or (), environment=environment, bootstrap_servers=bootstrap_servers)

    context = where()
    ungauged = gauged(where)

    def tell(event: Event) -> None:
        if isinstance(event, Stopping):
            ungauged()
        lines = view.event_lines(event, streams.result_width())
        if isinstance(event, CycleEnded) and event.cycle.error is not None:
            report(event.cycle.error)
        if not isinstance(event, CycleEnded | UiReady):
            streams.say("\n".join(view.plain(lines)))
        elif output is Format.TEXT:
            streams.draw(lines)

    with Interruption() as interruption:
        if not once:
            answered = serve(context, tell, interruption, port)
            return 0 if answered else _SIGNALLED + (interruption.signal or 0)
        ended = cycle(context, tell, interruption)
    if ended is None:
        return _SIGNALLED + (interruption.signal or 0)
    if output is Format.JSON:
        streams.write_json(view.cycle_document(ended))
    return view.exit_code(ended)
