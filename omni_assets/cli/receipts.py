"""``omni receipts`` and ``omni receipts show``"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from omni_assets.cli import completion, streams
from omni_assets.cli.options import HELP_NAMES, Format, OutputFormat, Since, examples, moment_since, stated


class OutcomeName(StrEnum):
    """How a task ended."""

    ACCEPTED = "accepted"
    FAILED = "failed"
    CANCELLED = "cancelled"


def add_to(app: typer.Typer) -> None:
    """Add ``omni receipts`` and ``omni receipts show``."""
    family = typer.Typer(
        help="List what became of tasks, or show one in full.",
        epilog=examples(
            "omni receipts --since 24h --outcome failed",
            "omni receipts --class code-review --model smollm2",
            "omni receipts --format json --limit 100000 > receipts.json",
        ),
        context_settings=HELP_NAMES,
        callback=receipts,
        invoke_without_command=True,
    )
    family.command(epilog=examples("omni receipts show 3fb1c2", "omni receipts show 3fb1c2 --format json"))(show)
    app.add_typer(family, name="receipts")


def receipts(
    context: typer.Context,
    task_class: Annotated[
        str | None,
        typer.Option("--class", metavar="CLASS", help="Only tasks of this class.", show_default=False, callback=stated),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Only tasks that asked this model.", show_default=False, callback=stated),
    ] = None,
    outcome: Annotated[OutcomeName | None, typer.Option(help="Only tasks that ended so.", show_default=False)] = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, metavar="ROWS", help="Most receipts to show.")] = 50,
    output: OutputFormat = Format.TEXT,
) -> int:
    """List what became of tasks, newest first."""
    if context.invoked_subcommand is not None:
        return 0
    from datetime import UTC, datetime

    from omni_assets import settings
    from omni_assets.cli.views import receipts as view
    from omni_assets.operations.routing.remembered import receipts as run

    now = datetime.now(UTC)
    folder = settings.state_folder(settings.load())
    with streams.progress("looking for receipts"):
        found = run(folder, task_class, model, outcome and outcome.value, moment_since(since, now), limit + 1)
    shown = found[:limit]
    if output is Format.JSON:
        streams.write_json(view.receipts_document(shown))
    else:
        streams.draw(view.receipts_lines(shown, now, streams.result_width()))
    if len(found) > limit:
        streams.say(f"omni: there are more receipts than these {limit:,}; --limit shows more.")
    return 0


def show(
    receipt: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="The receipt's id, or the digits that it begins with.",
            callback=stated,
            autocompletion=completion.receipts,
        ),
    ],
    output: OutputFormat = Format.TEXT,
) -> int:
    """Tell one receipt in full.

    What was considered, every call with its checks and cost, and what it saved. Exits with 1 where the task was not
    done.
    """
    from omni_assets import settings
    from omni_assets.cli.views import receipt as view
    from omni_assets.operations.routing.remembered import receipt as run

    found = run(settings.state_folder(settings.load()), receipt)
    if output is Format.JSON:
        streams.write_json(view.remembered_document(found))
    else:
        streams.draw(view.remembered_lines(found, streams.result_width()))
    return int(found.receipt.model is None)
