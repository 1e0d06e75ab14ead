"""The state folder: whether it can be written, what is in it, and who holds it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from omni_assets.errors import OmniError, ProjectionBusy, StateError, reason
from omni_assets.operations.doctor.examination import (
    Area,
    Checked,
    Question,
    Told,
    problem,
    unknown,
    warning,
    well,
)
from omni_assets.operations.doctor.examining import told_by
from omni_assets.processes.holders import holders
from omni_assets.processes.identity import command_line
from omni_assets.projection.question import ask
from omni_assets.projection.state import JOURNAL_FOLDER, LOCK_FILE, PROJECTION_FILE
from omni_assets.projection.store import Projection

FOLDER = Question("state.folder", "Can the state folder be written?")
DISK = Question("state.disk", "Is there room on its disk, and what takes it?")
LOCKS = Question("state.locks", "Who holds the locks of the state folder?")
PROJECTION = Question("state.projection", "Can the projection be read by this omni?")
JOURNALS = Question("state.journals", "Is every line of the journals what was appended?")

LITTLE, TOO_LITTLE = 2 * 1024**3, 200 * 1024**2
"""Bytes below which room is short, and below which a file may not be written whole any more."""

SECONDS_TO_WAIT = 5.0
"""How long the projection is waited for."""

_HELD = {
    LOCK_FILE: "the projection",
    "up.lock": "`omni up`",
    "broker.lock": "starting or stopping the broker",
    "model.lock": "starting or stopping the local model",
}
_PLACES = {
    "projection": PROJECTION_FILE,
    "journal": JOURNAL_FOLDER,
    "Dagster": "dagster",
    "broker": "broker",
    "logs": "logs",
}
_FREE_IT = "Free room on the disk, or name another folder with OMNI_HOME; `omni tidy` removes what need not be kept."
_UNITS = ("B", "kB", "MB", "GB", "TB")


def area(home: Path) -> Area:
    """Questions about the state folder at ``home``, which need not be there yet."""
    return Area((FOLDER, DISK, LOCKS, PROJECTION, JOURNALS), partial(_look, home))


def _look(home: Path) -> Iterator[Checked]:
    yield Checked(FOLDER, folder(home))
    yield Checked(DISK, disk(home))
    yield Checked(LOCKS, locks(home))
    yield Checked(PROJECTION, projection(home))
    yield Checked(JOURNALS, journals(home))


def folder(home: Path) -> Told:
    """Whether a file can be made in it, by making one; whether it could be made itself, where it is not there."""
    if not home.exists():
        above = next(parent for parent in home.parents if parent.exists())
        if os.access(above, os.W_OK | os.X_OK) and above.is_dir():
            return well(f"{home} is not there yet; the first command that keeps something makes it")
        return problem(f"{home} is not there, and {above} does not let it be made", _other_folder(above))
    try:
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"omni")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return problem(f"{home} cannot be written: {reason(error)}", _other_folder(home))
    return well(f"{home} can be written")


def disk(home: Path) -> Told:
    """The room that is left on its disk, and how much each part of the state folder takes."""
    there = next(path for path in (home, *home.parents) if path.exists())
    try:
        left = shutil.disk_usage(there).free
        taken = [(name, size_of(home / place)) for name, place in _PLACES.items()]
    except OSError as error:
        return unknown(f"{there} cannot be measured: {reason(error)}", _other_folder(there))
    parts = ", ".join(f"{name} {size_text(size)}" for name, size in taken if size)
    seen = f"{size_text(left)} free{f'; {parts}' if parts else ''}"
    if left < TOO_LITTLE:
        return problem(seen, _FREE_IT)
    return warning(seen, _FREE_IT) if left < LITTLE else well(seen)


def locks(home: Path) -> Told:
    """Which of its locks are held, and by whom."""
    held = []
    for name, what in _HELD.items():
        found = holders(home / name)
        if found is None:
            return unknown("this system does not tell who holds a lock")
        held += [f"{what} by {_process(pid)}" for pid in found]
    return well("; ".join(held) if held else "none is held")


def projection(home: Path) -> Told:
    """Whether the DuckDB file opens, with a schema that this omni knows. It is opened to read, and not migrated."""
    if not (home / PROJECTION_FILE).exists():
        return well("nothing is projected yet")
    try:
        version = ask(home, "SELECT max(version) FROM schema_version", timeout_seconds=SECONDS_TO_WAIT).rows[0][0]
    except ProjectionBusy as error:
        by = [_process(pid) for pid in holders(home / LOCK_FILE) or ()]
        return problem(f"{error.message.rstrip('.')}{f', by {by[0]}' if by else ''}", error.remedy)
    except OmniError as error:
        return told_by(error)
    return well(f"schema version {version}")


def journals(home: Path) -> Told:
    """Whether each journal can be read to its end: what is wrong in one is found before a rebuild needs it."""
    try:
        lines = Projection(home).journal_lines()
    except StateError as error:
        return told_by(error)
    return well(", ".join(f"{name} {number:,}" for name, number in lines.items()) or "there is none yet")


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; what is gone meanwhile has none."""
    if not path.is_dir():
        return path.stat().st_size if path.exists() else 0
    total = 0
    for parent, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except FileNotFoundError:
                continue
    return total


def size_text(size: float) -> str:
    """``1.4 GB``: bytes in the largest unit that leaves at least one."""
    power = 0
    while size >= 1000 and power < len(_UNITS) - 1:
        size, power = size / 1000, power + 1
    return f"{size:.1f} {_UNITS[power]}" if power and size < 100 else f"{size:.0f} {_UNITS[power]}"


def _process(pid: int) -> str:
    words = command_line(pid) if pid > 0 else ()
    shown = " ".join(os.path.basename(word) for word in words[:3] if not word.startswith("-"))
    return f"process {pid}{f' ({shown})' if shown else ''}" if pid > 0 else "a process that is not shown here"


def _other_folder(path: Path) -> str:
    return f"Make {path} a folder that can be written, or name another with OMNI_HOME."
