"""Answers in a file: a JSON object a line, written as each task ends."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from omni_assets.errors import InputError, reason
from omni_assets.router.runtime import Done

Write = Callable[[Done], None]


@contextmanager
def answers_to(path: str | None, tasks: Iterable[str] = ()) -> Iterator[Write]:
    """What writes the answer of a task to the file at ``path``; without one it writes nothing. What stood there before
    is gone with the first answer: a run that ends before that changes nothing.

    A line is ``{"task_id", "receipt", "model", "answer"}``; the last two are ``null`` where the task failed. Raises
    ``InputError`` where the file cannot be written, and where it is one of those that hold the ``tasks``.
    """
    if path is None:
        yield lambda _: None
        return
    if any(_same(path, each) for each in tasks):
        raise InputError(f"the answers would take the place of the tasks in {path}.", "Name another file as --answers.")
    try:
        file = open(path, "a", encoding="utf-8")  # noqa: SIM115 - entered below
    except OSError as error:
        raise _unwritable(path, error) from None
    with file:
        begun = not os.path.isfile(path)

        def write(done: Done) -> None:
            nonlocal begun
            receipt = done.receipt
            line = {"task_id": receipt.task_id, "receipt": receipt.id, "model": receipt.model, "answer": done.text}
            try:
                if not begun:
                    file.truncate(0)
                    begun = True
                file.write(json.dumps(line) + "\n")
                file.flush()
            except OSError as error:
                raise _unwritable(path, error) from None

        yield write


def _same(path: str, other: str) -> bool:
    return os.path.isfile(path) and os.path.isfile(other) and os.path.samefile(path, other)


def _unwritable(path: str, error: OSError) -> InputError:
    return InputError(f"the answers cannot be written to {path}: {reason(error)}.", "Name another file as --answers.")
