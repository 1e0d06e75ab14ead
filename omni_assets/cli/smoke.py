"""``omni smoke``"""

from __future__ import annotations

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import Format, OutputFormat, Paths, examples


def add_to(app: typer.Typer) -> None:
    """Add ``omni smoke``."""
    app.command(epilog=examples("omni smoke", "omni smoke contracts/echo contracts/console --format json"))(smoke)


def smoke(paths: Paths = None, output: OutputFormat = Format.TEXT) -> int:
    """Try everything that is declared, on a broker of its own.

    Each topic has to take a record and give it back, and each function in Python to do the examples of what it
    subscribes. Exits with 1 where one does not, or a contract has errors.
    """
    from omni_assets.cli.aside import printed_aside
    from omni_assets.cli.views.contract_errors import say_errors
    from omni_assets.cli.views.smoke import smoke_document, smoke_lines
    from omni_assets.operations.agents.smoke import smoke as run
    from omni_assets.operations.context import resolve

    context = resolve(paths or ())
    errors = say_errors(context, context.manifest())
    with streams.progress("trying what is declared"), printed_aside():
        smoked = run(paths or ())
    if output is Format.JSON:
        streams.write_json(smoke_document(smoked))
    else:
        streams.draw(smoke_lines(smoked, streams.result_width()))
    return int(errors or not smoked.clean)
