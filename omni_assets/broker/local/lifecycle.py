"""Starting, stopping and recognising the local broker of a state folder. One at a time, however many ask."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from omni_assets.broker.local import noida, probe, redpanda
from omni_assets.broker.local.engine import Engine, Place
from omni_assets.broker.local.record import RECORDS, BrokerRecord
from omni_assets.errors import EngineFailed, InputError, PortInUse, reason
from omni_assets.processes.ports import free_port, port_is_free
from omni_assets.processes.record import RecordDamaged
from omni_assets.processes.status import State, Status
from omni_assets.processes.turns import turn

ENGINES: Mapping[str, Engine] = {engine.name: engine for engine in (noida.Noida(), redpanda.Redpanda())}
DEFAULT_ENGINE = noida.NAME
LOOPBACK = "127.0.0.1"
START_SECONDS = 15.0

_LOCK_FILE = "broker.lock"
_NEAR_PORTS = 64
_ANSWER_SECONDS = 1.0
_ANSWER_AT_A_GLANCE_SECONDS = 5.0  # where nothing listens that is known at once, and a busy machine is slow
_ALIVE_SECONDS = 15.0
_ALIVE_AT_A_GLANCE_SECONDS = 3.0  # every command that names no broker looks


def start(
    state_folder: Path,
    engine: str = DEFAULT_ENGINE,
    host: str = LOOPBACK,
    port: int | None = None,
    timeout: float = START_SECONDS,
    reset: bool = False,
) -> BrokerRecord:
    """The running broker of this state folder, started unless it runs already.

    Without a port it takes the one that it had before, then the engine's conventional one or the next that
    is free, then any that is; port 0 is any free port.
    ``timeout`` is the number of seconds until it must answer; ``reset`` moves its data aside first. Raises
    ``EngineUnavailable``, ``EngineFailed``, ``PortInUse``, ``StateError``, and ``InputError`` where another engine,
    host or port than that of the running broker is asked for.
    """
    chosen = ENGINES.get(engine)
    if chosen is None:
        raise InputError(f"there is no broker engine `{engine}`.", f"There are {', '.join(sorted(ENGINES))}.")
    if port is not None and not 0 <= port < 65536:
        raise InputError(f"{port} is not a port.", "Give a number between 1 and 65535, or 0 for any free port.")
    with turn(state_folder, _LOCK_FILE, "the broker"):
        found = _look(state_folder)
        if found.record is not None and found.state in (State.RUNNING, State.NOT_ANSWERING):
            if reset:
                raise InputError(
                    f"the broker at {found.record.bootstrap_servers} is running on the data that a reset would move.",
                    "Stop it with `omni broker stop` first.",
                )
            _require_same(found.record, engine, host, port)
            answering = _answering(state_folder, found.record, timeout)
            if answering is not None:
                return answering
        chosen.check()
        place = Place(state_folder, engine)
        if reset:
            chosen.set_aside(place)
        return _launched(chosen, place, host, port, timeout, found.record)


def stop(state_folder: Path) -> BrokerRecord | None:
    """Stop the broker of this state folder, keeping its data. ``None`` where none was running.

    Raises ``EngineFailed`` where it does not end, and ``StateError``.
    """
    if not state_folder.is_dir():
        return None
    with turn(state_folder, _LOCK_FILE, "the broker"):
        found = _look(state_folder)
        record = found.record
        if record is None or found.state is State.STOPPED:
            return None
        alive = found.state is not State.STALE
        if alive:
            ENGINES[record.engine].stop(record)
        stopped = replace(record, stopped_at=datetime.now(UTC))
        RECORDS.write(state_folder, stopped)
        return stopped if alive else None


def status(state_folder: Path) -> Status[BrokerRecord]:
    """How the broker of this state folder is. Changes nothing and never raises."""
    return _look(state_folder)


def last_address(state_folder: Path) -> str | None:
    """Where the broker of this state folder was last, running or not; ``None`` where there was none."""
    record, _ = _recorded(state_folder)
    return record.bootstrap_servers if record is not None else None


def running(state_folder: Path) -> BrokerRecord | None:
    """The record of the broker of this state folder, where it runs and answers. Ten seconds at most.

    An engine is asked only about an address that answers, and one that does not say in time that its broker runs is
    taken to run none.
    """
    record, _ = _recorded(state_folder)
    if (
        record is not None
        and record.stopped_at is None
        and _answers(record, _ANSWER_AT_A_GLANCE_SECONDS)
        and ENGINES[record.engine].alive(record, _ALIVE_AT_A_GLANCE_SECONDS)
    ):
        return record
    adopted = _adopted(state_folder)
    return adopted if adopted is not None and _answers(adopted, _ANSWER_AT_A_GLANCE_SECONDS) else None


def _recorded(state_folder: Path) -> tuple[BrokerRecord | None, str]:
    """The record, and what is wrong with the file where it holds none that can be used."""
    try:
        record = RECORDS.read(state_folder)
    except RecordDamaged as error:
        return None, str(error)
    if record is not None and record.engine not in ENGINES:
        return None, f"{state_folder / RECORDS.name} names an engine `{record.engine}` that is unknown"
    return record, ""


def _adopted(state_folder: Path) -> BrokerRecord | None:
    """The broker that runs here although no record tells of it."""
    places = ((engine, Place(state_folder, engine.name)) for engine in ENGINES.values())
    return next((found for engine, place in places if (found := engine.adopt(place)) is not None), None)


def _answers(record: BrokerRecord, seconds: float = _ANSWER_SECONDS) -> bool:
    return probe.answers(record.host, record.port, seconds)


def _look(state_folder: Path) -> Status[BrokerRecord]:
    record, damage = _recorded(state_folder)
    if record is None or record.stopped_at is not None or not ENGINES[record.engine].alive(record, _ALIVE_SECONDS):
        return _unrecorded(state_folder, record, damage)
    if not _answers(record):
        detail = f"the {record.engine} broker{_process(record)} does not answer at {record.bootstrap_servers}"
        return Status(State.NOT_ANSWERING, record, f"{detail}; stop it with `omni broker stop`.")
    detail = f"a {record.engine} broker{_process(record)} answers at {record.bootstrap_servers}."
    return Status(State.RUNNING, record, detail)


def _unrecorded(state_folder: Path, record: BrokerRecord | None, damage: str) -> Status[BrokerRecord]:
    """What there is when the record does not tell of a living broker: perhaps one whose starter was killed."""
    adopted = _adopted(state_folder)
    if adopted is not None:
        state = State.RUNNING if _answers(adopted) else State.NOT_ANSWERING
        detail = f"a {adopted.engine} broker{_process(adopted)} runs at {adopted.bootstrap_servers} without a record."
        return Status(state, adopted, detail)
    if damage:
        return Status(State.STALE, None, f"{damage}; no broker runs here.")
    if record is None:
        return Status(State.STOPPED, None, "no broker was started here.")
    if record.stopped_at is not None:
        detail = f"the {record.engine} broker at {record.bootstrap_servers} was stopped."
        return Status(State.STOPPED, record, detail)
    detail = f"the {record.engine} broker{_process(record)} at {record.bootstrap_servers} ended without being stopped."
    return Status(State.STALE, record, detail)


def _launched(
    engine: Engine, place: Place, host: str, port: int | None, timeout: float, last: BrokerRecord | None
) -> BrokerRecord:
    def spawned(record: BrokerRecord) -> None:
        RECORDS.write(place.state_folder, record)

    for candidate in _ports(engine, host, port, last):
        try:
            record = engine.launch(place, host, candidate, timeout, spawned)
        except BaseException as error:
            RECORDS.restore(place.state_folder, last)
            if isinstance(error, PortInUse) and not port:
                continue
            raise
        RECORDS.write(place.state_folder, record)
        return record
    raise EngineFailed(f"no free port was found on {host}.", "Name one with --port.")


def _ports(engine: Engine, host: str, port: int | None, last: BrokerRecord | None) -> Iterator[int]:
    if port:
        yield port
        return
    if port is None:
        yield from _familiar_ports(engine, host, last)
    for _ in range(3):
        try:
            yield free_port(host)
        except OSError as error:
            raise InputError(
                f"no server can listen on the host {host}: {reason(error)}.",
                f"Name an address of this machine, such as {LOOPBACK}.",
            ) from None


def _familiar_ports(engine: Engine, host: str, last: BrokerRecord | None) -> Iterator[int]:
    """The port that it had before, and those near the engine's conventional one, as far as they are free."""
    wanted = [last.port] if last is not None and last.engine == engine.name and last.host == host else []
    # Near the conventional one first: what the system hands out is also what it gives to clients meanwhile.
    near = range(engine.conventional_port, engine.conventional_port + _NEAR_PORTS)
    for candidate in dict.fromkeys([*wanted, *near]):
        if port_is_free(host, candidate):
            yield candidate


