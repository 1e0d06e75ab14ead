"""What is told of a command: a run with an id, which is that of its trace too, in logs and spans alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from omni_assets.cli.streams import say
from omni_assets.telemetry import facts, signals
from omni_assets.telemetry.opening import told_elsewhere
from omni_assets.telemetry.trace_context import NewTrace

if TYPE_CHECKING:
    from omni_assets.operations.context import Context


@contextmanager
def observed(name: str) -> Iterator[None]:
    """A command runs within."""
    run = os.urandom(16).hex()
    left: typer.Exit | None = None
    with (
        told_elsewhere(lambda sentence: say(f"omni: {sentence}")),
        facts.about(run=run),
        signals.span(name, origin=NewTrace(run)),
    ):
        try:
            yield
        except typer.Exit as early:  # no failure: it says with which code
            left = early
    if left is not None:
        raise left


def known_as(context: typer.Context) -> None:
    """Tell which command of its family it is."""
    if context.invoked_subcommand is not None:
        signals.here().rename(f"{context.command_path} {context.invoked_subcommand}")


def gauged(where: Callable[[], Context]) -> Callable[[], None]:
    """Where metrics go anywhere, tell how the project that ``where`` resolves stands: now and then, and at the end.

    What is given back ends that before the end, where what is looked at goes first.
    """

    def look() -> Iterable[signals.Reading]:
        from omni_assets.operations.standing import standing

        return standing(where)

    signals.watch(look)
    return lambda: signals.forget(look)
