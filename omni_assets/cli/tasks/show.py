"""``omni task show``"""

from __future__ import annotations

from typing import Annotated

import typer

from omni_assets.cli import completion, streams
from omni_assets.cli.options import (
    BootstrapServers,
    ContractsOption,
    EnvironmentName,
    Format,
    OutputFormat,
    examples,
    stated,
)
from omni_assets.cli.tasks.remembered import Stored, catch_up


def add_to(family: typer.Typer) -> None:
    """Add ``omni task show``."""
    family.command(epilog=examples("omni task show 3fb1c2", "omni task show pull-17 --format json"))(show)


def show(
    task: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="The id of a task's receipt, of its event or of a result, or what it begins with.",
            callback=stated,
            autocompletion=completion.tasks,
        ),
    ],
    stored: Stored = False,
    contracts: ContractsOption = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Show everything that came of the same beginning as a task, as a tree.

    Each task with its attempts, results, effects, approvals, cost and times; replays and letters that were sent again
    below what they repeat. Exits with 1 where the task failed.
    """
    from omni_assets.agents.task_receipt import TaskOutcome
    from omni_assets.cli.views import chain as view
    from omni_assets.operations.agents.tasks import chain as run
    from omni_assets.operations.context import resolve

    context = resolve(contracts or (), environment=environment, bootstrap_servers=bootstrap_servers)
    if not stored:
        catch_up(context)
    found = run(context.home, task)
    if output is Format.JSON:
        streams.write_json(view.chain_document(found))
    else:
        streams.draw(view.chain_lines(found, streams.result_width()))
    bad = (TaskOutcome.FAILED, TaskOutcome.DEAD_LETTERED)
    return int(any(each.outcome in bad for each in found.receipts if each.id in found.asked))
