"""``omni registry``, ``omni registry scan``"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import (
    HELP_NAMES,
    ContractsOption,
    EnvironmentName,
    FindingsFormat,
    FindingsOutputFormat,
    Format,
    OutputFormat,
    all_stated,
    examples,
    stated,
)

if TYPE_CHECKING:
    from omni_assets.contracts.registry import Layout, Registry
    from omni_assets.operations.context import Context
    from omni_assets.operations.registry import Place


def add_to(app: typer.Typer) -> None:
    """Add ``omni registry``, ``omni registry scan``."""
    family = typer.Typer(
        help="Write the enum of all topics; find topics in source code.",
        epilog=examples(
            "omni registry --output src/acme/topics.py",
            "omni registry --check",
            "omni registry --per-producer --output src/acme/topics",
            "omni registry scan src",
        ),
        context_settings=HELP_NAMES,
    )
    family.callback(invoke_without_command=True)(registry)
    family.command(
        epilog=examples(
            "omni registry scan .",
            "omni registry scan src services --contracts contracts",
            "omni registry scan . --format sarif > omni.sarif",
        )
    )(scan)
    app.add_typer(family, name="registry")


def registry(
    command: typer.Context,
    contracts: ContractsOption = None,
    path: Annotated[
        str | None,
        typer.Option(
            "--output",
            metavar="PATH",
            help="The module, or the folder of modules; else the settings' `registry.path`, else standard output.",
            show_default=False,
            callback=stated,
        ),
    ] = None,
    per_producer: Annotated[
        bool | None,
        typer.Option(
            "--per-producer/--one-module",
            help="A folder with a module for each producer, or one module; else the settings' `registry.per_producer`.",
            show_default=False,
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 where it is not what would be written.")
    ] = False,
    environment: EnvironmentName = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Write the registry: a module with every declared topic as the member of an enum.

    It is written only where it differs. Exits with 1 where a contract has errors, or two topics would have the same
    member.
    """
    if command.invoked_subcommand is not None:
        if contracts or path or per_producer is not None or check or environment or output is not Format.TEXT:
            raise typer.BadParameter("`omni registry scan` takes none of the options that stand before `scan`")
        return 0
    from omni_assets.contracts.registry import build
    from omni_assets.operations import registry as operation
    from omni_assets.operations.context import resolve

    context = resolve(contracts or (), environment=environment)
    place = _place(context, path, per_producer)
    if place is None and check:
        raise typer.BadParameter("no registry is named: give --output, or set `registry.path`", param_hint="'--check'")
    layout = place.layout if place is not None else _layout(per_producer)
    if place is None and layout is layout.PACKAGE:
        raise typer.BadParameter(
            "a module for each producer needs a folder: give --output", param_hint="'--per-producer'"
        )
    manifest = context.manifest()
    from omni_assets.cli.views.contract_errors import say_errors

    errors = say_errors(context, manifest)
    built = build(manifest, context.grammar(), layout)
    if place is None:
        _print(built, output)
        return int(errors or bool(built.clashes))
    if not check:
        operation.require_whole(place, manifest)
    stale = operation.stale(place, built) if check else ()
    written = None if check else operation.write(place, built)
    from omni_assets.cli.views import registry as view

    if output is Format.JSON:
        streams.write_json(view.registry_document(place, built, written, stale))
    else:
        from omni_assets.operations.excerpts import excerpt_of

        width = streams.result_width()
        streams.draw([*view.clash_lines(built, excerpt_of, width), *view.stale_lines(stale, width)])
        streams.write_line(
            view.fresh_sentence(place, built, stale)
            if written is None
            else view.written_sentence(place, built, written)
        )
    return int(errors or bool(built.clashes or stale))


def scan(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SRC...", help="Files and folders of source code.", show_default=False, callback=all_stated
        ),
    ],
    contracts: ContractsOption = None,
    environment: EnvironmentName = None,
    output: FindingsOutputFormat = FindingsFormat.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Let warnings fail the scan too.")] = False,
) -> int:
    """Find topics in source code that no contract declares.

    What .gitignore leaves out is left out. Exits with 1 where there are errors.
    """
    from omni_assets.cli.findings import show_findings
    from omni_assets.cli.views import registry as view
    from omni_assets.cli.views.contract_errors import say_errors
    from omni_assets.contracts.text import count
    from omni_assets.operations.context import resolve
    from omni_assets.operations.excerpts import excerpt_of
    from omni_assets.operations.scan import scan as look_through

    context = resolve(contracts or (), environment=environment)
    manifest = context.manifest()
    errors = say_errors(context, manifest)
    with streams.progress("looking through source code") as progress:
        found = look_through(
            context,
            manifest,
            sources,
            lambda files: progress.update(f"looking through source code: {count(files, 'file')}"),
        )
    width = streams.result_width()
    lines = {
        FindingsFormat.TEXT: lambda: view.scan_lines(found, excerpt_of, width),
        FindingsFormat.CONCISE: lambda: view.scan_heads(found, width),
    }
    show_findings(output, context, found.findings, lines, lambda: view.scan_document(found))
    return int(errors or found.fails(strict))


def _place(context: Context, path: str | None, per_producer: bool | None) -> Place | None:
    """Where the registry is: what the options name, else the settings."""
    from omni_assets.operations.registry import Place, configured

    known = configured(context.settings)
    if path is None and known is None:
        return None
    wanted = context.settings.registry.per_producer if per_producer is None else per_producer
    return Place(path or (known.path if known else ""), _layout(wanted))


def _layout(per_producer: bool | None) -> Layout:
    from omni_assets.contracts.registry import Layout

    return Layout.PACKAGE if per_producer else Layout.MODULE


def _print(built: Registry, output: Format) -> None:
    """The module on standard output, which holds nothing else; clashes are said beside it."""
    from omni_assets.cli.views import registry as view
    from omni_assets.contracts.rendering.renderers import companions, finding_head

    if output is Format.JSON:
        streams.write_json(view.registry_document(None, built, None, ()))
        return
    for clash in built.clashes:
        streams.say("\n".join([finding_head(clash), *(f"    {line}" for line in companions(clash))]))
    streams.write(built.modules[0].text)
