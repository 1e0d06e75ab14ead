"""``omni init``"""

from __future__ import annotations

from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import Format, OutputFormat, examples


def add_to(app: typer.Typer) -> None:
    """Add ``omni init``."""
    app.command(epilog=examples("omni init --dry-run", "omni init", "omni init --format json"))(init)


def init(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")] = False,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Begin a project here, or adopt one.

    Writes settings, a first contract where there is none, and what has it checked from then on: a CI job, a hook, a
    baseline of what is wrong now. No file that is there is changed. Exits with 1 where errors count still.
    """
    import os

    from omni_assets.cli.views.scaffold import begun_document, begun_lines
    from omni_assets.contracts.text import visible
    from omni_assets.operations.context import resolve
    from omni_assets.operations.scaffold.init import begin, foretell

    context = resolve()
    if not os.path.samefile(context.settings.root, "."):
        streams.say(visible(f"omni: the settings that hold here are those of {context.settings.root}."))
    with streams.progress(f"reading contracts in {context.settings.root}"):
        begun = foretell(context) if dry_run else begin(context)
    if output is Format.JSON:
        streams.write_json(begun_document(begun, dry_run))
    else:
        streams.draw(begun_lines(begun, dry_run, streams.result_width()))
    return int(begun.errors > 0)
