"""``omni rule``: what a code stands for."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import examples, stated

if TYPE_CHECKING:
    from omni_assets.contracts.model import Rule


class PageFormat(StrEnum):
    """How a page is written: for people, for programs, or as it stands in docs/rules."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


Output = Annotated[PageFormat, typer.Option("--format", help="How the page is written on standard output.")]


def add_to(app: typer.Typer) -> None:
    """Add ``omni rule``."""
    app.command(
        epilog=examples("omni rule", "omni rule OM203", "omni rule near-miss --format markdown"),
    )(rule)


def _named(code: str | None) -> str | None:
    from omni_assets.contracts.rules.names import UnknownRule, rule_named

    if stated(code) is not None:
        try:
            rule_named(str(code))
        except UnknownRule as error:
            raise typer.BadParameter(str(error)) from None
    return code


Code = Annotated[
    str | None,
    typer.Argument(
        metavar="CODE",
        help="A code (OM203) or a name (near-miss); without one, all rules are listed.",
        show_default=False,
        callback=_named,
    ),
]


def rule(
    code: Code = None,
    output: Output = PageFormat.TEXT,
    write: Annotated[
        str | None,
        typer.Option(
            "--write",
            metavar="FOLDER",
            help="Write the page of every rule into this folder, as Markdown.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
) -> int:
    """Explain a rule of `omni check`.

    What it means, why it matters, an example, the same mended, and how to exempt it.
    """
    if write is not None:
        from omni_assets.contracts.rules.pages import pages
        from omni_assets.contracts.text import count
        from omni_assets.operations.pages import write_pages

        streams.say(f"omni: wrote {count(write_pages(write, pages()), 'page')} that differed.")
        return 0
    show(code, output)
    return 0


def show(code: str | None, output: PageFormat) -> None:
    """Write the page of a rule, or the list of all."""
    from omni_assets.cli.views import rule as view
    from omni_assets.contracts.rules import RULES
    from omni_assets.contracts.rules import pages as rule_pages
    from omni_assets.contracts.rules.names import rule_named

    chosen: Rule | None = rule_named(code) if code is not None else None
    width = streams.result_width()
    if output is PageFormat.TEXT:
        streams.draw(view.rule_lines(chosen, width) if chosen else view.table_lines(RULES, width))
    elif output is PageFormat.MARKDOWN:
        streams.write(rule_pages.page(chosen) if chosen else rule_pages.table())
    else:
        document = rule_pages.rule_document
        streams.write_json(document(chosen) if chosen else {"rules": [document(each) for each in RULES]})
