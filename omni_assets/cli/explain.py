"""``omni explain``"""

from __future__ import annotations

from typing import Annotated

import typer

from omni_assets.cli import completion, streams
from omni_assets.cli.options import EnvironmentName, Format, OutputFormat, Paths, examples, stated


def add_to(app: typer.Typer) -> None:
    """Add ``omni explain``."""
    app.command(
        epilog=examples(
            "omni explain onex.evt.router.routing-complete.v1",
            "omni explain onex.evt.router.routing_complete.v1 services --format json",
        )
    )(explain)


def explain(
    topic: Annotated[
        str,
        typer.Argument(metavar="TOPIC", help="The name of a topic.", callback=stated, autocompletion=completion.topics),
    ],
    paths: Paths = None,
    environment: EnvironmentName = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Tell everything that is known about one topic.

    Who publishes and subscribes it and where, its settings, findings, near names, and its drift when it was last
    observed. Exits with 1 where no contract declares it, or it has errors.
    """
    from omni_assets.cli.views import explanation as view
    from omni_assets.operations.context import resolve
    from omni_assets.operations.explain import explain as run

    found = run(resolve(paths or (), environment=environment), topic)
    if output is Format.JSON:
        streams.write_json(view.explanation_document(found))
    else:
        streams.draw(view.explanation_lines(found, streams.result_width()))
    return int(view.fails(found))
