"""``omni apply``"""

from __future__ import annotations

from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import (
    BootstrapServers,
    ContractsOption,
    EnvironmentName,
    Format,
    OutputFormat,
    all_stated,
    examples,
    stated,
)


def add_to(app: typer.Typer) -> None:
    """Add ``omni apply``."""
    app.command(
        epilog=examples(
            "omni apply --safe",
            "omni plan -o plan.json; omni apply plan.json --approve 3f2a9c01d4e5",
            "omni apply plan.json --approve all --only 'onex.evt.router.*'",
        ),
    )(apply)


def apply(
    path: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="A plan of `omni plan -o FILE`.", show_default=False, callback=stated),
    ] = None,
    safe: Annotated[bool, typer.Option("--safe", help="Plan now, and carry out what is safe.")] = False,
    approve: Annotated[
        list[str] | None,
        typer.Option(
            "--approve",
            metavar="STEP",
            help="Carry out a step that needs it: its id, its topic, or `all`; may be repeated.",
            show_default=False,
            callback=all_stated,
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="PATTERN",
            help="Only topics that match, such as 'onex.evt.*'; may be repeated.",
            show_default=False,
            callback=all_stated,
        ),
    ] = None,
    contracts: ContractsOption = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Carry out a plan, and read back what became of it.

    Safe steps run, others when they are approved. Exits with 1 where a step failed or was left, with 2 where the plan
    is stale, was edited, was made for another cluster or looks like a mistake.
    """
    from omni_assets.cli.views import plan as view
    from omni_assets.cli.views.contract_errors import say_errors
    from omni_assets.drift.plan import idle
    from omni_assets.operations import apply as operation
    from omni_assets.operations.context import resolve
    from omni_assets.operations.plan import read_plan

    if (path is None) is not safe:
        raise typer.BadParameter("give a plan's FILE, or --safe to plan now, and not both", param_hint="'FILE'")
    if safe and approve:
        raise typer.BadParameter("what needs an approval needs a plan that was read: give its FILE")
    given = None if path is None else read_plan(path)
    unknown = idle(given, approve or ()) if given is not None else ()
    if unknown:
        raise typer.BadParameter(f"the plan has no step and no topic `{unknown[0]}`", param_hint="'--approve'")
    context = resolve(contracts or (), environment=environment, bootstrap_servers=bootstrap_servers)
    manifest = context.manifest()
    errors = say_errors(context, manifest)
    with streams.progress(f"carrying out a plan on {context.bootstrap_servers}"):
        done = (
            operation.apply_safe(context, manifest, only or ())
            if given is None
            else operation.apply(context, manifest, given, approve or (), only or ())
        )
    if output is Format.JSON:
        streams.write_json(view.applied_document(done))
    else:
        streams.draw(view.applied_lines(done, streams.result_width()))
    if done.unrecorded is not None:
        raise done.unrecorded
    return int(errors or not done.clean)
