"""What a handler may know of its task, beside the event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from omni_assets.broker.assignment import Place


@dataclass(frozen=True, slots=True)
class TaskContext:
    """A task of ``node``: the record at ``place``. ``id`` is that of its receipt, the same whenever it is tried;
    nothing that comes of it counts after ``deadline``.
    """

    id: str
    node: str
    place: Place
    deadline: datetime | None = None
