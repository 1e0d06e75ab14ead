"""``omni savings``"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import Format, OutputFormat, Since, examples, moment_since


class ByName(StrEnum):
    """What tasks are told apart by."""

    CLASS = "class"
    MODEL = "model"
    DAY = "day"


def add_to(app: typer.Typer) -> None:
    """Add ``omni savings``."""
    app.command(epilog=examples("omni savings", "omni savings --by class --since 7d", "omni savings --format json"))(
        savings
    )


def savings(
    by: Annotated[
        ByName | None,
        typer.Option(help="A row for each class, model that answered, or day (UTC), too.", show_default=False),
    ] = None,
    since: Since = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Add up what tasks cost and saved.

    The local share of tokens, what was spent, what the baseline would have cost beyond that, how often a task
    escalated, and how often an audit found an accepted answer wrong. What is not known is said to be so.
    """
    from datetime import UTC, datetime

    from omni_assets import settings
    from omni_assets.cli.views import savings as view
    from omni_assets.operations.routing.savings import By
    from omni_assets.operations.routing.savings import savings as run

    folder = settings.state_folder(settings.load())
    with streams.progress("adding up receipts"):
        found = run(folder, By(by.value) if by else None, moment_since(since, datetime.now(UTC)))
    if output is Format.JSON:
        streams.write_json(view.savings_document(found))
    else:
        streams.draw(view.savings_lines(found, streams.result_width()))
    return 0
