"""The commands of ``omni migrate``, in the order in which ``--help`` lists them."""

from __future__ import annotations

import typer

from omni_assets.cli.migrating import redis_streams
from omni_assets.cli.options import HELP_NAMES, examples, help_when_alone

_COMMANDS = (redis_streams,)


def add_to(app: typer.Typer) -> None:
    """Add ``omni migrate`` with its commands."""
    family = typer.Typer(
        help="Bring records from elsewhere to topics.",
        epilog=examples("omni migrate redis-streams orders --to onex.evt.shop.order-placed.v1 --dry-run"),
        context_settings=HELP_NAMES,
        callback=help_when_alone,
        invoke_without_command=True,
    )
    for command in _COMMANDS:
        command.add_to(family)
    app.add_typer(family, name="migrate")
