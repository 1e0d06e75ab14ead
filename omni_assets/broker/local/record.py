"""The record of the local broker, ``broker.json`` in the state folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from omni_assets.processes.record import RecordFile


@dataclass(frozen=True, slots=True)
class BrokerRecord:
    """A local broker that was started, and perhaps stopped since; it keeps the port for the next start.

    ``pid`` and ``process`` identify its process, ``None`` where the engine runs it in a container. ``data_dir`` is
    the folder that holds its data, or the name of the volume.
    """

    engine: str
    bootstrap_servers: str
    pid: int | None
    host: str
    port: int
    data_dir: str
    started_at: datetime
    process: str | None = None
    stopped_at: datetime | None = None


RECORDS = RecordFile(BrokerRecord, "broker.json", "a broker")
