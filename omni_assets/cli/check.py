"""``omni check``"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import (
    CheckFormat,
    CheckOutputFormat,
    EnvironmentName,
    FindingsFormat,
    Paths,
    examples,
    rules_stated,
    stated,
)

if TYPE_CHECKING:
    from omni_assets.contracts.judging.report import Report
    from omni_assets.operations.changes import Comparison
    from omni_assets.operations.check import Scope, WrittenBaseline
    from omni_assets.operations.context import Context
    from omni_assets.operations.judging import Choice


def add_to(app: typer.Typer) -> None:
    """Add ``omni check``."""
    app.command(
        epilog=examples(
            "omni check",
            "omni check services/reviewer --strict",
            "omni check --select OM2 --ignore no-subscriber",
            "omni check --format sarif > omni.sarif",
            "omni check --against origin/main --format markdown",
        )
    )(check)


def check(
    paths: Paths = None,
    environment: EnvironmentName = None,
    output: CheckOutputFormat = CheckFormat.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail the check too.")] = False,
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select",
            metavar="RULES",
            help="Only these rules: codes, prefixes (OM2) or names, by commas; instead of the settings' `select`.",
            show_default=False,
            callback=rules_stated,
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore",
            metavar="RULES",
            help="Without these rules, besides the settings' `ignore`.",
            show_default=False,
            callback=rules_stated,
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="FILE",
            help="Be silent on the findings that this file knows; else the settings' `check.baseline`.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
    write_baseline: Annotated[
        bool, typer.Option("--write-baseline", help="Write the errors and warnings of now into the baseline.")
    ] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="First mend what needs no decision: the registry is written anew.")
    ] = False,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="REF",
            help="Instead, list what changed since a Git revision, and whom it would hurt.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
) -> int:
    """List what is wrong with contracts.

    Names, forms, settings, wiring and near misses, each with a code, a place and a fix. Exits with 1 where there are
    errors.
    """
    if against is None and output is CheckFormat.MARKDOWN:
        raise typer.BadParameter("markdown is how changes are written, with --against", param_hint="--format")
    if against is not None and (fix or write_baseline):
        raise typer.BadParameter("it goes with neither --fix nor --write-baseline", param_hint="--against")
    from omni_assets.contracts.text import visible
    from omni_assets.operations import check as checking
    from omni_assets.operations.context import resolve
    from omni_assets.operations.judging import Choice

    scope = checking.scope(resolve(environment=environment), paths or ())
    choice = Choice(tuple(select or ()), tuple(ignore or ()), baseline)
    if against is not None:
        return _against(against, scope, choice, output, strict)
    if fix:
        for path in checking.fix(scope):
            streams.say(visible(f"omni: wrote {path} anew."))
    if write_baseline:
        streams.say(_written(checking.start_baseline(scope, choice)))
        return 0
    report = checking.check(scope, choice)
    _show(report, FindingsFormat(output.value), scope.context)
    return int(report.fails(strict))


def _against(revision: str, scope: Scope, choice: Choice, output: CheckFormat, strict: bool) -> int:
    from omni_assets.operations.changes import compare_with

    comparison = compare_with(scope, revision, choice)
    _show_changes(comparison, output, scope.context)
    return int(comparison.report.fails(strict))


def _written(baseline: WrittenBaseline) -> str:
    from omni_assets.contracts.text import count, visible

    said = f"omni: wrote {count(baseline.findings, 'finding')} to {visible(baseline.path)}."
    if baseline.in_settings:
        return said
    return f"{said}\n      Name it as `check.baseline` in the settings, so that every run counts new ones only."


def _show(report: Report, output: FindingsFormat, context: Context) -> None:
    from omni_assets.cli.findings import show_findings
    from omni_assets.cli.views import findings as view
    from omni_assets.contracts.rendering.renderers import check_document
    from omni_assets.operations.excerpts import excerpt_of

    width = streams.result_width()
    lines = {
        FindingsFormat.TEXT: lambda: view.finding_lines(report, excerpt_of, width),
        FindingsFormat.CONCISE: lambda: view.concise_lines(report, width),
    }
    show_findings(output, context, report.findings, lines, lambda: check_document(report))


def _show_changes(comparison: Comparison, output: CheckFormat, context: Context) -> None:
    from omni_assets.cli.views import changes as view
    from omni_assets.cli.views.changes_markdown import markdown

    if output is CheckFormat.TEXT:
        streams.draw(view.change_lines(comparison, streams.result_width()))
    elif output is CheckFormat.JSON:
        streams.write_json(view.document(comparison))
    elif output is CheckFormat.MARKDOWN:
        streams.write(markdown(comparison))
    else:
        _show(comparison.report, FindingsFormat(output.value), context)
