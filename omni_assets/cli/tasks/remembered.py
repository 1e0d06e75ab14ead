"""What the commands share that show tasks: they are remembered as of what the ledger had when it was looked at last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from omni_assets.cli import streams

if TYPE_CHECKING:
    from omni_assets.operations.context import Context

Stored = Annotated[
    bool, typer.Option("--stored", help="Ask no broker: show what was projected before.", show_default=False)
]


def catch_up(context: Context) -> None:
    """Project what the ledger has by now, and say where that cannot be."""
    from omni_assets.operations.agents.tasks import caught_up

    with streams.progress("looking at the ledger"):
        trouble = caught_up(context)
    if trouble is not None:
        streams.say(f"omni: shown as it was projected last: {trouble}")
