"""noida-db, the embedded default: one packaged binary, a single node for development, no container and no Java."""

from __future__ import annotations

import importlib.util
import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from omni_assets.broker.connection import Connection
from omni_assets.broker.local.engine import Place
from omni_assets.broker.local.probe import answers
from omni_assets.broker.local.record import BrokerRecord
from omni_assets.errors import BrokerError, EngineFailed, EngineUnavailable, PortInUse, StateFolderUnusable, reason
from omni_assets.processes import detached
from omni_assets.processes.identity import command_line, end, identity

NAME = "noida"

_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.01
_SNAPSHOT = "kafka.json"
_CONTROL = "noida.control.json"
_NOISE = "weak version"  # the loader's remark where glibc is older than the one that it was built with


class Noida:
    """The embedded broker. Its data is one file that it writes about once a second, and when it is stopped."""

    name = NAME
    conventional_port = 9092

    def check(self) -> None:
        """Raise ``EngineUnavailable`` where the package is not installed."""
        _binary()

    def launch(
        self, place: Place, host: str, port: int, seconds: float, spawned: Callable[[BrokerRecord], None]
    ) -> BrokerRecord:
        """Start the broker. Raises ``EngineUnavailable``, ``PortInUse``, ``EngineFailed`` and ``StateError``."""
        try:
            place.data_dir.mkdir(parents=True, exist_ok=True)
            if _listens(place):
                # Its last words may say why it ended. One that never listened says nothing that the next does not.
                place.log.replace(place.log.with_name(f"{place.log.name}.1"))
            place.log.write_bytes(b"")
        except OSError as error:
            raise StateFolderUnusable(str(place.folder), reason(error)) from None
        pid = _spawn(place, host, port)
        process = identity(pid)
        record = BrokerRecord(
            engine=self.name,
            bootstrap_servers=_address(host, port),
            pid=pid,
            host=host,
            port=port,
            data_dir=str(place.data_dir),
            started_at=datetime.now(UTC),
            process=process,
        )
        try:
            if process is not None:
                spawned(record)
            self._await_ready(place, record, time.monotonic() + seconds, seconds)
            self.settle(record, seconds)
        except BaseException:
            _kill(record)
            raise
        return record

    def settle(self, record: BrokerRecord, seconds: float) -> None:
        """Turn auto-creation off: it is on after every start. Raises ``EngineFailed``."""
        from omni_assets.broker.admin import BrokerAdmin

        try:
            with BrokerAdmin(Connection(record.bootstrap_servers, timeout=seconds)) as admin:
                admin.disable_auto_create()
        except BrokerError as error:
            raise EngineFailed(
                f"the embedded broker could not be told to create no topics by itself: {error.message}",
                "Stop it with `omni broker stop`, then start it again.",
            ) from None

    def adopt(self, place: Place, /) -> BrokerRecord | None:
        """The broker that its own control file names, where that process runs on this data folder."""
        try:
            control = json.loads(place.data_dir.joinpath(_CONTROL).read_bytes())
            pid = int(control["pid"])
        except (OSError, ValueError, TypeError, KeyError):
            return None
        arguments = command_line(pid)
        options = dict(pairwise(arguments))
        host, port = options.get("--host", ""), options.get("--kafka-port", "")
        process = identity(pid)
        if process is None or options.get("--data-dir") != str(place.data_dir) or not port.isdecimal():
            return None
        started_at = datetime.now(UTC)
        return BrokerRecord(
            self.name, _address(host, int(port)), pid, host, int(port), str(place.data_dir), started_at, process
        )

    def alive(self, record: BrokerRecord, _seconds: float, /) -> bool:
        """Whether the recorded process, and no other under its id, still runs. That is seen at once."""
        return _runs(record)

    def stop(self, record: BrokerRecord) -> None:
        """End the process; it saves everything first. Raises ``EngineFailed`` where it cannot be ended."""
        if record.pid is None or record.process is None:
            return
        detached.stop("the broker", record.pid, record.process, _STOP_SECONDS)

    def set_aside(self, place: Place) -> Path | None:
        """Move the data file aside, never delete it. Raises ``StateError``."""
        snapshot = place.data_dir / _SNAPSHOT
        aside = snapshot.with_name(f"{_SNAPSHOT}.aside-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
        try:
            snapshot.rename(aside)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateFolderUnusable(str(place.data_dir), reason(error)) from None
        return aside

    def _await_ready(self, place: Place, record: BrokerRecord, deadline: float, seconds: float) -> None:
        # Its own word comes first: on a port in use somebody else's broker would answer.
        while not (_listens(place) and answers(record.host, record.port, 0.5)):
            if not _runs(record):
                raise _failure(place, record)
            if time.monotonic() > deadline:
                raise EngineFailed(
                    f"the embedded broker was started and does not answer at {record.bootstrap_servers} "
                    f"within {seconds:g} s.",
                    f"Its log is {place.log}.",
                )
            time.sleep(_POLL_SECONDS)


def _binary() -> str:
    package = importlib.util.find_spec("noida_db")
    folders = package.submodule_search_locations if package else None
    for folder in folders or ():
        binary = Path(folder) / "noida-db"
        if os.access(binary, os.X_OK):
            return str(binary)
    raise EngineUnavailable(
        "the embedded broker (noida-db) is not installed.",
        "Install it with `pip install 'omni-assets[broker]'`, or name a broker with --bootstrap-servers.",
    )


def _spawn(place: Place, host: str, port: int) -> int:
    broker = [_binary(), "start", "--data-dir", str(place.data_dir), "--host", host]
    broker += ["--only", "kafka", "--kafka-port", str(port)]
    return detached.spawn("the embedded broker", broker, place.data_dir, place.log)


def _runs(record: BrokerRecord) -> bool:
    return record.pid is not None and record.process is not None and identity(record.pid) == record.process


def _kill(record: BrokerRecord) -> None:
    if record.pid is not None and record.process is not None:
        end(record.pid, record.process, 0.0)


def _listens(place: Place) -> bool:
    return any(line.startswith("  kafka ") for line in _log_lines(place))


def _failure(place: Place, record: BrokerRecord) -> EngineFailed | PortInUse:
    """Why the broker ended at its start, from the last words in its log."""
    lines = _log_lines(place)
    last = next((line for line in reversed(lines) if line.startswith("error:")), lines[-1] if lines else "")
    words = last.removeprefix("error: ").strip().rstrip(".") or "it said nothing"
    if "already in use" in words:
        return PortInUse(
            record.host,
            record.port,
            "the embedded broker",
            "Name a free one with --port, or leave it out and one is found.",
        )
    if "failed to parse" in words:
        snapshot = place.data_dir / _SNAPSHOT
        return EngineFailed(
            f"the embedded broker cannot read its data file {snapshot}: {words.rpartition('snapshot: ')[2]}.",
            "Restore the file, or let `omni broker start --reset` move it aside and start empty.",
        )
    return EngineFailed(f"the embedded broker ended at its start: {words}.", f"Its log is {place.log}.")


def _log_lines(place: Place) -> list[str]:
    try:
        text = place.log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip() and _NOISE not in line]


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
