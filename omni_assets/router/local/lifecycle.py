"""Starting, stopping and recognising the local model's server of a state folder. One at a time, however many ask."""

from __future__ import annotations

import http.client
import importlib.util
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from omni_assets.errors import EngineFailed, ExtraMissing, InputError, PortInUse, StateFolderUnusable, reason
from omni_assets.processes import detached
from omni_assets.processes.identity import end, identity
from omni_assets.processes.ports import free_port, port_is_free
from omni_assets.processes.record import RecordDamaged
from omni_assets.processes.status import State, Status
from omni_assets.processes.turns import turn
from omni_assets.router.local import server
from omni_assets.router.local.record import RECORDS, ModelRecord
from omni_assets.router.local.server import GRACE_SECONDS, LOOPBACK, READY
from omni_assets.router.local.weights import EXTRA, NEEDED_FOR, Serving

START_SECONDS = 120.0
"""Most seconds until a server must answer: gigabytes of weights may have to be read first."""

_LOCK_FILE = "model.lock"
_WHAT = "the local model"
_STOP_SECONDS = GRACE_SECONDS + 5.0
_ANSWER_SECONDS = 2.0
_POLL_SECONDS = 0.02
_PORT_TAKEN = "couldn't bind HTTP server socket"


def start(state_folder: Path, serving: Serving, port: int | None = None, timeout: float = START_SECONDS) -> ModelRecord:
    """The running server of this state folder, started unless it runs already.

    Without a port it takes the one that it had before, else any free one; port 0 is any free port. ``timeout`` is the
    number of seconds until it must answer. Raises ``ExtraMissing``, ``EngineFailed``, ``PortInUse``, ``StateError``,
    and ``InputError`` where something else than what the running server does is asked for.
    """
    with turn(state_folder, _LOCK_FILE, _WHAT):
        found = status(state_folder)
        if found.record is not None and found.state in (State.RUNNING, State.NOT_ANSWERING):
            _require_same(found.record, serving, port)
            if found.state is State.NOT_ANSWERING:
                _await_answer(state_folder, found.record, timeout)
            return found.record
        if importlib.util.find_spec("xllamacpp") is None:
            raise ExtraMissing(EXTRA, NEEDED_FOR)
        return _launched(state_folder, serving, port, timeout, found.record)


def stop(state_folder: Path) -> ModelRecord | None:
    """Stop the server of this state folder. ``None`` where none was running.

    Raises ``EngineFailed`` where it does not end, and ``StateError``.
    """
    if not state_folder.is_dir():
        return None
    with turn(state_folder, _LOCK_FILE, _WHAT):
        found = status(state_folder)
        if found.record is None or found.state is State.STOPPED:
            return None
        alive = found.state is not State.STALE
        if alive:
            detached.stop(_WHAT, found.record.pid, found.record.process, _STOP_SECONDS)
        stopped = replace(found.record, stopped_at=datetime.now(UTC))
        RECORDS.write(state_folder, stopped)
        return stopped if alive else None


def status(state_folder: Path) -> Status[ModelRecord]:
    """How the server of this state folder is. Changes nothing and never raises."""
    try:
        record = RECORDS.read(state_folder)
    except RecordDamaged as error:
        return Status(State.STALE, None, f"{error}; no model is served here as far as can be known.")
    if record is None:
        return Status(State.STOPPED, None, "no model was served here.")
    whom = f"`{record.model}` (process {record.pid})"
    if record.stopped_at is not None:
        return Status(State.STOPPED, record, f"{whom} at {record.base_url} was stopped.")
    if not runs(record):
        return Status(State.STALE, record, f"{whom} at {record.base_url} ended without being stopped.")
    if not _answers(record):
        detail = f"{whom} does not answer at {record.base_url}; stop it with `omni model stop`."
        return Status(State.NOT_ANSWERING, record, detail)
    return Status(State.RUNNING, record, f"{whom} answers at {record.base_url}.")


def running(state_folder: Path) -> ModelRecord | None:
    """The record of the server of this state folder, where it runs and answers."""
    found = status(state_folder)
    return found.record if found.state is State.RUNNING else None


def log_file(state_folder: Path) -> Path:
    """Where the server says what goes wrong."""
    return state_folder / "model" / "server.log"


