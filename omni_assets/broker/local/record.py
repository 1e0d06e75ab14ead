"""The record of the local broker, ``broker.json`` in the state folder: it outlives the command that wrote it."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from omni_assets.errors import StateFolderUnusable, reason

RECORD_FILE = "broker.json"


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


class RecordDamaged(Exception):
    """The record is there and cannot be read. Nothing is lost by writing it anew."""


def read(state_folder: Path) -> BrokerRecord | None:
    """The record, or ``None`` where there never was one. Raises ``RecordDamaged``."""
    file = state_folder / RECORD_FILE
    try:
        return _adapter().validate_json(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise RecordDamaged(f"{file} cannot be read: {reason(error)}") from None
    except ValidationError:
        raise RecordDamaged(f"{file} is not the record of a broker") from None


def write(state_folder: Path, record: BrokerRecord) -> None:
    """Put the record in place as a whole. Raises ``StateFolderUnusable``."""
    try:
        handle, name = tempfile.mkstemp(dir=state_folder, prefix=".broker-", suffix=".json")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_adapter().dump_json(record, indent=2) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, state_folder / RECORD_FILE)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StateFolderUnusable(str(state_folder), reason(error)) from None


@cache
def _adapter() -> TypeAdapter[BrokerRecord]:
    return TypeAdapter(BrokerRecord)
