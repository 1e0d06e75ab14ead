"""Logs for programs: each line on standard error is a JSON object that says when, how bad, what, and about what.

For people nothing changes: what is said stays as it is, and nothing is logged. No secret of the environment is ever
part of a line.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from io import TextIOBase
from typing import Any, TextIO

from omni_assets.credentials import Redactor, known, without_users
from omni_assets.errors import SettingsError
from omni_assets.telemetry import facts, signals

VARIABLE = "OMNI_LOG_FORMAT"
LONGEST = 10_000
"""Characters of a message; the rest is cut off."""

_OURS = logging.getLogger("omni_assets")
_OURS.addHandler(logging.NullHandler())  # without a reader nothing goes to standard error, warnings included


class LogFormat(StrEnum):
    """Who reads what is said on standard error: people, or programs."""

    TEXT = "text"
    JSON = "json"


def stated(environ: Mapping[str, str]) -> LogFormat:
    """The format that ``OMNI_LOG_FORMAT`` names, where no option does. Raises ``SettingsError``."""
    named = environ.get(VARIABLE, "").strip()
    try:
        return LogFormat(named.lower()) if named else LogFormat.TEXT
    except ValueError:
        raise SettingsError(f"{VARIABLE} is `{named[:60]}`.", "Set it to `text` or `json`.") from None


class JsonLines(logging.Formatter):
    """A record as a line of JSON in ASCII, without line breaks within it, whatever it holds."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record: what it says, and the facts and the trace that it belongs to."""
        context = signals.here().context
        document: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._clean(_message(record)),
            **facts.current(),
            **getattr(record, "facts", {}),
        }
        if context is not None:
            document |= {"trace": context.trace_id, "span": context.span_id}
        if record.exc_info and record.exc_info[0] is not None:
            document["error"] = record.exc_info[0].__name__
        return json.dumps(
            {name: self._clean(value) if isinstance(value, str) else value for name, value in document.items()}
        )

    def _clean(self, text: str) -> str:
        return self._redactor.exact(without_users(text))[:LONGEST]


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a library that logs badly ends nothing
        return str(record.msg)


class _Said(TextIOBase):
    """Standard error, each line of which becomes a line of the log; lines of threads are told apart."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream = stream
        self._logger = logging.getLogger(name)
        self._begun = threading.local()

    def write(self, text: str) -> int:
        *lines, rest = (getattr(self._begun, "text", "") + text).split("\n")
        self._begun.text = rest[-LONGEST:]
        for line in lines:
            if line.strip():
                self._logger.info("%s", line.rstrip())
        return len(text)

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding


class _Lines(logging.StreamHandler[TextIO]):
    """Writes lines; one that nobody takes any more is lost, and holds up nothing."""

    def handleError(self, record: logging.LogRecord) -> None: ...  # noqa: N802 - as logging calls it


@dataclass(slots=True)
class _Begun:
    """What was there before, and is put back."""

    handler: logging.Handler
    stderr: TextIO
    level: int


_begun: list[_Begun] = []


def begin(wanted: LogFormat) -> None:
    """From now on this process writes so on standard error, until ``end``. Once is enough."""
    if wanted is LogFormat.TEXT or _begun or sys.stderr is None:
        return
    root = logging.getLogger()
    handler = _Lines(sys.stderr)
    handler.setFormatter(JsonLines(Redactor(known())))
    _begun.append(_Begun(handler, sys.stderr, _OURS.level))
    root.addHandler(handler)
    _OURS.setLevel(logging.INFO)
    sys.stderr = _Said(sys.stderr, f"{_OURS.name}.said")


def end() -> None:
    """Write as before."""
    while _begun:
        before = _begun.pop()
        logging.getLogger().removeHandler(before.handler)
        _OURS.setLevel(before.level)
        sys.stderr = before.stderr


def are_json() -> bool:
    """Whether programs read what is said."""
    return bool(_begun)


@contextmanager
def printed() -> Iterator[None]:
    """What is printed within is logged, where programs read it: handlers are anybody's."""
    before = sys.stdout
    if are_json() and before is not None:
        sys.stdout = _Said(before, f"{_OURS.name}.printed")
    try:
        yield
    finally:
        sys.stdout = before
