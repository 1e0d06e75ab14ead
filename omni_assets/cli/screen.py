"""A terminal as a whole: frames in its other screen, and the keys that are pressed meanwhile.

However the body ends, the terminal is as it was.
"""

from __future__ import annotations

import os
import select
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from omni_assets.cli.streams import console, is_terminal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live

    from omni_assets.cli.tables import Line


class Size(NamedTuple):
    """Columns and lines."""

    width: int
    height: int


class Screen:
    """The other screen of the terminal behind standard output."""

    def __init__(self, terminal: Console, live: Live) -> None:
        self._terminal, self._live = terminal, live

    @property
    def size(self) -> Size:
        """How large it is now."""
        return Size(*self._terminal.size)

    def show(self, lines: Sequence[Line]) -> None:
        """Draw a frame in the place of the last."""
        from rich.console import Group
        from rich.text import Text

        drawn = (Text.assemble(*line, no_wrap=True, overflow="crop") for line in lines)
        self._live.update(Group(*drawn), refresh=True)


def can_be_drawn_on() -> bool:
    """Whether standard output is a terminal that frames can take the place of one another on."""
    return is_terminal(sys.stdout) and not console(sys.stdout).is_dumb_terminal


@contextmanager
def screen() -> Iterator[Screen]:
    """The other screen while the body runs."""
    from rich.live import Live

    terminal = console(sys.stdout)
    with Live(console=terminal, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
        yield Screen(terminal, live)


class Keys:
    """The keys that are pressed, one by one and not shown; none where standard input is no terminal, and has no
    ``descriptor``.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def pressed(self, seconds: float) -> str:
        """What is pressed within ``seconds``; empty where nothing is."""
        ready, _, _ = select.select([self._descriptor] if self._descriptor is not None else [], [], [], seconds)
        if self._descriptor is None or not ready:
            return ""
        told = os.read(self._descriptor, 64)
        if not told:
            self._descriptor = None  # nobody is there any more
        return told.decode(errors="replace")


@contextmanager
def keys() -> Iterator[Keys]:
    """Keys, while the body runs. Ctrl-C is a signal as ever."""
    if not is_terminal(sys.stdin):
        yield Keys(None)
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor, termios.TCSADRAIN)  # what was typed before counts, too
    try:
        yield Keys(descriptor)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
