"""What the kernel tells of processes: memory, files, threads, children, locks and connections. Linux only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_ESTABLISHED = "01"  # TCP_ESTABLISHED, include/net/tcp_states.h


@dataclass(frozen=True, slots=True)
class Sample:
    """One process at one moment, ``at`` seconds after the beginning. ``memory`` is resident, in KiB."""

    at: float
    name: str
    pid: int
    memory: int
    files: int
    threads: int
    children: int


@dataclass(frozen=True, slots=True)
class Whole:
    """All of it at one moment: locks on files of the project, and connections that its broker has."""

    at: float
    locks: int
    connections: int


def sample(at: float, name: str, pid: int) -> Sample | None:
    """``None`` where the process has ended meanwhile."""
    place = _PROC / str(pid)
    try:
        status = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines() if ":" in line)
        memory = int(status["VmRSS"].split()[0])
        files = len(os.listdir(place / "fd"))
        children = sum(len(each.read_text().split()) for each in (place / "task").glob("*/children"))
    except (OSError, KeyError):
        return None
    return Sample(at, name, pid, memory, files, int(status["Threads"]), children)


def whole(at: float, folder: Path, port: int) -> Whole:
    return Whole(at, len(locked(folder)), _connections(port))


def locked(folder: Path) -> list[str]:
    """Files in ``folder`` on which somebody holds a lock, as often as one does."""
    inodes = {str(each.stat().st_ino): str(each) for each in _files(folder)}
    rows = [line.split() for line in (_PROC / "locks").read_text().splitlines()]
    held = [row[5].rpartition(":")[2] for row in rows if row[1] != "->"]
    return [inodes[inode] for inode in held if inode in inodes]


def processes_of(folder: Path) -> list[str]:
    """The command lines of processes whose variables name ``folder``."""
    needle, found = os.fsencode(folder), []
    for each in _PROC.glob("[0-9]*"):
        with suppress(OSError):
            if needle in (each / "environ").read_bytes() + (each / "cmdline").read_bytes():
                found.append((each / "cmdline").read_text().replace("\0", " ").strip())
    return found


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        for name in names:
            file = Path(parent, name)
            if file.exists():
                yield file


def _connections(port: int) -> int:
    here = f":{port:04X}"
    rows = [line.split() for line in (_PROC / "net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(here) and row[3] == _ESTABLISHED for row in rows)
