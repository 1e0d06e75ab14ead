"""The record of the local model's server, ``model.json`` in the state folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from omni_assets.processes.record import RecordFile


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A server that was started, and perhaps stopped since; it keeps the port for the next start.

    ``model`` is the name that it serves ``weights`` under. ``threads`` compute at once, and ``context`` is the most
    tokens of prompt and answer together. ``pid`` and ``process`` identify its process.
    """

    model: str
    weights: str
    host: str
    port: int
    threads: int
    context: int
    pid: int
    process: str
    started_at: datetime
    stopped_at: datetime | None = None

    @property
    def base_url(self) -> str:
        """Where it speaks OpenAI's chat completions."""
        return f"http://{self.host}:{self.port}/v1"


RECORDS = RecordFile(ModelRecord, "model.json", "a model's server")
