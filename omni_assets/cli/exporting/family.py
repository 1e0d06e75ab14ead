"""The commands of ``omni export``, in the order in which ``--help`` lists them."""

from __future__ import annotations

import typer

from omni_assets.cli.exporting import asyncapi, tables
from omni_assets.cli.options import HELP_NAMES, examples, help_when_alone

_COMMANDS = (asyncapi, tables)


def add_to(app: typer.Typer) -> None:
    """Add ``omni export`` and its commands."""
    family = typer.Typer(
        help="Write contracts and tables for other programs.",
        epilog=examples("omni export asyncapi -o asyncapi.yaml", "omni export tables --format csv -o tables"),
        context_settings=HELP_NAMES,
        callback=help_when_alone,
        invoke_without_command=True,
    )
    for command in _COMMANDS:
        command.add_to(family)
    app.add_typer(family, name="export")
