"""What cannot be observed again, as append-only JSON lines: readable without us, and what the projection is made from.

A line counts once its newline is on disk. A last line without one is an append that was killed: it never counted, and
the next append sets it aside in ``<name>.torn``. The projection's lock is held by whoever appends.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from omni_assets.errors import JournalDamaged, StateError, reason

_T = TypeVar("_T")

_BLOCK = 65_536


class Position(NamedTuple):
    """A place between two lines: bytes and lines before it."""

    offset: int = 0
    lines: int = 0


class Entry(NamedTuple, Generic[_T]):
    """One line, decoded, and the position after it."""

    value: _T
    end: Position


class Journal(Generic[_T]):
    """One journal file. ``decode`` makes a value of a line's object, and raises ``ValueError`` where it cannot."""

    def __init__(self, path: Path, decode: Callable[[Mapping[str, Any]], _T]) -> None:
        self.path = path
        self._decode = decode

    def read(self, start: Position = Position()) -> Iterator[Entry[_T]]:  # noqa: B008 - an immutable value
        """The entries from ``start``, which lies between two lines, to the last whole line.

        Raises ``JournalDamaged`` on a line that is not what was appended, and ``StateError`` where the file is not the
        one that ``start`` was taken in, or cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                self._expect_boundary(file.fileno(), start)
                file.seek(start.offset)
                position = start
                for line in file:
                    if not line.endswith(b"\n"):
                        return
                    position = Position(position.offset + len(line), position.lines + 1)
                    yield Entry(self._decoded(line, position.lines), position)
        except FileNotFoundError:
            if start.offset:
                raise self._replaced(start, 0) from None
        except OSError as error:
            raise self._unusable(error) from None

    def end(self) -> Position:
        """The position after the last whole line, its lines not counted. Raises ``StateError``."""
        try:
            with self.path.open("rb") as file:
                offset = file.seek(0, os.SEEK_END)
                while offset:
                    start = max(0, offset - _BLOCK)
                    file.seek(start)
                    newline = file.read(offset - start).rfind(b"\n")
                    if newline >= 0:
                        return Position(start + newline + 1)
                    offset = start
        except FileNotFoundError:
            pass
        except OSError as error:
            raise self._unusable(error) from None
        return Position()

    def append(self, records: Sequence[Mapping[str, object]], end: Position) -> Position:
        """Add the records after ``end``, the position after the last whole line, and return once they are on disk.

        All or none are there afterwards where the process lives; where it is killed, whole lines from the first on.
        Raises ``StateError`` where they cannot be written.
        """
        data = b"".join(_encoded(record) for record in records)
        try:
            new = not self.path.exists()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                self._set_aside(descriptor, end)
                _write(descriptor, data, end.offset)
            finally:
                os.close(descriptor)
            if new:
                sync_folder(self.path.parent)
        except OSError as error:
            raise self._unusable(error) from None
        return Position(end.offset + len(data), end.lines + len(records))

    def _decoded(self, line: bytes, number: int) -> _T:
        try:
            return self._decode(_object(line))
        except (ValueError, TypeError, RecursionError) as error:
            raise JournalDamaged(str(self.path), number, str(error)) from None

    def _expect_boundary(self, descriptor: int, start: Position) -> None:
        size = os.fstat(descriptor).st_size
        if size < start.offset or (start.offset and os.pread(descriptor, 1, start.offset - 1) != b"\n"):
            raise self._replaced(start, size)

    def _set_aside(self, descriptor: int, end: Position) -> None:
        self._expect_boundary(descriptor, end)
        size = os.fstat(descriptor).st_size
        torn = os.pread(descriptor, size - end.offset, end.offset)
        if not torn:
            return
        if b"\n" in torn:
            raise self._replaced(end, size)
        with self.path.with_name(f"{self.path.name}.torn").open("ab") as file:
            file.write(torn + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.ftruncate(descriptor, end.offset)

    def _replaced(self, position: Position, size: int) -> StateError:
        return StateError(
            f"{self.path} is not the journal that was projected: {position.offset} bytes of it were, "
            f"and it has {size} now.",
            "Restore it, or move projection.duckdb aside: the next command projects the journal that is there.",
        )

    def _unusable(self, error: OSError) -> StateError:
        return StateError(
            f"the journal {self.path} cannot be used: {reason(error)}.",
            "Free the disk or mend the permissions, or name another state folder with OMNI_HOME.",
        )


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable: new files, and files moved there."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def encoded_json(value: object) -> str:
    """JSON as text that UTF-8 can hold: half of a surrogate pair, as in odd file names, becomes ``?``."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_as_text)
    return text.encode("utf-8", "replace").decode("utf-8")


def _object(line: bytes) -> dict[str, Any]:
    match json.loads(line):
        case dict(record):
            return record
    raise ValueError("it is no JSON object")


def _as_text(value: Any) -> str:
    return str(value) if isinstance(value, Decimal) else str(value.isoformat())


def _encoded(record: Mapping[str, object]) -> bytes:
    return encoded_json(record).encode() + b"\n"


def _write(descriptor: int, data: bytes, offset: int) -> None:
    written = 0
    try:
        while written < len(data):
            written += os.pwrite(descriptor, data[written:], offset + written)
        os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            os.ftruncate(descriptor, offset)
        raise
