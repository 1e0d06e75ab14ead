"""``omni plan``"""

from __future__ import annotations

import time
from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import BootstrapServers, EnvironmentName, Format, OutputFormat, Paths, examples, stated


def add_to(app: typer.Typer) -> None:
    """Add ``omni plan``."""
    app.command(
        epilog=examples("omni plan", "omni plan -o plan.json", "omni plan --acknowledge --env staging"),
    )(plan)


def plan(
    paths: Paths = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    path: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the plan here, for `omni apply FILE`.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
    acknowledge: Annotated[
        bool,
        typer.Option(
            "--acknowledge",
            help="Say that these contracts and this cluster are those that are meant, for brakes to compare with.",
        ),
    ] = False,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Plan what would bring the broker to what the contracts declare.

    Each step with its reason and its consequence; nothing is changed. Exits with 1 where there are steps.
    """
    from omni_assets.cli.views import plan as view
    from omni_assets.cli.views.contract_errors import say_errors
    from omni_assets.operations import plan as operation
    from omni_assets.operations.context import resolve
    from omni_assets.operations.plan import make_plan, write_plan

    started = time.monotonic()
    context = resolve(paths or (), environment=environment, bootstrap_servers=bootstrap_servers)
    manifest = context.manifest()
    errors = say_errors(context, manifest)
    with streams.progress(f"observing {context.bootstrap_servers}"):
        planned = make_plan(context, manifest)
        if acknowledge:
            planned = operation.acknowledge(context, planned)
            streams.say(view.acknowledged_sentence(planned))
    if path is not None:
        write_plan(path, planned.plan)
        streams.say(view.written_sentence(path))
    if output is Format.JSON:
        streams.write_json(view.plan_document(planned))
    else:
        streams.draw(view.plan_lines(planned, time.monotonic() - started, streams.result_width()))
    return int(errors or bool(planned.plan.steps))
