"""``omni wiring``"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import EnvironmentName, Paths, examples, stated


class WiringFormat(StrEnum):
    """How the graph is written: for people, for Graphviz, for Markdown, for programs."""

    TEXT = "text"
    DOT = "dot"
    MERMAID = "mermaid"
    JSON = "json"


def add_to(app: typer.Typer) -> None:
    """Add ``omni wiring``."""
    app.command(
        epilog=examples(
            "omni wiring",
            "omni wiring --format dot | dot -Tsvg > wiring.svg",
            "omni wiring --around router --format mermaid",
            "omni wiring --strict --format json",
        )
    )(wiring)


def wiring(
    paths: Paths = None,
    environment: EnvironmentName = None,
    around: Annotated[
        str | None,
        typer.Option(
            "--around",
            metavar="NAME",
            help="Only what has this node or topic at one end.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail the command too.")] = False,
    output: Annotated[
        WiringFormat, typer.Option("--format", help="How the graph is written on standard output.")
    ] = WiringFormat.TEXT,
) -> int:
    """Draw who feeds whom.

    Every topic with its publishers and subscribers, near misses, cycles and dead ends. Exits with 1 where a contract
    or the wiring has errors.
    """
    from omni_assets.cli.views import wiring as view
    from omni_assets.cli.views.contract_errors import say_how_many
    from omni_assets.contracts.wiring import drawings
    from omni_assets.operations.context import resolve
    from omni_assets.operations.wiring import connections

    context = resolve(paths or (), environment=environment)
    found = connections(context, around)
    fails = say_how_many(found.findings, strict)
    if output is WiringFormat.JSON:
        streams.write_json(view.wiring_document(found))
    elif output is WiringFormat.TEXT:
        streams.draw(view.wiring_lines(found, streams.result_width()))
    else:
        draw = {WiringFormat.DOT: drawings.dot, WiringFormat.MERMAID: drawings.mermaid}[output]
        streams.write(draw(found.wiring, found.near))
    return int(fails)
