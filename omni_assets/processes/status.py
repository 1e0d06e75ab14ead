"""How a process is that was started here, and perhaps stopped since."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

R = TypeVar("R")


class State(StrEnum):
    """``STALE``: it ended without being stopped, or its record cannot be read."""

    RUNNING = "running"
    STOPPED = "stopped"
    STALE = "stale"
    NOT_ANSWERING = "not answering"


@dataclass(frozen=True, slots=True)
class Status(Generic[R]):
    """The state, the record that it was told from, and a sentence for people."""

    state: State
    record: R | None
    detail: str
