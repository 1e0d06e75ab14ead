"""The commands of ``omni task``, in the order in which ``--help`` lists them."""

from __future__ import annotations

import typer

from omni_assets.cli.options import HELP_NAMES, examples, help_when_alone
from omni_assets.cli.tasks import approval, dead_letters, listing, replay, show, submit

_COMMANDS = (submit, listing, show, replay, approval, dead_letters)


def add_to(app: typer.Typer) -> None:
    """Add ``omni task`` with its commands."""
    family = typer.Typer(
        help="Give tasks to agents.",
        epilog=examples("omni task submit tasks.jsonl"),
        context_settings=HELP_NAMES,
        callback=help_when_alone,
        invoke_without_command=True,
    )
    for command in _COMMANDS:
        command.add_to(family)
    app.add_typer(family, name="task")
