"""Processes by identity: a process id alone may have been given to another process since."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

_PROC = Path("/proc")
_POLL_SECONDS = 0.01


def identity(pid: int) -> str | None:
    """What tells a living process from any other that has or had its id; ``None`` where it is dead, or a zombie."""
    if _PROC.joinpath("self/stat").exists():
        return _from_proc(pid)
    return _from_ps(pid)


def command_line(pid: int) -> tuple[str, ...]:
    """The arguments that a process was started with; empty where they cannot be seen."""
    try:
        return tuple(os.fsdecode(_PROC.joinpath(str(pid), "cmdline").read_bytes()).split("\0")[:-1])
    except OSError:
        return ()


def end(pid: int, known_as: str, seconds: float) -> bool:
    """End the process by SIGTERM, or by SIGKILL when it takes longer than ``seconds``. True once it is gone.

    Sends no signal to a process whose identity is not ``known_as``. Raises ``PermissionError`` where it is another
    user's.
    """
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 2.0)):
        if identity(pid) != known_as:
            return True
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if identity(pid) != known_as:
                return True
            time.sleep(_POLL_SECONDS)
    return identity(pid) != known_as


def _from_proc(pid: int) -> str | None:
    try:
        # The command's name is in parentheses and may hold spaces and parentheses itself.
        fields = _PROC.joinpath(str(pid), "stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = _PROC.joinpath("sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    state, threads, started = fields[0], int(fields[17]), fields[19]
    # One whose first thread has ended holds its files and ports until the others have.
    return None if state in "ZX" and threads < 2 else f"{boot}:{started}"


def _from_ps(pid: int) -> str | None:
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False, timeout=10
    )
    state, _, started = answer.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()
