"""Observing the broker, and projecting what differs from the contracts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.model import Manifest
from omni_assets.drift.diff import Drift, diff, with_record_bounds
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.verdict import Verdict
from omni_assets.operations.context import Context
from omni_assets.operations.recording import record_observation, record_snapshot

BOUNDED_ORPHANS = 1_000
"""Most orphans whose records are bounded in one observation; the others show no number."""


@dataclass(frozen=True, slots=True)
class OpenDrift:
    """A difference, and since when it has been seen."""

    drift: Drift
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class DriftReport:
    """One observation held against the contracts."""

    manifest: Manifest
    snapshot: BrokerSnapshot
    rows: tuple[OpenDrift, ...]

    @property
    def counts(self) -> dict[str, int]:
        """The number of differences by verdict, ``in_sync`` counting declared topics without any."""
        return verdict_counts((row.drift for row in self.rows), len(self.manifest.topics))

    @property
    def absent(self) -> tuple[Drift, ...]:
        """Differences that leave a declared topic missing, unseen or untouched."""
        kinds = (DriftKind.MISSING, DriftKind.UNKNOWN, DriftKind.CONFLICT)
        return tuple(row.drift for row in self.rows if row.drift.kind in kinds)


def observe(context: Context) -> BrokerSnapshot:
    """Take a snapshot of the broker and project it. Raises ``BrokerError`` and ``StateError``."""
    with context.admin() as admin:
        snapshot = admin.snapshot()
    record_snapshot(context, snapshot)
    return snapshot


def drift(context: Context, manifest: Manifest) -> DriftReport:
    """Take a snapshot, diff it against ``manifest``, and project all three. Raises ``BrokerError``, ``StateError``."""
    with context.admin() as admin:
        snapshot = admin.snapshot(manifest.topics)
        found = diff(manifest, snapshot)
        orphans = [row.topic for row in found if row.kind is DriftKind.ORPHANED][:BOUNDED_ORPHANS]
        if orphans:
            found = with_record_bounds(found, admin.record_bounds(orphans))
    recorded = record_observation(context, manifest, snapshot, found)
    return DriftReport(manifest, snapshot, tuple(OpenDrift(*each) for each in recorded))


def verdict_counts(drift: Iterable[Drift], declared_topics: int) -> dict[str, int]:
    """The number of rows by verdict; ``in_sync`` is the number of declared topics without a row."""
    rows = tuple(drift)
    counts = Counter(row.verdict for row in rows)
    differing = {row.topic for row in rows if row.kind is not DriftKind.ORPHANED}
    return {
        verdict.value: declared_topics - len(differing) if verdict is Verdict.IN_SYNC else counts[verdict]
        for verdict in Verdict
    }
