"""The calls of handlers in the state folder: what was under way when a worker died, for the next one in its seat."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from omni_assets.agents.deaths import Calls, earlier, suspects
from omni_assets.errors import StateError
from omni_assets.operations.files import write_whole
from omni_assets.processes.identity import identity

FOLDER = "workers"

MOST_BYTES = 1_048_576
"""Bytes that a log grows by before it is written anew without what is over."""

_PROCESS = "process"


@contextmanager
def calls_of(home: Path, member: str) -> Iterator[Calls]:
    """The calls of a seat: those that its last process may have died of are known. Raises ``StateError``.

    A process that lives has died of nothing, although another one takes its seat.
    """
    path = home / FOLDER / f"{quote(member, safe='')}.calls"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = _Log(path)
        calls = Calls(_suspects(path), lambda line: log.write(line, calls.lines))
        log.begin_anew(calls.lines())
    except OSError as error:
        raise StateError(
            f"{path} cannot be written: {error.strerror or error}.", "It tells what a worker died of; make room for it."
        ) from None
    try:
        yield calls
    finally:
        log.close()


class _Log:
    """A file that lines are appended to. The system keeps them when the process dies; a machine that dies may not."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._grown = 0

    def begin_anew(self, lines: Iterable[str]) -> None:
        """Write it with these lines alone. Raises ``OSError``."""
        self.close()
        own = f"{_PROCESS} {os.getpid()} {identity(os.getpid())}\n"
        write_whole(str(self._path), "".join((own, *lines)).encode())
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._grown = 0

    def write(self, line: str, whole: Callable[[], Iterable[str]]) -> None:
        """Append a line; ``whole`` gives those to begin anew with. Where none can be written, a task goes on all the
        same: nothing is lost but a suspicion.
        """
        with suppress(OSError):
            if self._grown > MOST_BYTES:
                self.begin_anew(whole())
                return
            if self._file is not None:
                self._grown += os.write(self._file, line.encode())

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _suspects(path: Path) -> dict[str, int]:
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            lines: list[str] = file.read(4 * MOST_BYTES).splitlines()
    except FileNotFoundError:
        return {}
    return suspects(lines if _is_dead(lines) else earlier(lines))


def _is_dead(lines: Iterable[str]) -> bool:
    for line in lines:
        match line.split():
            case [what, pid, *known_as] if what == _PROCESS and pid.isascii() and pid.isdecimal():
                return identity(int(pid)) != " ".join(known_as)
        return False
    return False