def _require_same(record: BrokerRecord, engine: str, host: str, port: int | None) -> None:
    asked = [
        f"{name} {wanted}"
        for name, wanted, there in (
            ("engine", engine, record.engine),
            ("host", host, record.host),
            ("port", port or None, record.port),
        )
        if wanted is not None and wanted != there
    ]
    if asked:
        raise InputError(
            f"a {record.engine} broker already runs at {record.bootstrap_servers}, and {' and '.join(asked)} "
            f"was asked for.",
            "Stop it with `omni broker stop` first, or use the one that runs.",
        )


def _answering(state_folder: Path, record: BrokerRecord, timeout: float) -> BrokerRecord | None:
    """The broker once it answers; ``None`` where it ends before: who was killed a moment ago still runs for another."""
    deadline = time.monotonic() + timeout
    while not _answers(record):
        if not ENGINES[record.engine].alive(record, _ALIVE_SECONDS):
            return None
        if time.monotonic() > deadline:
            raise EngineFailed(
                f"the {record.engine} broker{_process(record)} runs and does not answer at {record.bootstrap_servers}.",
                "Stop it with `omni broker stop`, then start it again.",
            )
        time.sleep(0.05)
    # Whoever started it may have been killed before the last steps.
    ENGINES[record.engine].settle(record, timeout)
    RECORDS.write(state_folder, record)
    return record


def _process(record: BrokerRecord) -> str:
    return "" if record.pid is None else f" (process {record.pid})"
