"""Files of tasks, for models and for agents alike: read within bounds, and refused with everything that is wrong."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from typing import NamedTuple

from omni_assets.contracts.text import count
from omni_assets.errors import TaskUnusable, reason

STANDARD_INPUT = "-"
MOST_BYTES = 256 * 1024 * 1024
"""The largest file of tasks that is read."""

_MOST_FLAWS = 20


class TaskText(NamedTuple):
    """What a file of tasks holds. ``name`` is what people call it: its path, or ``standard input``."""

    name: str
    text: str


def read_text(path: str) -> TaskText:
    """The text of a file, or of standard input (``-``). Raises ``TaskUnusable``."""
    name = "standard input" if path == STANDARD_INPUT else path
    try:
        content = sys.stdin.buffer.read(MOST_BYTES + 1) if path == STANDARD_INPUT else _content(path)
    except OSError as error:
        raise TaskUnusable(f"cannot read {name}: {reason(error)}.", "Name a file of tasks.") from None
    if len(content) > MOST_BYTES:
        raise TaskUnusable(f"{name} is larger than {MOST_BYTES // 2**20} MiB.", "Split it.")
    try:
        return TaskText(name, content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise TaskUnusable(f"{name} is not UTF-8 at offset {error.start}.", "Save it as UTF-8.") from None


def refuse(what: str, flaws: Sequence[str], remedy: str) -> None:
    """Raise ``TaskUnusable`` that lists the flaws, the first of many, where there are any."""
    if flaws:
        shown = flaws[:_MOST_FLAWS]
        more = [f"and {count(len(flaws) - len(shown), 'flaw')} more"] if len(flaws) > len(shown) else []
        listed = "\n".join(f"{flaw}." for flaw in (*shown, *more))
        raise TaskUnusable(f"{what}:\n{listed}", remedy)


def _content(path: str) -> bytes:
    if stat.S_ISDIR(os.stat(path).st_mode):
        raise TaskUnusable(f"{path} is a folder.", "Name a file of tasks.")
    with open(path, "rb") as file:
        return file.read(MOST_BYTES + 1)
