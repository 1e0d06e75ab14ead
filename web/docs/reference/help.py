"""What `omni COMMAND --help` prints, for every command."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from omni_assets.cli.main import app
from web.docs.reference.markdown import fenced, page

WIDTH = 100

_BEGINNING = """\
# The help of every command

What `omni COMMAND --help` prints. [Commands](../commands.md) says more of each: what it exits with, and what stands in
its JSON.
"""


def help_page() -> str:
    """The page, as Markdown."""
    return page([_BEGINNING, *_sections()])


def _sections() -> Iterator[str]:
    yield from _told("omni", typer.main.get_command(app), None)


def _told(name: str, command: Any, parent: typer.Context | None) -> Iterator[str]:
    """A section for a command, then one for each below it."""
    bounds = {"terminal_width": WIDTH, "max_content_width": WIDTH}
    context = typer.Context(command, parent=parent, info_name=name, **{**command.context_settings, **bounds})
    yield from (f"## `{context.command_path}`", "", *fenced("text", command.get_help(context)))
    for below, child in getattr(command, "commands", {}).items():
        yield from _told(below, child, context)
