"""What a report tells, gathered: immutable values. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from omni_assets.contracts.model import Finding, Manifest
from omni_assets.contracts.wiring.graph import Wiring
from omni_assets.contracts.wiring.mismatches import Mismatch
from omni_assets.projection.rows import DriftRow, HistoryRow, ObservationRow, Told


@dataclass(frozen=True, slots=True)
class Content:
    """What is declared and remembered, as it was at ``now``; of tasks what ended since ``since``.

    ``observation`` is the last of the broker that is meant, ``None`` where it was never looked at; ``drift`` and
    ``history`` are its own. ``cut`` says of which rows only the newest are there, and how many those are.
    """

    project: str
    environment: str
    now: datetime
    since: datetime | None
    manifest: Manifest
    wiring: Wiring
    near: tuple[Mismatch, ...]
    findings: tuple[Finding, ...]
    observation: ObservationRow | None
    drift: tuple[DriftRow, ...]
    history: tuple[HistoryRow, ...]
    told: Told
    cut: Mapping[str, int]
