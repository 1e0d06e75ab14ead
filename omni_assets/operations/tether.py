"""``python -m omni_assets.operations.tether LIFELINE LOG COMMAND…``: a command that does not outlive its starter.

Runs the command in this process' group, with its output in a log of bounded size. The whole group ends when the
command does, and when the pipe at the file descriptor LIFELINE closes: that is, when whoever holds the other end lets
go of it or dies in whatever way. Whoever starts this makes it the leader of a group of its own.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import IO

GRACE_SECONDS = 10.0
"""Seconds between asking the group to end and ending it."""

LOG_BYTES = 4_000_000
"""Most bytes of a log file; the one before it is kept as ``LOG.1``."""

_POLL_SECONDS = 0.5
_CHUNK = 65_536


class BoundedLog:
    """A log that is set aside once when it is full: when it has ``most`` bytes."""

    def __init__(self, file: Path, most: int = LOG_BYTES) -> None:
        self._file = file
        self._most = most
        self._stream = file.open("ab", buffering=0)

    def close(self) -> None:
        """Write nothing more."""
        self._stream.close()

    def write(self, data: bytes) -> None:
        """Append, as far as the disk takes it: a full disk must not stop the service."""
        try:
            if self._stream.tell() > self._most:
                self._stream.close()
                os.replace(self._file, self._file.with_name(self._file.name + ".1"))
                self._stream = self._file.open("ab", buffering=0)
            self._stream.write(data)
        except (OSError, ValueError):
            return


def main(arguments: list[str]) -> None:
    """Run until the command or its starter ends; then end the group, this process with it. Raises ``RuntimeError``
    where the system gives no pipe.
    """
    lifeline, log, command = int(arguments[0]), BoundedLog(Path(arguments[1])), arguments[2:]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        # A handler, not SIG_IGN: the command would inherit that.
        signal.signal(number, _stay)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        log.write(f"omni: cannot run {command[0]}: {error.strerror}.\n".encode())
        sys.exit(1)
    output = child.stdout
    if output is None:
        raise RuntimeError("no pipe from the command")
    over = _watch(lifeline, child, output, log)
    log.write(f"omni: {over}.\n".encode())
    os.killpg(0, signal.SIGTERM)
    _drain(output, log, time.monotonic() + GRACE_SECONDS)
    os.killpg(0, signal.SIGKILL)


def _watch(lifeline: int, child: subprocess.Popen[bytes], output: IO[bytes], log: BoundedLog) -> str:
    """Copy the output until there is a reason to end, and give it."""
    watched: list[int | IO[bytes]] = [lifeline, output]
    while True:
        ready, _, _ = select.select(watched, [], [], _POLL_SECONDS)
        if lifeline in ready:
            return "told to end"
        if output in ready and not _copy(output, log):
            watched.remove(output)
        if child.poll() is not None:
            return f"ended with exit code {child.returncode}"


def _drain(output: IO[bytes], log: BoundedLog, deadline: float) -> None:
    """Copy what is still written. The pipe ends when the last process of the group has."""
    while (left := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select([output], [], [], left)
        if ready and not _copy(output, log):
            return


def _copy(output: IO[bytes], log: BoundedLog) -> bool:
    """Copy what there is; false at the end of the output."""
    data = os.read(output.fileno(), _CHUNK)
    log.write(data)
    return bool(data)


def _stay(_number: int, _frame: FrameType | None) -> None:
    """Stay, to see to the rest of the group."""


if __name__ == "__main__":
    main(sys.argv[1:])
