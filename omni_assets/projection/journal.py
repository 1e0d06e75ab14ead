"""What cannot be observed again, as append-only JSON lines: readable without us, and what the projection is made from.

A line counts once its newline is on disk. A last line without one is an append that was killed: it never counted, and
the next append sets it aside in ``<name>.torn``. The projection's lock is held by whoever appends.

A journal may be folded: fewer lines then stand in the place of its first ones, behind a line that says so. Positions
are counted as if it never had been, so what has been projected stays projected, and a fold is one rename.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Generic, NamedTuple, TypeVar

from omni_assets.errors import JournalDamaged, JournalVersion, StateError, reason

_T = TypeVar("_T")

FOLDED = "folded"
"""What the first line of a folded journal calls itself."""

_FOLDED = FOLDED.encode()
_FOLD_FORMAT = 1
_HEADER = 256  # bytes of that line, so that it can be written when what it counts has been
_BLOCK = 65_536


class NewerFormat(ValueError):
    """Raised by what decodes a line that a newer omni wrote, in a format of its own."""

    def __init__(self, found: object, known: int) -> None:
        super().__init__(f"it has format {found}, and this omni knows {known}")
        self.found, self.known = found, known


class Position(NamedTuple):
    """A place between two lines: bytes and lines before it."""

    offset: int = 0
    lines: int = 0


class Entry(NamedTuple, Generic[_T]):
    """One line, decoded, and the position after it; after the last of them for all that a fold kept."""

    value: _T
    end: Position


class _Fold(NamedTuple):
    """Where the lines behind a fold begin, counted as if there were none; and the bytes and lines that they begin at in
    the file. Nothing is before those of a journal that was never folded."""

    end: Position = Position()
    header: int = 0
    kept: int = 0
    lines: int = 0

    @property
    def start(self) -> int:
        return self.header + self.kept

    def place(self, offset: int) -> int:
        """Where in the file an offset behind the fold is."""
        return offset - self.end.offset + self.start


class Journal(Generic[_T]):
    """One journal file. ``decode`` makes a value of a line's object, and raises ``ValueError`` where it cannot, and
    ``NewerFormat`` where a newer omni can."""

    def __init__(self, path: Path, decode: Callable[[Mapping[str, Any]], _T]) -> None:
        self.path = path
        self._decode = decode

    def read(self, start: Position = Position()) -> Iterator[Entry[_T]]:  # noqa: B008 - an immutable value
        """The entries from ``start``, which lies between two lines, to the last whole line.

        Raises ``JournalDamaged`` on a line that is not what was appended, ``JournalVersion`` on one that a newer omni
        appended, and ``StateError`` where the file is not the one that ``start`` was taken in, or cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                fold = self._fold(file.fileno())
                self._expect_boundary(file.fileno(), start, fold)
                position = start if start.offset else fold.end
                number = start.lines - fold.end.lines + fold.lines if start.offset else min(fold.lines, 1)
                file.seek(fold.place(start.offset) if start.offset else fold.header)
                for line in file:
                    if not line.endswith(b"\n"):
                        return
                    number += 1
                    if number > fold.lines:
                        position = Position(position.offset + len(line), position.lines + 1)
                    yield Entry(self._decoded(line, number), position)
        except FileNotFoundError:
            if start.offset:
                raise self._replaced(start, 0) from None
        except OSError as error:
            raise self._unusable(error) from None

    def end(self) -> Position:
        """The position after the last whole line, its lines not counted. Raises ``StateError``."""
        try:
            with self.path.open("rb") as file:
                fold = self._fold(file.fileno())
                offset = file.seek(0, os.SEEK_END)
                while offset:
                    start = max(0, offset - _BLOCK)
                    file.seek(start)
                    newline = file.read(offset - start).rfind(b"\n")
                    if newline >= 0:
                        return Position(start + newline + 1 - fold.place(0))
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
                fold = self._fold(descriptor)
                end = end if end.offset else fold.end
                self._set_aside(descriptor, end, fold)
                _write(descriptor, data, fold.place(end.offset))
            finally:
                os.close(descriptor)
            if new:
                sync_folder(self.path.parent)
        except OSError as error:
            raise self._unusable(error) from None
        return Position(end.offset + len(data), end.lines + len(records))

    def fold(self, kept: Iterable[Mapping[str, object]], upto: Position, archive: Path) -> None:
        """Put the records ``kept`` in the place of all lines before ``upto``, which go to ``archive`` as they are.

        ``upto`` is the end of an entry, with its lines counted. The archive is packed by gzip, and whole before
        any line is replaced: a process that is killed leaves the journal as it was, or folded. Raises ``StateError``.
        """
        new = self.path.with_name(f"{self.path.name}.new")
        try:
            with self.path.open("rb") as file:
                fold = self._fold(file.fileno())
                self._expect_boundary(file.fileno(), upto, fold)
                behind = fold.place(upto.offset)
                file.seek(fold.header)
                _pack(file, behind - fold.header, archive)
                with new.open("wb") as written:
                    written.write(b"\n".rjust(_HEADER))
                    lines = 0
                    for record in kept:
                        written.write(_encoded(record))
                        lines += 1
                    size = written.tell() - _HEADER
                    file.seek(behind)
                    shutil.copyfileobj(file, written, _BLOCK)
                    written.seek(0)
                    written.write(_header(upto, size, lines))
                    written.flush()
                    os.fsync(written.fileno())
            os.replace(new, self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise self._unusable(error) from None

    def _fold(self, descriptor: int) -> _Fold:
        """What the first line says of a fold; nothing where it is no such line."""
        first, newline, _ = os.pread(descriptor, _HEADER, 0).partition(b"\n")
        if not newline or _FOLDED not in first:
            return _Fold()
        try:
            said = _object(first)
            if said.get("event") != FOLDED:
                return _Fold()
            if said.get("format") != _FOLD_FORMAT:
                raise JournalVersion(str(self.path), said.get("format"), _FOLD_FORMAT)
            offset, lines, kept, kept_lines = (int(said[name]) for name in ("offset", "lines", "bytes", "kept"))
        except (ValueError, TypeError, KeyError, RecursionError):
            raise JournalDamaged(str(self.path), 1, "it says of a fold what none is") from None
        return _Fold(Position(offset, lines), len(first) + 1, kept, kept_lines + 1)

    def _decoded(self, line: bytes, number: int) -> _T:
        try:
            return self._decode(_object(line))
        except NewerFormat as error:
            raise JournalVersion(str(self.path), error.found, error.known) from None
        except (ValueError, TypeError, RecursionError) as error:
            raise JournalDamaged(str(self.path), number, str(error)) from None

    def _expect_boundary(self, descriptor: int, start: Position, fold: _Fold) -> None:
        if not start.offset:
            return
        size, place = os.fstat(descriptor).st_size, fold.place(start.offset)
        if start.offset < fold.end.offset or size < place or os.pread(descriptor, 1, place - 1) != b"\n":
            raise self._replaced(start, size)

    def _set_aside(self, descriptor: int, end: Position, fold: _Fold) -> None:
        self._expect_boundary(descriptor, end, fold)
        size, place = os.fstat(descriptor).st_size, fold.place(end.offset)
        torn = os.pread(descriptor, size - place, place)
        if not torn:
            return
        if b"\n" in torn:
            raise self._replaced(end, size)
        with self.path.with_name(f"{self.path.name}.torn").open("ab") as file:
            file.write(torn + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.ftruncate(descriptor, place)

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


def _header(upto: Position, size: int, lines: int) -> bytes:
    """The first line of a folded journal: where the lines behind begin, and the bytes and lines that are kept."""
    said = {"format": _FOLD_FORMAT, "event": FOLDED, **upto._asdict(), "bytes": size, "kept": lines}
    return _encoded(said)[:-1].ljust(_HEADER - 1) + b"\n"


def _pack(file: BinaryIO, size: int, archive: Path) -> None:
    """Put the next ``size`` bytes into a file of their own, whole or not at all."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    new = archive.with_name(f"{archive.name}.new")
    with new.open("wb") as written:
        with gzip.GzipFile(fileobj=written, mode="wb", mtime=0) as packed:
            while size and (block := file.read(min(size, _BLOCK))):
                packed.write(block)
                size -= len(block)
        written.flush()
        os.fsync(written.fileno())
    os.replace(new, archive)
    sync_folder(archive.parent)


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
