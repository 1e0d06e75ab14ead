"""``omni task replay``"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from omni_assets.cli import completion, streams
from omni_assets.cli.options import (
    BootstrapServers,
    ContractsOption,
    EnvironmentName,
    Format,
    LogFormatOption,
    OutputFormat,
    all_stated,
    examples,
    stated,
)
from omni_assets.telemetry import logs

if TYPE_CHECKING:
    from omni_assets.broker.replays import Plan
    from omni_assets.operations.agents.replaying import Replayed


def add_to(family: typer.Typer) -> None:
    """Add ``omni task replay``."""
    family.command(
        epilog=examples(
            "omni task replay --topic onex.cmd.echo.echo-requested.v1 --from 2h --dry-run",
            "omni task replay --topic onex.cmd.echo.echo-requested.v1 --from 2026-03-01T12:00 --to 2026-03-01T13:00",
            "omni task replay --topic onex.cmd.echo.echo-requested.v1 --from 0:1200 --to 0:1201",
            "omni task replay --resume 3f2a9c1b77de",
        )
    )(replay)


def replay(
    topic: Annotated[
        str | None,
        typer.Option(
            "--topic",
            metavar="TOPIC",
            help="The topic whose records are worked on again.",
            callback=stated,
            autocompletion=completion.topics,
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="WHEN",
            help="Where to begin: a moment (2026-03-01T12:00, in UTC), an age (2h, 7d), `start`, or partition:offset, "
            "several with commas.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="WHEN",
            help="Where to end, as for --from, that itself left out; else behind what is there now.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
    node: Annotated[
        list[str] | None,
        typer.Option(
            "--node",
            metavar="NAME",
            help="For this node; may be repeated. Else for all that have a handler and subscribe the topic.",
            show_default=False,
            callback=all_stated,
            autocompletion=completion.nodes,
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="KEY", help="Only the records of this key.", show_default=False, callback=stated),
    ] = None,
    shadow: Annotated[
        str | None,
        typer.Option(
            "--shadow",
            metavar="TOPIC",
            help="Where results go, instead of to the topics that they are meant for; nobody may subscribe it.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
    with_effects: Annotated[
        bool, typer.Option("--with-effects", help="For nodes that have effects outside the bus, too.")
    ] = False,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="ID",
            help="Go on with a replay that was ended early.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, max=1_000, metavar="N", help="Most handlers that run at once.")
    ] = 16,
    contracts: ContractsOption = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
    log_format: LogFormatOption = logs.LogFormat.TEXT,
) -> int:
    """Work on records of a topic again, beside live work.

    Which ones is settled at the start. Each gets a receipt that points to the one of the first time, once, however
    often the replay is killed and gone on with. Exits with 1 where a task failed, or something is left to do.
    """
    from datetime import UTC, datetime

    from omni_assets.agents.task_receipt import TaskOutcome
    from omni_assets.cli.aside import printed_aside
    from omni_assets.cli.views import replay as view
    from omni_assets.errors import InputError, OmniError
    from omni_assets.operations.agents.meanwhile import projected_meanwhile
    from omni_assets.operations.agents.ranges import read_bound
    from omni_assets.operations.agents.replaying import ReplayRequest, begin, go_on, prepare, resumable
    from omni_assets.operations.context import resolve
    from omni_assets.operations.routing.running import run_to_end

    def trouble(error: OmniError) -> None:
        streams.say(f"omni: what became of the tasks was not projected: {error}")

    logs.begin(log_format)
    context = resolve(contracts or (), environment=environment, bootstrap_servers=bootstrap_servers)
    if resume is not None:
        if any((topic, start, end, node, key, shadow, with_effects)):
            raise InputError(
                "a replay is gone on with as it was begun.", "Leave out all that says what it is about, but --resume."
            )
        plan = resumable(context, resume)
    elif topic is None or start is None:
        raise InputError("it is not said what is to be worked on again.", "Name --topic and --from, or --resume.")
    else:
        now = datetime.now(UTC)
        bounds = read_bound(start, now), None if end is None else read_bound(end, now)
        plan = prepare(context, ReplayRequest(topic, *bounds, tuple(node or ()), key, shadow or "", with_effects))
    if dry_run or not plan.spans:
        _show(plan, None, output)
        return 0
    if resume is None:
        begin(context, plan)
    streams.say(view.begun(plan))
    with streams.progress("working") as shown, printed_aside():
        most = plan.most_records * len(plan.nodes)

        def told(so_far: int) -> None:
            shown.update(f"working: {so_far:,} of at most {most:,} records read")

        work = go_on(context, plan, concurrency=concurrency, told=told)
        done = run_to_end(projected_meanwhile(context, work, trouble))
    _show(plan, done, output)
    if done.kept:
        streams.say(f"omni: it has ended, but the broker keeps what it noted of it: {done.kept}")
    bad = (TaskOutcome.FAILED, TaskOutcome.DEAD_LETTERED)
    return int(bool(done.left) or any(each.tasks.get(outcome) for each in done.worked for outcome in bad))


def _show(plan: Plan, done: Replayed | None, output: Format) -> None:
    from omni_assets.cli.views import replay as view

    if output is Format.JSON:
        streams.write_json(view.document(plan, done))
        return
    width = streams.result_width()
    streams.draw(view.prepared_lines(plan, width) if done is None else view.replayed_lines(done, width))