def _launched(
    state_folder: Path, serving: Serving, port: int | None, timeout: float, last: ModelRecord | None
) -> ModelRecord:
    for candidate in _ports(port, last):
        record = _spawned(state_folder, serving, candidate)
        try:
            RECORDS.write(state_folder, record)
            _await_answer(state_folder, record, timeout)
        except BaseException as error:
            end(record.pid, record.process, 0.0)
            RECORDS.restore(state_folder, last)
            if isinstance(error, PortInUse) and not port:
                continue
            raise
        return record
    raise EngineFailed(f"no free port was found on {LOOPBACK}.", "Name one with --port.")


def _ports(port: int | None, last: ModelRecord | None) -> Iterator[int]:
    """The port that is asked for; else the one that it had before, as far as that is free, and then any."""
    if port:
        if not port_is_free(LOOPBACK, port):
            raise _port_in_use(port)
        yield port
        return
    if port is None and last is not None and port_is_free(LOOPBACK, last.port):
        yield last.port
    for _ in range(3):
        yield free_port(LOOPBACK)


def _spawned(state_folder: Path, serving: Serving, port: int) -> ModelRecord:
    log = log_file(state_folder)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            os.replace(log, log.with_name(f"{log.name}.1"))
        log.touch()
    except OSError as error:
        raise StateFolderUnusable(str(log.parent), reason(error)) from None
    name, file = serving.weights.name, str(serving.weights.file)
    command = [sys.executable, "-m", server.__name__, "--weights", file, "--name", name, "--port", str(port)]
    command += ["--threads", str(serving.threads), "--context", str(serving.context)]
    pid = detached.spawn(_WHAT, command, log.parent, log)
    # One that has ended already has no identity, and none that another process could have.
    known_as = identity(pid) or ""
    return ModelRecord(
        model=name,
        weights=file,
        host=LOOPBACK,
        port=port,
        threads=serving.threads,
        context=serving.context,
        pid=pid,
        process=known_as,
        started_at=datetime.now(UTC),
    )


def _await_answer(state_folder: Path, record: ModelRecord, seconds: float) -> None:
    # Its own word comes first: on a port in use somebody else's server would answer.
    deadline = time.monotonic() + seconds
    while not (READY in _said(state_folder) and _answers(record)):
        if not runs(record):
            raise _failure(state_folder, record)
        if time.monotonic() > deadline:
            raise EngineFailed(
                f"{_WHAT} was started and does not answer at {record.base_url} within {seconds:g} s.",
                f"Its log is {log_file(state_folder)}.",
            )
        time.sleep(_POLL_SECONDS)


def _answers(record: ModelRecord) -> bool:
    """Whether a server with a model answers there."""
    connection = http.client.HTTPConnection(record.host, record.port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def runs(record: ModelRecord) -> bool:
    """Whether the recorded process, and no other under its id, still runs."""
    return identity(record.pid) == record.process


def _require_same(record: ModelRecord, serving: Serving, port: int | None) -> None:
    asked = [
        f"{name} {wanted}"
        for name, wanted, there in (
            ("the model", str(serving.weights.file), record.weights),
            ("port", port or record.port, record.port),
            ("threads", serving.threads, record.threads),
            ("a context of", serving.context, record.context),
        )
        if wanted != there
    ]
    if asked:
        raise InputError(
            f"`{record.model}` is already served at {record.base_url}, and {' and '.join(asked)} was asked for.",
            "Stop it with `omni model stop` first, or use the one that is served.",
        )


def _failure(state_folder: Path, record: ModelRecord) -> EngineFailed | PortInUse:
    """Why the server ended at its start, from what it said."""
    said = _said(state_folder)
    if _PORT_TAKEN in said:
        return _port_in_use(record.port)
    lines = [line for line in said.splitlines() if " E " in line]
    words = lines[0].partition(" E ")[2].strip().rstrip(".") if lines else "it said nothing"
    return EngineFailed(f"{_WHAT} ended at its start: {words}.", f"Its log is {log_file(state_folder)}.")


def _said(state_folder: Path) -> str:
    try:
        return log_file(state_folder).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _port_in_use(port: int) -> PortInUse:
    return PortInUse(LOOPBACK, port, _WHAT, "Name a free one with --port, or leave it out and one is found.")
