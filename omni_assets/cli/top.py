"""``omni top``"""

from __future__ import annotations

import json
from concurrent.futures import wait
from time import monotonic, sleep
from typing import TYPE_CHECKING, Annotated

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import (
    COULD_NOT_RUN,
    BootstrapServers,
    EnvironmentName,
    Format,
    OutputFormat,
    Paths,
    examples,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from omni_assets.cli.screen import Size
    from omni_assets.cli.tables import Line
    from omni_assets.operations.top import Frame

    Draw = Callable[[Frame, int, int | None], list[Line]]

_SECONDS = 2.0
_POLL_SECONDS = 0.1
_GRACE_SECONDS = 6.0  # a little longer than a broker is waited for that does not answer
_PLAIN_WIDTH = 120
_ENDS = frozenset("qQ\x04")


def add_to(app: typer.Typer) -> None:
    """Add ``omni top``."""
    app.command(
        epilog=examples("omni top", "omni top --once", "omni top --format json --interval 10 | jq .bus.open"),
    )(top)


def top(
    paths: Paths = None,
    interval: Annotated[
        float | None,
        typer.Option(
            min=0.5,
            max=3_600,
            metavar="SECONDS",
            help=f"How long after a look the next one begins; {_SECONDS:g} where nothing is said.",
            show_default=False,
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Show one frame; so it is where nobody watches.")] = False,
    environment: EnvironmentName = None,
    bootstrap_servers: BootstrapServers = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Show what goes on, live.

    Lag, workers, tasks, drift, spend, escalations, dead letters and approvals; q leaves. With --format json it is one
    document, or with --interval one on each line until it is ended. Looking moves nothing. Exits with 2 where one frame
    was to be shown, and something could not be seen.
    """
    from omni_assets.cli.screen import can_be_drawn_on
    from omni_assets.cli.views import top as view
    from omni_assets.operations import top as operation
    from omni_assets.operations.context import resolve

    context = resolve(paths or (), environment=environment, bootstrap_servers=bootstrap_servers)
    manifest = context.manifest()
    where = (context.environment, context.bootstrap_servers)

    def frame(before: Frame | None = None) -> Frame:
        return operation.frame(operation.look(context, manifest), before)

    def lines(shown: Frame, width: int, height: int | None) -> list[Line]:
        return view.frame_lines(shown, *where, width, height)

    pause = _SECONDS if interval is None else interval
    if output is Format.JSON and interval is not None and not once:
        _tell(frame, lambda shown: json.dumps(view.frame_document(shown, *where)), pause)
        return 0
    if output is Format.TEXT and not once and can_be_drawn_on():
        _watch(frame, lines, pause)
        return 0
    with streams.progress(f"looking at {context.bootstrap_servers}"):
        seen = frame()
    if output is Format.JSON:
        streams.write_json(view.frame_document(seen, *where))
    else:
        streams.draw(lines(seen, streams.result_width() or _PLAIN_WIDTH, None))
    return COULD_NOT_RUN if seen.trouble else 0


def _tell(frame: Callable[[Frame | None], Frame], words: Callable[[Frame], str], pause: float) -> None:
    """A line for each look, for as long as anybody reads."""
    seen = frame(None)
    while streams.write(words(seen)):
        sleep(pause)
        seen = frame(seen)


def _watch(frame: Callable[[Frame | None], Frame], lines: Draw, pause: float) -> None:
    """Frames until somebody has enough. A look that takes its time holds up no frame and no key."""
    from omni_assets.agents.daemons import Daemons
    from omni_assets.cli.screen import keys, screen

    looks = Daemons()
    looking = looks.submit(frame, None)
    try:
        with screen() as shown, keys() as typed:
            shown.show([[("looking; q leaves", "dim")]])
            seen: Frame | None = None
            due: float | None = None
            drawn: Size | None = None
            while not _ENDS & set(typed.pressed(_POLL_SECONDS)):
                if due is None and looking.done():
                    seen, due, drawn = looking.result(), monotonic() + pause, None
                if due is not None and monotonic() >= due:
                    looking, due = looks.submit(frame, seen), None
                if seen is not None and drawn != shown.size:
                    drawn = shown.size
                    shown.show(lines(seen, *drawn))
    finally:
        # An interpreter that ends while a thread is within DuckDB says that something leaked.
        wait([looking], _GRACE_SECONDS)
