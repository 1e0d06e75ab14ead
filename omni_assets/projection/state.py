"""The state folder as the projection uses it: where things are, whose turn it is, and one error for each bad state.

Needs no DuckDB: what it says in its messages is all that is read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from omni_assets.errors import (
    OmniError,
    ProjectionBusy,
    ProjectionDamaged,
    ProjectionVersion,
    StateError,
    StateFolderUnusable,
    reason,
)

MIGRATIONS = tuple(
    Path(__file__).with_name("migrations") / name
    for name in (
        "001_foundation.sql",
        "002_reconciliation.sql",
        "003_expected_every.sql",
        "004_routing.sql",
        "005_trusted.sql",
        "006_tasks.sql",
        "007_alerts.sql",
    )
)
"""Scripts in order; the schema version of a projection is the number of those that it has."""

PROJECTION_FILE = "projection.duckdb"
LOCK_FILE = "projection.lock"
JOURNAL_FOLDER = "journal"
ARCHIVE_FOLDER = "archive"
"""In the folder of the journals: the lines that were folded, as they were."""

_HOLDER = re.compile(r"\(PID (\d+)\)")
_UNUSABLE = re.compile(
    r"No space left|Permission denied|Read-only file system|Is a directory|Not a directory|Input/output error"
    r"|Disk quota|Too many open files|Out of Memory|failed to allocate|could not (?:write|fsync|sync|create)",
    re.IGNORECASE,
)


@contextmanager
def locked(folder: Path, timeout: float) -> Iterator[None]:
    """Hold the projection's lock in ``folder``, which is made where it does not exist.

    Raises ``ProjectionBusy`` where others hold it for ``timeout`` seconds, and ``StateError`` where the folder cannot
    be used. The kernel releases the lock of a process that is killed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / LOCK_FILE, timeout=timeout)
        lock.acquire()
    except filelock.Timeout:
        raise ProjectionBusy(str(folder / PROJECTION_FILE), timeout) from None
    except (OSError, NotImplementedError) as error:
        raise StateFolderUnusable(str(folder), reason(error)) from None
    try:
        yield
    finally:
        lock.release()


def translated(message: str, file: Path, seconds: float) -> OmniError:
    """The error that a message of DuckDB stands for. ``seconds`` is how long the file has been waited for."""
    if held_by_another(message):
        holder = _HOLDER.search(message)
        return ProjectionBusy(str(file), seconds, f"process {holder[1]}" if holder else "")
    why = message.splitlines()[0].rstrip("!. ") if message else "no reason given"
    if _UNUSABLE.search(message):
        return StateFolderUnusable(str(file.parent), why)
    return ProjectionDamaged(str(file), why)


def expect_bytes(file: Path, used: int) -> None:
    """Refuse a file that is shorter than the blocks that it uses, ``used`` bytes: it was cut. Raises
    ``ProjectionDamaged``.
    """
    size = file.stat().st_size
    if size < used:
        raise ProjectionDamaged(str(file), f"it should have {used} bytes at least, and has {size}")


def expect_version(file: Path, found: int, migrations: tuple[Path, ...]) -> None:
    """Refuse a file with a newer schema, the version ``found``, than ``migrations`` make. Raises
    ``ProjectionVersion``.
    """
    if found > len(migrations):
        raise ProjectionVersion(str(file), found, len(migrations))


def held_by_another(message: str) -> bool:
    """Whether DuckDB says that another process holds the file."""
    return "Could not set lock on file" in message


def nothing_projected(folder: Path, what: str = "nothing") -> StateError:
    """There is no projection yet, or none of what was asked for."""
    return StateError(f"{what} has been projected in {folder} yet.", "Run `omni drift` first.")
