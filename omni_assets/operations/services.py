"""Processes that run for as long as this one does, and signals as something to look at.

A signal that raises between starting a process and noting it would leave an orphan behind. Here a signal only sets a
flag, and each service is tethered to this process, so that none outlives it however it ends.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from omni_assets.errors import ServiceFailed, StateError, reason
from omni_assets.operations.tether import GRACE_SECONDS
from omni_assets.processes.identity import identity

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PATIENCE_SECONDS = 3.0
_POLL_SECONDS = 0.02
_LAST_LINES = 15
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Interruption:
    """Whether somebody asked this process to end. Signals that arrive while it is entered do nothing else.

    ``signal`` is the number of the first, or ``None``. To be entered in the main thread.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._before: dict[int, Any] = {}
        self._reader, self._writer = -1, -1

    def __enter__(self) -> Self:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._reader)
        os.close(self._writer)

    def within(self, seconds: float) -> bool:
        """Whether somebody asked already, or does within ``seconds``."""
        if self.signal is None:
            select.select([self._reader], [], [], seconds)
        return self.signal is not None

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self.signal = self.signal or number
        with suppress(BlockingIOError):
            os.write(self._writer, b".")


@dataclass(frozen=True, slots=True)
class Service:
    """A process group that ends with this process. ``lifeline`` is the file descriptor that holds it."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]
    lifeline: int

    @property
    def running(self) -> bool:
        """Whether anything of it still runs."""
        return lives(self.process)

    def failure(self) -> ServiceFailed:
        """The error that it ended by itself, with the last lines of its log."""
        return ServiceFailed(
            f"{self.name} ended on its own. The last lines of its log:\n{last_lines(self.log)}",
            f"The whole log is {self.log}.",
        )


def start(name: str, command: Sequence[str], folder: Path, environ: Mapping[str, str], log: Path) -> Service:
    """Start ``command`` in ``folder``, in a session of its own. Raises ``StateError`` and ``ServiceFailed``."""
    open_log(log).close()
    reader, writer = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "omni_assets.operations.tether", str(reader), str(log), *command],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[reader],
            start_new_session=True,
        )
    except OSError as error:
        os.close(writer)
        raise ServiceFailed(f"{name} cannot be started: {reason(error)}.") from None
    finally:
        os.close(reader)
    return Service(name, log, process, writer)


def stop(services: Sequence[Service]) -> None:
    """End all of them at once, whole process groups, and return when they are gone. Bounded in time."""
    for service in services:
        os.close(service.lifeline)
    deadline = time.monotonic() + GRACE_SECONDS + _PATIENCE_SECONDS
    for service in services:
        _await_end(service.process, deadline - time.monotonic())
        end_group(service.process)


def lives(process: subprocess.Popen[Any]) -> bool:
    """Whether a process has not ended. Unlike ``poll``, leaves its number taken: nobody else gets it before the end."""
    return process.returncode is None and identity(process.pid) is not None


def end_group(process: subprocess.Popen[Any], seconds: float = 0.0) -> None:
    """End the group that ``process`` leads: by SIGTERM where it is given ``seconds`` for that, then by SIGKILL.

    Does nothing where somebody waited for the process before: its number may be another group's by now.
    """
    if process.returncode is not None:
        return
    if seconds and lives(process):
        _signal_group(process, signal.SIGTERM)
        _await_end(process, seconds)
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[Any], number: signal.Signals) -> None:
    # Where all of a group have ended, some systems say that it may not be signalled rather than that it is not there.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _await_end(process: subprocess.Popen[Any], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while lives(process) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def open_log(log: Path, mode: str = "ab") -> Any:
    """Open a log for writing. Raises ``StateError``."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open(mode)
    except OSError as error:
        raise StateError(
            f"the log {log} cannot be written: {reason(error)}.",
            "Make its folder writable, or name another state folder with OMNI_HOME.",
        ) from None


def last_lines(log: Path) -> str:
    """The last lines of a log, indented and without colours."""
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - 20_000))
            text = _COLOURS.sub("", stream.read().decode("utf-8", "replace"))
            lines = deque(text.splitlines(), _LAST_LINES)
    except OSError as error:
        return f"  (it cannot be read: {reason(error)})"
    return "\n".join(f"  {line}" for line in lines) or "  (it is empty)"
