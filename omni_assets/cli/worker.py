"""``omni worker``"""

from __future__ import annotations

from typing import Annotated

import typer

from omni_assets.cli import completion, streams
from omni_assets.cli.observed import gauged
from omni_assets.cli.options import (
    BootstrapServers,
    ContractsOption,
    EnvironmentName,
    Format,
    LogFormatOption,
    OutputFormat,
    all_stated,
    examples,
)
from omni_assets.telemetry import logs


def add_to(app: typer.Typer) -> None:
    """Add ``omni worker``."""
    app.command(
        epilog=examples("omni worker --drain", "omni worker --node reviewer --concurrency 4", "omni worker --slot 1"),
    )(worker)


def worker(
    drain: Annotated[bool, typer.Option("--drain", help="End when nothing is left to work on.")] = False,
    node: Annotated[
        list[str] | None,
        typer.Option(
            "--node",
            metavar="NAME",
            help="Work for this node; may be repeated. Else for all that have a handler.",
            show_default=False,
            callback=all_stated,
            autocompletion=completion.nodes,
        ),
    ] = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, max=1_000, metavar="N", help="Most handlers that run at once.")
    ] = 16,
    slot: Annotated[
        int,
        typer.Option(
            min=0, max=999, metavar="N", help="Which of several workers this is; a later one takes its seat over."
        ),
    ] = 0,
    contracts: ContractsOption = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
    log_format: LogFormatOption = logs.LogFormat.TEXT,
) -> int:
    """Work on what agents subscribe, with their own handlers.

    Results, receipts and positions are committed together, so that nothing is lost or done twice, whatever ends it.
    Exits with 1 where a task failed.
    """
    from omni_assets.agents.task_receipt import TaskOutcome
    from omni_assets.cli.aside import printed_aside
    from omni_assets.contracts.text import count
    from omni_assets.errors import OmniError
    from omni_assets.operations.agents.meanwhile import projected_meanwhile
    from omni_assets.operations.agents.working import work
    from omni_assets.operations.context import Context, resolve
    from omni_assets.operations.routing.running import run_to_end
    from omni_assets.processes.memory import bound_arenas

    def trouble(error: OmniError) -> None:
        streams.say(f"omni: what became of the tasks was not projected: {error}")

    logs.begin(log_format)
    bound_arenas()

    def where() -> Context:
        return resolve(contracts or (), environment=environment, bootstrap_servers=bootstrap_servers)

    context = where()
    gauged(where)
    working = work(context, nodes=node or (), slot=slot, concurrency=concurrency, drain=drain)
    with streams.progress("working" if drain else "working; Ctrl-C ends it"), printed_aside():
        worked = run_to_end(projected_meanwhile(context, working, trouble))
    if output is Format.JSON:
        figures = {each.node: {outcome.value: each.tasks.get(outcome, 0) for outcome in TaskOutcome} for each in worked}
        streams.write_json({"version": 1, "nodes": figures})
    for each in worked if output is Format.TEXT else ():
        outcomes = [f"{count(number, 'task')} {outcome}" for outcome, number in sorted(each.tasks.items())]
        streams.write_line(f"{each.node}: {', '.join(outcomes) or 'nothing was left to do'}")
    bad = (TaskOutcome.FAILED, TaskOutcome.DEAD_LETTERED)
    return int(any(each.tasks.get(outcome) for each in worked for outcome in bad))
