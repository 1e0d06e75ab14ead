"""How a command that could not run says so: one sentence and the way out, on standard error."""

from __future__ import annotations

import os
import sys
import textwrap

from omni_assets.cli.streams import say, width

PREFIX = "omni: "
_INDENT = " " * len(PREFIX)


def failure_text(message: str, remedy: str = "", width: int | None = None) -> str:
    """``omni: message`` and the indented remedy, wrapped between words where there is a width."""
    from omni_assets.contracts.renderers import visible

    lines: list[str] = []
    for prefix, text in ((PREFIX, message), (_INDENT, remedy)):
        safe = visible(text)
        if not safe:
            continue
        lines += (
            [prefix + safe]
            if width is None
            else textwrap.wrap(
                safe,
                max(width, len(PREFIX) + 20),
                initial_indent=prefix,
                subsequent_indent=_INDENT,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    return "\n".join(lines)


def report(message: str, remedy: str = "") -> None:
    """Say on standard error what failed, and the way out."""
    if os.environ.get("OMNI_DEBUG"):
        import traceback

        say(traceback.format_exc())
    say(failure_text(message, remedy, width(sys.stderr)))
