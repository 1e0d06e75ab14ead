"""Answers in a file: a JSON object a line, written as each task ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from omni_assets.errors import InputError, reason
from omni_assets.router.runtime import Done

Write = Callable[[Done], None]


@contextmanager
def answers_to(path: str | None) -> Iterator[Write]:
    """What writes the answer of a task to the file at ``path``, which is made anew; without one it writes nothing.

    A line is ``{"task_id", "receipt", "model", "answer"}``; the last two are ``null`` where the task failed. Raises
    ``InputError`` where the file cannot be written.
    """
    if path is None:
        yield lambda _: None
        return
    try:
        file = open(path, "w", encoding="utf-8")  # noqa: SIM115 - entered below
    except OSError as error:
        raise _unwritable(path, error) from None
    with file:

        def write(done: Done) -> None:
            receipt = done.receipt
            line = {"task_id": receipt.task_id, "receipt": receipt.id, "model": receipt.model, "answer": done.text}
            try:
                file.write(json.dumps(line) + "\n")
                file.flush()
            except OSError as error:
                raise _unwritable(path, error) from None

        yield write


def _unwritable(path: str, error: OSError) -> InputError:
    return InputError(f"the answers cannot be written to {path}: {reason(error)}.", "Name another file as --answers.")
