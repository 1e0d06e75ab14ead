"""Processes that end with the test run, even where it is killed."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

# Reads until the test run lets go of the pipe or dies, and then ends that one process by its id.
_GUARD = 'read -r _; kill -9 "$1" 2>/dev/null'


class Tethered:
    """A running command with its output in ``log``. ``end`` it; where nobody does, its guard will."""

    def __init__(self, command: list[str], log: Path) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
        self._guard = subprocess.Popen(
            ["sh", "-c", _GUARD, "guard", str(self._process.pid)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens where the process has ended."""
        self._process.send_signal(number)

    def end(self, number: signal.Signals, seconds: float = 20.0) -> int:
        """Send a signal that ends it and wait; after ``seconds`` it is killed. Its exit code."""
        self._process.send_signal(number)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._guard.stdin is not None
        self._guard.kill()
        self._guard.stdin.close()
        self._guard.wait()
        return self._process.returncode
