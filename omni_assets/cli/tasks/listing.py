"""``omni task list``"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from omni_assets.cli import completion, streams
from omni_assets.cli.options import (
    BootstrapServers,
    ContractsOption,
    EnvironmentName,
    Format,
    OutputFormat,
    Since,
    examples,
    moment_since,
    stated,
)
from omni_assets.cli.tasks.remembered import Stored, catch_up


class OutcomeName(StrEnum):
    """How a task ended."""

    DONE = "done"
    FAILED = "failed"
    DEAD_LETTERED = "dead-lettered"
    DUPLICATE = "duplicate"
    WAITING = "waiting"


def add_to(family: typer.Typer) -> None:
    """Add ``omni task list``."""
    family.command(
        "list",
        epilog=examples(
            "omni task list --since 1h --outcome dead-lettered",
            "omni task list --node reviewer --key pull-17",
            "omni task list --format json --limit 100000 > tasks.json",
        ),
    )(listing)


def listing(
    node: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Only tasks of this node.",
            show_default=False,
            callback=stated,
            autocompletion=completion.nodes,
        ),
    ] = None,
    outcome: Annotated[OutcomeName | None, typer.Option(help="Only tasks that ended so.", show_default=False)] = None,
    topic: Annotated[
        str | None,
        typer.Option(
            metavar="TOPIC",
            help="Only records of this topic.",
            show_default=False,
            callback=stated,
            autocompletion=completion.topics,
        ),
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Only records of this key.", show_default=False, callback=stated)
    ] = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, metavar="ROWS", help="Most tasks to show.")] = 50,
    stored: Stored = False,
    contracts: ContractsOption = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """List what became of tasks, newest first.

    What the ledger has by now is projected first, where a broker answers.
    """
    from datetime import UTC, datetime

    from omni_assets.cli.views import tasks as view
    from omni_assets.operations.agents.tasks import tasks as run
    from omni_assets.operations.context import resolve

    now = datetime.now(UTC)
    moment = moment_since(since, now)
    context = resolve(contracts or (), environment=environment, bootstrap_servers=bootstrap_servers)
    if not stored:
        catch_up(context)
    found = run(context.home, node, outcome and outcome.value, topic, key, moment, limit + 1)
    shown = found[:limit]
    if output is Format.JSON:
        streams.write_json(view.tasks_document(shown))
    else:
        streams.draw(view.tasks_lines(shown, now, streams.result_width()))
    if len(found) > limit:
        streams.say(f"omni: there are more tasks than these {limit:,}; --limit shows more.")
    return 0
