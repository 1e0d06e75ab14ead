"""What the offsets and the consumer groups say against the contracts: stranded records, silent readers and writers.

Pure. What could not be seen is ``unknown``, never silent. Offsets are not counts: a transaction marker takes one too,
so numbers of records are upper bounds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from omni_assets.broker.flows import Flows
from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.model import Manifest
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.text import count, visible
from omni_assets.drift.diff import Drift, in_order
from omni_assets.drift.earlier import LOG, NOTHING_EARLIER, Earlier
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.policy import BUILT_IN_POLICY, Policy
from omni_assets.drift.silent_readers import silent_readers
from omni_assets.drift.silent_writers import silent_writers
from omni_assets.drift.stranded import stranded

__all__ = ["LOG", "NOTHING_EARLIER", "Earlier", "flow_drift", "joined", "watched", "with_flows"]


def flow_drift(
    manifest: Manifest,
    snapshot: BrokerSnapshot,
    flows: Flows,
    earlier: Earlier = NOTHING_EARLIER,
    policy: Policy = BUILT_IN_POLICY,
    grammar: Grammar | None = None,
) -> tuple[Drift, ...]:
    """Stranded records, silent readers and silent writers, by topic, kind and field.

    A topic of which that could not be told has one row of kind ``unknown`` and field ``flows``.
    """
    return joined(
        stranded(manifest, snapshot, flows, earlier, policy, grammar),
        silent_readers(manifest, snapshot, flows, earlier, policy),
        silent_writers(manifest, snapshot, flows, earlier, policy),
    )


def joined(*drifts: Iterable[Drift]) -> tuple[Drift, ...]:
    """All rows in order, each once; a stranded or retiring topic has no orphan's row beside it."""
    rows = {(row.topic, row.kind, row.field): row for drift in drifts for row in drift}
    told = {topic for topic, kind, _ in rows if kind in (DriftKind.STRANDED, DriftKind.RETIRING)}
    return in_order(row for row in rows.values() if not (row.kind is DriftKind.ORPHANED and row.topic in told))


def watched(manifest: Manifest, snapshot: BrokerSnapshot) -> tuple[str, ...]:
    """The topics whose offsets ``flow_drift`` wants to see: the declared ones that are there, and the orphans."""
    return tuple(name for name, seen in snapshot.topics.items() if name in manifest.topics or not seen.internal)


def with_flows(drift: Iterable[Drift], flows: Flows) -> tuple[Drift, ...]:
    """The same drift, orphans showing at most how many records they hold and which groups read them, where seen."""
    readers: dict[str, list[str]] = {}
    for group in flows.readers:
        for topic in group.topics:
            readers.setdefault(topic, []).append(f"`{visible(group.name)}`")
    return tuple(
        _with_flows(row, flows, readers.get(row.topic, [])) if row.kind is DriftKind.ORPHANED else row for row in drift
    )


def _with_flows(row: Drift, flows: Flows, readers: list[str]) -> Drift:
    offsets = flows.offsets.get(row.topic)
    most = None if offsets is None else offsets.most_records
    shown = row.observed if most is None else f"<={count(most, 'record')}"
    read = f"read by {', '.join(readers[:_MOST_NAMES])}{', …' if len(readers) > _MOST_NAMES else ''}" if readers else ""
    return replace(row, observed=shown, detail="; ".join(filter(None, (row.detail, read))))


_MOST_NAMES = 3
