"""``omni demo``"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from omni_assets.cli import streams
from omni_assets.cli.options import Format, OutputFormat, examples

if TYPE_CHECKING:
    from omni_assets.operations.demo.story import Chapter, Scene


def add_to(app: typer.Typer) -> None:
    """Add ``omni demo``."""
    app.command(epilog=examples("omni demo", "omni demo --chapter silence"))(demo)


def demo(
    chapters: Annotated[
        list[str] | None,
        typer.Option("--chapter", metavar="NAME", help="Tell this chapter only; may be repeated.", show_default=False),
    ] = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Tell the story on an embedded broker, in a minute.

    It ends by itself and leaves nothing running. Exits with 1 where the story did not come out as told.
    """
    from omni_assets.cli.views.story import chapter_document
    from omni_assets.operations.demo.chapters import CHAPTERS

    known = {chapter.name: chapter for chapter in CHAPTERS}
    for name in chapters or ():
        if name not in known:
            raise typer.BadParameter(f"there is no chapter `{name}`; there are {', '.join(known)}.")
    started = time.monotonic()
    told: list[dict[str, Any]] = []
    for chapter in [known[name] for name in dict.fromkeys(chapters or known)]:
        if output is Format.TEXT:
            streams.write_line(chapter.title)
        told.append(chapter_document(chapter, list(_shown(chapter, output))))
    as_told = all(chapter["as_told"] for chapter in told)
    seconds = time.monotonic() - started
    if output is Format.JSON:
        streams.write_json({"chapters": told, "as_told": as_told, "seconds": seconds})
    else:
        verdict = "The story came out as told" if as_told else "The story did not come out as told"
        streams.write(f"{verdict} ({seconds:.1f} s); nothing is left running.")
    return int(not as_told)


def _shown(chapter: Chapter, output: Format) -> Iterator[Scene]:
    """The scenes of a chapter, each drawn when it comes: on a terminal a spinner fills the time in between."""
    from omni_assets.cli.views.story import scene_lines
    from omni_assets.operations.demo.stage import set_stage

    with ExitStack() as stack:
        with streams.progress("starting a broker"):
            stage = stack.enter_context(set_stage())
            scenes = chapter.tell(stage)
        while True:
            with streams.progress("telling the story"):
                scene = next(scenes, None)
            if scene is None:
                return
            if output is Format.TEXT:
                streams.draw(scene_lines(scene, streams.result_width()))
            yield scene
