"""``omni retire``"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import BootstrapServers, EnvironmentName, Format, OutputFormat, Paths, examples, stated

if TYPE_CHECKING:
    from omni_assets.operations.context import Context


def add_to(app: typer.Typer) -> None:
    """Add ``omni retire``."""
    app.command(
        epilog=examples(
            "omni retire onex.evt.router.routing-done.v1 --renamed-to onex.evt.router.routing-complete.v1",
            "omni retire --list",
            "omni retire onex.evt.router.routing-done.v1 --delete --approve",
        )
    )(retire)


def retire(
    topic: Annotated[
        str | None, typer.Argument(metavar="TOPIC", help="The topic that ends.", callback=stated, show_default=False)
    ] = None,
    paths: Paths = None,
    renamed_to: Annotated[
        str | None,
        typer.Option(
            "--renamed-to",
            metavar="TOPIC",
            help="The declared topic that takes its place.",
            callback=stated,
            show_default=False,
        ),
    ] = None,
    quiet_for: Annotated[
        str | None,
        typer.Option(
            "--quiet-for",
            metavar="DURATION",
            help="How long no record must have come, such as 12h; else reconcile.silent_after, else 1d.",
            callback=stated,
            show_default=False,
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="Show what is being retired, as it stood last; asks no broker.")
    ] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="No longer retire it.")] = False,
    delete: Annotated[bool, typer.Option("--delete", help="Delete it, where nothing else is left to do.")] = False,
    approve: Annotated[bool, typer.Option("--approve", help="With --delete: really delete it.")] = False,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Rename or end a topic, step by step, with a proof for each.

    Looks where it stands and says what is to be done next. Exits with 1 while something is left.
    """
    from omni_assets.operations.context import resolve

    if (topic is None) is not listed:
        raise typer.BadParameter("name the TOPIC that ends, or say --list, and not both", param_hint="'TOPIC'")
    if sum((listed, cancel, delete)) > 1:
        raise typer.BadParameter("say one of --list, --cancel and --delete")
    if approve and not delete:
        raise typer.BadParameter("it approves --delete, which was not said", param_hint="'--approve'")
    context = resolve(paths or (), environment=environment, bootstrap_servers=bootstrap_servers)
    if topic is None:
        return _list(context, output)
    if cancel:
        return _cancel(context, topic, output)
    return _look(context, topic, renamed_to, _duration(quiet_for), delete and approve, output)


def _list(context: Context, output: Format) -> int:
    from omni_assets.cli.views import retirement as view
    from omni_assets.operations.retire import retirements

    found = retirements(context)
    if output is Format.JSON:
        streams.write_json({"retirements": [view.document(each) for each in found]})
    else:
        streams.draw(view.list_lines(found, streams.result_width()))
    return int(any(view.under_way(each) for each in found))


def _cancel(context: Context, topic: str, output: Format) -> int:
    from omni_assets.operations.retire import cancel

    cancel(context, topic)
    if output is Format.JSON:
        streams.write_json({"topic": topic, "cancelled": True})
    else:
        streams.write_line(f"{topic} is no longer retired")
    return 0


def _look(
    context: Context, topic: str, renamed_to: str | None, quiet_for: timedelta | None, delete: bool, output: Format
) -> int:
    from omni_assets.cli.views import retirement as view
    from omni_assets.cli.views.contract_errors import say_errors
    from omni_assets.operations.retire import delete as end
    from omni_assets.operations.retire import retire as run

    manifest = context.manifest()
    errors = say_errors(context, manifest)
    with streams.progress(f"observing {context.bootstrap_servers}"):
        if delete:
            found, applied = end(context, manifest, topic)
        else:
            found, applied = run(context, manifest, topic, renamed_to or "", quiet_for), None
    if output is Format.JSON:
        streams.write_json(view.document(found, applied))
    else:
        streams.draw(view.retirement_lines(found, applied, streams.result_width()))
    return int(errors or view.under_way(found))


def _duration(text: str | None) -> timedelta | None:
    from omni_assets.contracts.values import InvalidValue, duration

    if text is None:
        return None
    try:
        milliseconds = int(duration(text))
    except InvalidValue as why:
        raise typer.BadParameter(str(why), param_hint="'--quiet-for'") from None
    if not 0 < milliseconds <= _LONGEST_MS:
        raise typer.BadParameter("it is not between 1 ms and 10 years", param_hint="'--quiet-for'")
    return timedelta(milliseconds=milliseconds)


_LONGEST_MS = 10 * 365 * 86_400_000
