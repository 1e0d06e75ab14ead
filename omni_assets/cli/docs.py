"""``omni docs``: what a code or a gate stands for."""

from __future__ import annotations

from typing import Annotated

import typer

from omni_assets.cli import rule, streams
from omni_assets.cli.options import examples, stated
from omni_assets.cli.rule import Output, PageFormat


def add_to(app: typer.Typer) -> None:
    """Add ``omni docs``."""
    app.command(epilog=examples("omni docs OM203", "omni docs not-empty", "omni docs --write docs/gates"))(docs)


def _named(code: str | None) -> str | None:
    from omni_assets.contracts.rules.names import UnknownRule, rule_named

    if stated(code) is None:
        return code
    try:
        rule_named(str(code))
    except UnknownRule as no_rule:
        from omni_assets.router.gates.table import UnknownGate, gate_named

        try:
            gate_named(str(code))
        except UnknownGate as no_gate:
            told = no_gate if no_gate.near and not no_rule.near else no_rule
            raise typer.BadParameter(str(told).replace("there is no rule ", "there is no rule or gate ")) from None
    return code


def docs(
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="CODE",
            help="A code (OM203), or the name of a rule (near-miss) or a gate (not-empty); all are listed without.",
            show_default=False,
            callback=_named,
        ),
    ] = None,
    output: Output = PageFormat.TEXT,
    write: Annotated[
        str | None,
        typer.Option(
            "--write",
            metavar="FOLDER",
            help="Write the page of every gate that is built in into this folder, as Markdown.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
) -> int:
    """Explain a code that omni printed, or a gate.

    A code is explained as by `omni rule`. Of a gate: what it looks at, its parameters, and an output that passes it and
    one that fails it.
    """
    if write is not None:
        from omni_assets.contracts.text import count
        from omni_assets.operations.pages import write_pages
        from omni_assets.router.gates.pages import pages

        streams.say(f"omni: wrote {count(write_pages(write, pages()), 'page')} that differed.")
    elif code is None:
        _list(output)
    elif _is_rule(code):
        rule.show(code, output)
    else:
        _show(code, output)
    return 0


def _is_rule(code: str) -> bool:
    from omni_assets.contracts.rules.names import UnknownRule, rule_named

    try:
        rule_named(code)
    except UnknownRule:
        return False
    return True


def _list(output: PageFormat) -> None:
    from omni_assets.cli.views import gate as view
    from omni_assets.cli.views import rule as rule_view
    from omni_assets.contracts.rules import RULES
    from omni_assets.contracts.rules import pages as rule_pages
    from omni_assets.router.gates import pages
    from omni_assets.router.gates.table import every_gate

    gates, width = every_gate().values(), streams.result_width()
    if output is PageFormat.TEXT:
        streams.draw([*rule_view.table_lines(RULES, width), [], *view.table_lines(gates, width)])
    elif output is PageFormat.MARKDOWN:
        streams.write(f"{rule_pages.table()}\n{pages.table(gates)}")
    else:
        rules = [rule_pages.rule_document(each) for each in RULES]
        streams.write_json({"rules": rules, "gates": [pages.gate_document(each) for each in gates]})


def _show(name: str, output: PageFormat) -> None:
    from omni_assets.cli.views import gate as view
    from omni_assets.router.gates import pages
    from omni_assets.router.gates.table import gate_named

    gate = gate_named(name)
    if output is PageFormat.TEXT:
        streams.draw(view.gate_lines(gate, streams.result_width()))
    elif output is PageFormat.MARKDOWN:
        streams.write(pages.page(gate))
    else:
        streams.write_json(pages.gate_document(gate))
