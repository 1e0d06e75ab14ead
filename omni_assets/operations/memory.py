"""What the projection remembers of a broker: what this observation is held against beside the contracts."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from omni_assets.broker.capabilities import Capabilities, from_document
from omni_assets.broker.flows import Flows, ObservedGroup, TopicOffsets
from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.model import Manifest
from omni_assets.drift.flow import LOG, Earlier
from omni_assets.drift.kinds import UNDECLARED_KINDS
from omni_assets.drift.plan import Known
from omni_assets.drift.retirement import Retirement
from omni_assets.operations.audit import who
from omni_assets.operations.context import Context
from omni_assets.projection import rows
from omni_assets.projection.store import Projection


@dataclass(frozen=True, slots=True)
class Memory:
    """What is known of a cluster from before. ``known`` is what brakes compare a plan with."""

    capabilities: Capabilities | None = None
    topic_ids: Mapping[str, str] = field(default_factory=dict)
    earlier: Earlier = field(default_factory=Earlier)
    retirements: tuple[Retirement, ...] = ()
    known: Known = field(default_factory=Known)


class Because(StrEnum):
    """What makes something be what brakes compare with."""

    OBSERVED = "observed"
    APPLIED = "applied"
    ACKNOWLEDGED = "acknowledged"


def cluster_of(snapshot: BrokerSnapshot) -> str:
    """By what a cluster is known: its id, or its bootstrap address where it reports none."""
    return snapshot.cluster_id or snapshot.bootstrap_servers


def remember(context: Context, cluster: str) -> Memory:
    """What is remembered of ``cluster``; nothing where it was never observed. Raises ``StateError``."""
    known = Projection(context.home).remembered(cluster)
    return Memory(
        _capabilities(known.capabilities),
        {name: seen.topic_id for name, seen in known.topics.items() if seen.topic_id},
        _earlier(known),
        tuple(Retirement(row.topic, row.renamed_to, row.step, row.since) for row in known.retirements),
        _known(known.trusted, context.environment),
    )


def meant(context: Context) -> Known:
    """What brakes compare with in this environment. Raises ``StateError``."""
    return _known(Projection(context.home).trusted(), context.environment)


def seen_now(manifest: Manifest, snapshot: BrokerSnapshot) -> Known:
    """What a look found of that which brakes compare with."""
    return Known(len(manifest.topics), snapshot.cluster_id)


def keep_in_mind(context: Context, known: Known, seen: Known) -> None:
    """Remember what was seen, as far as that releases no brake. Raises ``StateError``."""
    kept = known.after(seen)
    if kept != known:
        trust(context, kept, Because.OBSERVED)


def trust(context: Context, meant: Known, because: Because) -> None:
    """From now on this is what brakes compare with. Raises ``StateError``."""
    row = rows.TrustedRow(
        context.environment, meant.cluster_id, meant.declared_topics or 0, who(), because, datetime.now(UTC)
    )
    Projection(context.home).record_trusted(row)


def _capabilities(row: rows.CapabilitiesRow | None) -> Capabilities | None:
    if row is None:
        return None
    try:
        return from_document(json.loads(row.document))
    except ValueError:
        return None  # written by another omni: it is probed again


def _known(trusted: tuple[rows.TrustedRow, ...], environment: str) -> Known:
    return next(
        (Known(row.declared_topics, row.cluster_id) for row in trusted if row.environment == environment), Known()
    )


def _earlier(known: rows.Remembered) -> Earlier:
    before = known.flows
    return Earlier(
        None if before.observed_at is None else _flows(before, before.observed_at),
        _unchanged_since(before),
        {row.topic: row.first_seen for row in known.drift if row.kind in UNDECLARED_KINDS},
        _rescued(known.rescued),
    )


def _flows(before: rows.EarlierFlows, at: datetime) -> Flows:
    logs: defaultdict[str, list[rows.EarlierOffset]] = defaultdict(list)
    committed: defaultdict[str, dict[tuple[str, int], int]] = defaultdict(dict)
    for row in before.offsets:
        if row.group_name == LOG:
            logs[row.topic].append(row)
        elif row.committed is not None:
            committed[row.group_name][row.topic, row.partition] = row.committed
    return Flows(
        at,
        {topic: _offsets(partitions) for topic, partitions in logs.items()},
        {
            name: ObservedGroup(name, row.state, row.members, committed[name], row.unknown)
            for name, row in before.groups.items()
        },
    )


def _offsets(partitions: list[rows.EarlierOffset]) -> TopicOffsets:
    ordered = sorted(partitions, key=lambda row: row.partition)
    return TopicOffsets(tuple(row.earliest or 0 for row in ordered), tuple(row.latest or 0 for row in ordered))


def _unchanged_since(before: rows.EarlierFlows) -> Mapping[tuple[str, str], datetime]:
    """Since when the offsets of each topic, and of each group in it, are what they are: the last change of any."""
    since: dict[tuple[str, str], datetime] = {}
    for row in before.offsets:
        key = (row.topic, row.group_name)
        since[key] = max(row.changed_at, since.get(key, row.changed_at))
    return since


def _rescued(rescued: tuple[rows.RescueRow, ...]) -> Mapping[str, Mapping[int, int]]:
    """The next offset to rescue by orphan and partition: the farthest, whichever topic it was brought to."""
    found: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for row in rescued:
        known = found[row.source].get(row.partition, 0)
        found[row.source][row.partition] = max(row.position, known)
    return found
