"""Whose turn it is: starting and stopping a process takes one command at a time, however many ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omni_assets.errors import StateError, StateFolderUnusable, reason

LOCK_SECONDS = 30.0
"""Most seconds that a command waits for its turn."""


@contextmanager
def turn(state_folder: Path, name: str, what: str) -> Iterator[None]:
    """Alone with ``what`` of a state folder, by the lock file ``name`` in it. Raises ``StateError``."""
    from filelock import FileLock, Timeout  # not at every command that only looks

    lock = FileLock(state_folder / name)
    try:
        state_folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout:
        raise StateError(
            f"another omni process has been starting or stopping {what} of {state_folder} for {LOCK_SECONDS:g} s.",
            "Wait for it to end, or end it, and try again.",
        ) from None
    except OSError as error:
        raise StateFolderUnusable(str(state_folder), reason(error)) from None
    try:
        yield
    finally:
        lock.release()
