"""``omni import asyncapi``"""

from __future__ import annotations

from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.importing.options import DraftFolder
from omni_assets.cli.options import EnvironmentName, Format, OutputFormat, examples


def add_to(family: typer.Typer) -> None:
    """Add ``omni import asyncapi``."""
    family.command(
        epilog=examples(
            "omni import asyncapi asyncapi.yaml --dry-run",
            "omni import asyncapi asyncapi.json --out drafts",
            "omni import asyncapi asyncapi.yaml --format json | jq .left_out",
        )
    )(asyncapi)


def asyncapi(
    file: Annotated[str, typer.Argument(metavar="FILE", help="An AsyncAPI 3 document, YAML or JSON.")],
    folder: DraftFolder = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing: say what would be.")] = False,
    environment: EnvironmentName = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Draft contracts for the topics of an AsyncAPI document that no contract declares.

    Nothing is fetched from elsewhere, and no file is written over. Exits with 1 where something of the document, or a
    draft, is left out.
    """
    from omni_assets.cli.views import importing_asyncapi as view
    from omni_assets.operations.context import resolve
    from omni_assets.operations.importing.asyncapi import prepare, write

    found = prepare(resolve(environment=environment), file, folder)
    width = streams.result_width()
    if output is Format.TEXT:
        streams.draw(view.left_out_lines(found, width))
    if not dry_run:
        found = write(found)
    if output is Format.JSON:
        streams.write_json(view.document(found))
    else:
        streams.draw(view.lines(found, width))
    return int(not found.clean)
