"""``omni task dlq list|show|requeue``"""

from __future__ import annotations

from typing import Annotated

import typer

from omni_assets.cli import completion, streams
from omni_assets.cli.options import (
    HELP_NAMES,
    BootstrapServers,
    ContractsOption,
    EnvironmentName,
    Format,
    OutputFormat,
    all_stated,
    examples,
    help_when_alone,
    stated,
)

_Topic = Annotated[
    str | None,
    typer.Option(
        "--topic",
        metavar="TOPIC",
        help="Only letters of records of this topic.",
        show_default=False,
        callback=stated,
        autocompletion=completion.topics,
    ),
]
_Node = Annotated[
    str | None,
    typer.Option(
        "--node",
        metavar="NAME",
        help="Only letters of records that this node could not handle.",
        show_default=False,
        callback=stated,
        autocompletion=completion.nodes,
    ),
]
_POSITION = "as TOPIC/PARTITION/OFFSET"


def add_to(family: typer.Typer) -> None:
    """Add ``omni task dlq list|show|requeue``."""
    letters = typer.Typer(
        help="Look at dead letters, or send them again.",
        epilog=examples("omni task dlq list", "omni task dlq requeue --all --node reviewer"),
        context_settings=HELP_NAMES,
        callback=help_when_alone,
        invoke_without_command=True,
    )
    letters.command("list", epilog=examples("omni task dlq list --node reviewer", "omni task dlq list --format json"))(
        list_
    )
    letters.command(epilog=examples("omni task dlq show onex.dlq.echo.dead-letter.v1/0/17"))(show)
    letters.command(
        epilog=examples(
            "omni task dlq requeue onex.dlq.echo.dead-letter.v1/0/17", "omni task dlq requeue --all --node reviewer"
        )
    )(requeue)
    family.add_typer(letters, name="dlq")


def list_(
    topic: _Topic = None,
    node: _Node = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, metavar="ROWS", help="Most letters to show.")] = 100,
    contracts: ContractsOption = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """List dead letters, newest first.

    All that stands in the topics of dead letters that contracts declare: which node could not handle which record, why,
    and what came of it when it was sent again.
    """
    from datetime import UTC, datetime

    from omni_assets.cli.views import dead_letters as view
    from omni_assets.operations.agents.dead_letters import Filter, letters
    from omni_assets.operations.context import resolve

    context = resolve(contracts or (), environment=environment, bootstrap_servers=bootstrap_servers)
    with streams.progress("looking for dead letters"):
        found = letters(context, Filter(topic or "", node or ""), limit)
    if output is Format.JSON:
        streams.write_json(view.letters_document(found))
    else:
        streams.draw(view.letters_lines(found, datetime.now(UTC), streams.result_width()))
    return 0


def show(
    letter: Annotated[
        str,
        typer.Argument(metavar="POSITION", help=f"Where it stands, {_POSITION}.", show_default=False, callback=stated),
    ],
    contracts: ContractsOption = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Tell one dead letter in full.

    Where it comes from and why, its headers, its key and its value; what is no text is shown byte by byte.
    """
    from datetime import UTC, datetime

    from omni_assets.cli.views import dead_letters as view
    from omni_assets.operations.agents.dead_letters import opened, position
    from omni_assets.operations.context import resolve

    wanted = position(letter)
    context = resolve(contracts or (), environment=environment, bootstrap_servers=bootstrap_servers)
    found = opened(context, wanted)
    if output is Format.JSON:
        streams.write_json(view.letter_document(found))
    else:
        streams.draw(view.letter_lines(found, datetime.now(UTC), streams.result_width()))
    return 0


def requeue(
    letters: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="POSITION...", help=f"Where they stand, each {_POSITION}.", show_default=False, callback=all_stated
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All that were not sent again yet, instead of some by their position.")
    ] = False,
    topic: _Topic = None,
    node: _Node = None,
    contracts: ContractsOption = None,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Send dead letters again.

    Records go as they came, with their keys, to the topics that they came from, for the nodes that could not handle
    them. A letter that is sent twice is worked on once. Exits with 1 where one was left as it is.
    """
    from omni_assets.cli.views import dead_letters as view
    from omni_assets.contracts.text import visible
    from omni_assets.operations.agents.dead_letters import Filter, position, requeue, requeue_all
    from omni_assets.operations.context import resolve

    if every == bool(letters):
        raise typer.BadParameter("name letters by their position, or all of them with --all", param_hint="POSITION")
    if letters and (topic or node):
        raise typer.BadParameter("they choose from all letters, and go with --all", param_hint="'--topic' and '--node'")
    wanted = [position(each) for each in letters or ()]
    context = resolve(contracts or (), environment=environment, bootstrap_servers=bootstrap_servers)
    with streams.progress("sending letters again"):
        done = requeue_all(context, Filter(topic or "", node or "")) if every else requeue(context, wanted)
    if output is Format.JSON:
        streams.write_json(view.requeue_document(done))
    else:
        streams.draw(view.requeue_lines(done, streams.result_width()))
    for each in done.left:
        streams.say(f"omni: {each.position} is left as it is: {visible(each.reason)}.")
    return int(bool(done.left))
