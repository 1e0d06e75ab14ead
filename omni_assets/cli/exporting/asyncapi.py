"""``omni export asyncapi``"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import EnvironmentName, Paths, examples, stated


class DocumentFormat(StrEnum):
    """How the document is written."""

    YAML = "yaml"
    JSON = "json"


def add_to(family: typer.Typer) -> None:
    """Add ``omni export asyncapi``."""
    family.command(
        epilog=examples(
            "omni export asyncapi -o asyncapi.yaml",
            "omni export asyncapi contracts/router --title Router",
            "omni export asyncapi --format json | jq .channels",
        )
    )(asyncapi)


def asyncapi(
    paths: Paths = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where it is written, whole; else standard output.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
    title: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="The document's title; else Topics.", show_default=False, callback=stated),
    ] = None,
    version: Annotated[
        str | None,
        typer.Option(
            "--api-version",
            metavar="TEXT",
            help="The version of what it describes; else 1.0.0.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
    environment: EnvironmentName = None,
    output: Annotated[
        DocumentFormat | None,
        typer.Option(
            "--format",
            help="How the document is written; else as FILE is called, else yaml.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Write the contracts as an AsyncAPI 3.0 document.

    A channel for each topic with its Kafka bindings and the schema of its records, an operation for each node at its
    ends. The same contracts give the same bytes. Exits with 1 where a contract has errors.
    """
    from omni_assets.cli.views.contract_errors import say_errors
    from omni_assets.contracts.asyncapi.writing import UNTITLED, About, Notation
    from omni_assets.contracts.text import count, visible
    from omni_assets.operations.context import resolve
    from omni_assets.operations.exporting.asyncapi import describe, write

    context = resolve(paths or (), environment=environment)
    manifest = context.manifest()
    errors = say_errors(context, manifest)
    about = About(title or UNTITLED.title, version or UNTITLED.version)
    described = describe(manifest, Notation(output or _format_of(file)), about)
    for topic, flaw in described.lacking:
        streams.say(visible(f"omni: the schema of `{topic}` is left out: {flaw}."))
    if file is None:
        streams.write(described.text)
        return int(errors)
    write(file, described.text)
    operations, nodes = count(described.operations, "operation"), count(described.nodes, "node")
    streams.write_line(f"wrote {file}: {count(described.topics, 'topic')}, {operations} of {nodes}")
    return int(errors)


def _format_of(file: str | None) -> DocumentFormat:
    return DocumentFormat.JSON if file is not None and file.lower().endswith(".json") else DocumentFormat.YAML
