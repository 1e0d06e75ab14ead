"""``omni task submit``"""

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
    examples,
    stated,
)


def add_to(family: typer.Typer) -> None:
    """Add ``omni task submit``."""
    family.command(epilog=examples("omni task submit tasks.jsonl", "omni task submit --format json - < tasks.jsonl"))(
        submit
    )


def submit(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help='JSON lines {"topic", "data", "key", "id", "deadline", "idempotency_key"}, of which the first two are '
            "needed; - reads standard input.",
            show_default=False,
            callback=stated,
        ),
    ],
    contracts: ContractsOption = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Publish tasks as events of the topics that agents subscribe; prints their ids.

    Nothing is written where a line is no task, or its data is not what the topic's contract says. A task that is
    submitted again under its id, or under its idempotency key and key, is done once; after its deadline it is not done
    any more. Exits with 1 where the broker did not take a task.
    """
    from omni_assets.contracts.text import visible
    from omni_assets.operations.agents.submitting import read_submissions, submit
    from omni_assets.operations.context import resolve

    wanted = read_submissions(file)
    context = resolve(contracts or (), environment=environment, bootstrap_servers=bootstrap_servers)
    done = submit(context, wanted)
    if output is Format.JSON:
        failed = [{"id": name, "reason": why} for name, why in done.failed]
        streams.write_json({"version": 1, "ids": list(done.ids), "failed": failed})
    else:
        for name in done.ids:
            streams.write_line(name)
    for name, why in done.failed:
        streams.say(f"omni: `{visible(name)}` was not taken: {visible(why)}.")
    return int(bool(done.failed))
