"""How a command that could not run says so: one sentence and the way out, on standard error."""

from __future__ import annotations

import logging
import os
import sys
import textwrap

from omni_assets.cli.streams import say, width
from omni_assets.telemetry import logs

PREFIX = "omni: "
_INDENT = " " * len(PREFIX)
_log = logging.getLogger(__name__)


def failure_text(message: str, remedy: str = "", width: int | None = None) -> str:
    """``omni: message`` and the indented remedy, wrapped between words where there is a width.

    Further lines of a message (the end of a log) are indented too, so that none can pass for another error.
    """
    from omni_assets.contracts.text import visible

    said = [*message.split("\n"), *([remedy] if remedy else [])]
    lines = [
        f"{PREFIX if number == 0 else _INDENT}{visible(line)}"
        if width is None
        else _wrapped(visible(line), number, width)
        for number, line in enumerate(said)
    ]
    return "\n".join(lines)


def report(message: str, remedy: str = "") -> None:
    """Say on standard error what failed, and the way out; whatever it quotes, no secret of the environment."""
    from omni_assets.credentials import Redactor, known, without_users

    redactor = Redactor(known())

    def told(text: str) -> str:
        return redactor.exact(without_users(text))

    if os.environ.get("OMNI_DEBUG") and sys.exc_info()[0] is not None:
        import traceback

        say(told(traceback.format_exc()))
    if logs.are_json():
        _log.error("%s", told(message), extra={"facts": {"remedy": remedy} if remedy else {}})
    else:
        say(failure_text(told(message), remedy, width(sys.stderr)))


def _wrapped(line: str, number: int, width: int) -> str:
    return textwrap.fill(
        line,
        max(width, len(PREFIX) + 20),
        initial_indent=PREFIX if number == 0 else _INDENT,
        subsequent_indent=_INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
