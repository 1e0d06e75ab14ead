"""The two streams. Results go to standard output alone; everything said on the way goes to standard error.

A terminal gets colours and a width; a pipe or a file gets the same layout as plain text of any width.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from omni_assets.errors import InputError, OmniError, reason

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status
    from rich.text import Text

    from omni_assets.cli.tables import Line


class OutputLost(OmniError):
    """The result is there, and standard output does not take it."""


class Progress(Protocol):
    """Shows what a long operation does."""

    def update(self, status: str) -> None:
        """Say what it does now."""


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a person looks at ``stream``."""
    return stream is not None and not stream.closed and stream.isatty()


def width(stream: TextIO | None) -> int | None:
    """The width of the terminal behind ``stream`` in columns; ``None`` where there is none, so that no line breaks."""
    return console(stream).width if is_terminal(stream) else None


def result_width() -> int | None:
    """The width that results are laid out for."""
    return width(sys.stdout)


def write(text: str) -> bool:
    """Write to standard output: whether anybody still reads. Raises ``OutputLost``; a reader that went away is no
    error, and gets no more."""
    stream = sys.stdout
    if stream is None:
        raise OutputLost("standard output is closed, so the result cannot be written.", "Open it, or redirect it.")
    try:
        stream.write(text if text.endswith("\n") or not text else text + "\n")
        stream.flush()
    except BrokenPipeError:
        _silence(stream)
        return False
    except UnicodeEncodeError:
        return write(text.encode(stream.encoding, "backslashreplace").decode(stream.encoding))
    except OSError as error:
        _silence(stream)
        raise OutputLost(
            f"standard output cannot be written: {reason(error)}.", "Free space there, or redirect it."
        ) from None
    return True


def write_line(text: str) -> None:
    """Write one line of text that may hold anything."""
    from omni_assets.contracts.text import visible

    write(visible(text))


def write_json(document: Mapping[str, Any]) -> None:
    """Write one JSON document, in ASCII so that every encoding can carry it."""
    write(json.dumps(document, indent=2))


def write_csv(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write one CSV table with a header: values as they are, but for what would steer a terminal on one."""
    import pandas

    from omni_assets.contracts.text import visible

    if is_terminal(sys.stdout):
        rows = [[visible(value) if isinstance(value, str) else value for value in row] for row in rows]
    write(pandas.DataFrame(list(rows), columns=list(columns), dtype=object).to_csv(index=False, lineterminator="\n"))


def draw(lines: Sequence[Line]) -> None:
    """Write laid-out lines: coloured on a terminal (unless ``NO_COLOR``), else plain."""
    if not lines:
        return
    if not is_terminal(sys.stdout):
        write("\n".join("".join(text for text, _ in line).rstrip() for line in lines))
        return
    from rich.text import Text

    terminal = console(sys.stdout)
    with terminal.capture() as drawn:
        for line in lines:
            terminal.print(Text.assemble(*line), soft_wrap=True)
    write(drawn.get())


def say(text: str) -> None:
    """Write to standard error, as far as anybody takes it."""
    stream = sys.stderr
    if stream is None:
        return
    try:
        stream.write(text + "\n")
        stream.flush()
    except UnicodeEncodeError:
        say(text.encode("ascii", "backslashreplace").decode("ascii"))
    except OSError:
        _silence(stream)


def agreed(question: str) -> bool:
    """What a person, or what stands in for one on standard input, answers; asked on standard error.

    Raises ``InputError`` where nobody is there to answer.
    """
    import typer

    try:
        return typer.confirm(question, err=True)
    except typer.Abort as abort:
        if not isinstance(abort.__context__, EOFError):
            raise
    say("")
    raise InputError(f"nobody answered: {question}", "`--yes` says so beforehand.")


@contextmanager
def progress(status: str) -> Iterator[Progress]:
    """A spinner on standard error while the body runs; nothing where that is not a terminal.

    The body writes nothing itself: what it found is written when the spinner is gone.
    """
    if not is_terminal(sys.stderr):
        yield _Quiet()
        return
    with console(sys.stderr).status(_text(status)) as shown:
        yield _Spinner(shown)


class _Quiet:
    def update(self, status: str) -> None: ...


class _Spinner:
    def __init__(self, shown: Status) -> None:
        self._shown = shown

    def update(self, status: str) -> None:
        self._shown.update(_text(status))


def _text(status: str) -> Text:
    """Text as it stands: rich would read markup in a plain string."""
    from rich.text import Text

    from omni_assets.contracts.text import visible

    return Text(visible(status))


def console(stream: TextIO | None) -> Console:
    """A stream as rich sees it: text is shown as it stands."""
    from rich.console import Console

    return Console(file=stream, highlight=False, markup=False, emoji=False)


def _silence(stream: TextIO) -> None:
    # What is still buffered must go somewhere when the interpreter ends, or it would complain then.
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, stream.fileno())
    os.close(devnull)
