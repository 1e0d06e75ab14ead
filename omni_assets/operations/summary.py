"""What became of drift lately, from the projection alone: no broker is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from omni_assets.operations.context import Context
from omni_assets.operations.recording import stored_drift
from omni_assets.projection.rows import ObservationRow, SummaryRow
from omni_assets.projection.store import Projection

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Summary:
    """Drift by kind and verdict as the ``observation`` left it; what opened and was resolved is counted from ``since``
    to ``until``."""

    observation: ObservationRow
    since: datetime
    until: datetime
    rows: tuple[SummaryRow, ...]


def summarize(context: Context, lately: timedelta = DAY, until: datetime | None = None) -> Summary:
    """Sum up the drift of this context's broker, or of the one that was observed last where nobody named one.

    Raises ``StateError`` where it was not observed yet.
    """
    now = datetime.now(UTC) if until is None else until
    observation, _ = stored_drift(context)
    rows = Projection(context.home).summary(observation.cluster, now - lately)
    return Summary(observation, now - lately, now, rows)
