"""Who holds a lock on a file, as the kernel tells it: nobody is kept from taking it meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

_LOCKS = Path("/proc/locks")


def holders(file: Path, locks: Path = _LOCKS) -> tuple[int, ...] | None:
    """The ids of the processes that hold a lock on ``file``; ``None`` where this system does not tell.

    A process of another container or user may be told as 0 or -1. Source: proc_locks(5), lines such as
    ``1: FLOCK ADVISORY WRITE 708 08:02:1180 0 EOF`` with the process id and the device and inode of the file; a line
    with ``->`` is one that waits.
    """
    try:
        told = locks.read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    try:
        at = os.stat(file)
    except OSError:
        return ()
    place = f"{os.major(at.st_dev):02x}:{os.minor(at.st_dev):02x}:{at.st_ino}"
    lines = (line.split() for line in told.splitlines())
    return tuple(sorted({int(line[4]) for line in lines if len(line) > 5 and line[1] != "->" and line[5] == place}))
