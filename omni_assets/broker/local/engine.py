"""What a local broker engine can do. Each engine is one class; ``lifecycle`` knows nothing else of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from omni_assets.broker.local.record import BrokerRecord


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine works: its data folder and its log, in the state folder."""

    state_folder: Path
    engine: str

    @property
    def folder(self) -> Path:
        """The folder of all engines in the state folder."""
        return self.state_folder / "broker"

    @property
    def data_dir(self) -> Path:
        """The folder of this engine's data."""
        return self.folder / self.engine

    @property
    def log(self) -> Path:
        """The file that the engine writes its log to."""
        return self.folder / f"{self.engine}.log"


class Engine(Protocol):
    """A broker that can be run on this machine."""

    @property
    def name(self) -> str:
        """The name that people choose it by."""

    @property
    def conventional_port(self) -> int:
        """The port to try first where nobody named one."""

    def check(self) -> None:
        """Raise ``EngineUnavailable`` where it cannot run here, with the way out."""

    def launch(
        self, place: Place, host: str, port: int, seconds: float, spawned: Callable[[BrokerRecord], None]
    ) -> BrokerRecord:
        """Start a broker and return when it answers and creates no topic by itself.

        ``spawned`` is called as soon as there is something to stop. When this raises, nothing is left running.
        Raises ``PortInUse`` and ``EngineFailed``.
        """

    def settle(self, record: BrokerRecord, seconds: float) -> None:
        """Make a running broker create no topic by itself; harmless when repeated. Raises ``EngineFailed``."""

    def adopt(self, place: Place, /) -> BrokerRecord | None:
        """The broker that runs in this place although no record tells of it: its starter was killed in between."""

    def alive(self, record: BrokerRecord, seconds: float, /) -> bool:
        """Whether the recorded broker still exists, as far as can be seen within ``seconds``. It need not answer."""

    def stop(self, record: BrokerRecord) -> None:
        """End the recorded broker, keeping its data. Raises ``EngineFailed`` where it does not end."""

    def set_aside(self, place: Place) -> Path | None:
        """Move the data away so that the next start is empty; where to, or ``None`` where there was none."""
