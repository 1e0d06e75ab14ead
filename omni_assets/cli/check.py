"""``omni check``"""

from __future__ import annotations

import time
from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import EnvironmentName, FindingsFormat, FindingsOutputFormat, Paths, examples


def add_to(app: typer.Typer) -> None:
    app.command(
        epilog=examples("omni check", "omni check services/reviewer --strict", "omni check --format sarif > omni.sarif")
    )(check)


def check(
    paths: Paths = None,
    environment: EnvironmentName = None,
    output: FindingsOutputFormat = FindingsFormat.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail the check too.")] = False,
) -> int:
    """List what is wrong with contracts.

    Grammar, forms, settings and conflicts, each with a code, a place and a fix. Exits with 1 where there are errors.
    """
    from omni_assets.cli.views import findings as view
    from omni_assets.operations.context import resolve

    started = time.monotonic()
    manifest = resolve(paths or (), environment=environment).manifest()
    if output is FindingsFormat.TEXT:
        streams.draw(view.finding_lines(manifest, time.monotonic() - started))
    elif output is FindingsFormat.GITHUB:
        streams.write(view.github(manifest))
    else:
        streams.write_json(view.DOCUMENTS[output](manifest))
    return int(view.fails(manifest, strict))
