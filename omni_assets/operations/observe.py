"""Observing the broker: what it has and what moves on it, held against the contracts and what was known before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.capabilities import Capabilities
from omni_assets.broker.flows import Flows
from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.model import Manifest
from omni_assets.contracts.naming import Grammar
from omni_assets.drift.diff import Drift, diff
from omni_assets.drift.flow import flow_drift, joined, watched, with_flows
from omni_assets.drift.health import Unhealthy, health
from omni_assets.drift.kinds import FLOWS, DriftKind
from omni_assets.drift.policy import Policy
from omni_assets.drift.retirement import retiring
from omni_assets.drift.verdict import Verdict
from omni_assets.operations.capabilities import current
from omni_assets.operations.context import Context
from omni_assets.operations.memory import Memory, cluster_of, keep_in_mind, remember, seen_now
from omni_assets.operations.policy import policy_of
from omni_assets.operations.recording import News, record_look, record_snapshot


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a broker, and what differs. Nothing of it is projected yet."""

    manifest: Manifest
    grammar: Grammar
    policy: Policy
    snapshot: BrokerSnapshot
    flows: Flows
    memory: Memory
    drift: tuple[Drift, ...]


@dataclass(frozen=True, slots=True)
class OpenDrift:
    """A difference, and since when it has been seen."""

    drift: Drift
    first_seen: datetime


@dataclass(frozen=True, slots=True)
class DriftReport:
    """One observation held against the contracts. ``calls`` counts the requests to the broker; ``news`` is what opened,
    changed or was resolved since the observation before."""

    manifest: Manifest
    snapshot: BrokerSnapshot
    rows: tuple[OpenDrift, ...]
    unhealthy: tuple[Unhealthy, ...] = ()
    calls: int = 0
    news: tuple[News, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """The number of differences by verdict, ``in_sync`` counting declared topics without any."""
        return verdict_counts((row.drift for row in self.rows), len(self.manifest.topics))

    @property
    def absent(self) -> tuple[Drift, ...]:
        """Differences that leave a declared topic missing, unseen or untouched."""
        kinds = (DriftKind.MISSING, DriftKind.UNKNOWN, DriftKind.CONFLICT)
        return tuple(row.drift for row in self.rows if row.drift.kind in kinds and row.drift.field != FLOWS)


def observe(context: Context) -> BrokerSnapshot:
    """Take a snapshot of the broker and project it. Raises ``BrokerError`` and ``StateError``."""
    with context.admin() as admin:
        snapshot = admin.snapshot()
    record_snapshot(context, snapshot)
    return snapshot


def look(context: Context, admin: BrokerAdmin, manifest: Manifest) -> Look:
    """Look at everything, and say what differs. Writes nothing anywhere. Raises ``BrokerError``, ``StateError``."""
    snapshot, flows = admin.look(manifest.topics)
    return _in_the_light_of_the_past(context, manifest, snapshot, flows)


def look_at_topics(context: Context, admin: BrokerAdmin, manifest: Manifest) -> Look:
    """Look at topics and their settings alone: what moves on them is not known. Raises as ``look``."""
    snapshot = admin.snapshot(manifest.topics)
    return _in_the_light_of_the_past(context, manifest, snapshot, _not_looked_at(snapshot))


def in_the_light_of(seen: Look, capabilities: Capabilities) -> Look:
    """The same look, judged by what the broker honours."""
    memory = replace(seen.memory, capabilities=capabilities)
    return _held_against(seen.manifest, seen.grammar, seen.policy, seen.snapshot, seen.flows, memory)


def look_again(admin: BrokerAdmin, seen: Look) -> Look:
    """Look at the topics once more, with the same in mind. Raises ``BrokerError``."""
    snapshot = admin.snapshot(seen.manifest.topics)
    return _held_against(seen.manifest, seen.grammar, seen.policy, snapshot, _not_looked_at(snapshot), seen.memory)


def look_at_flows(admin: BrokerAdmin, seen: Look) -> Look:
    """The same look with what moves: offsets and consumer groups. Raises ``BrokerError``."""
    flows = admin.flows(watched(seen.manifest, seen.snapshot))
    return _held_against(seen.manifest, seen.grammar, seen.policy, seen.snapshot, flows, seen.memory)


def _in_the_light_of_the_past(context: Context, manifest: Manifest, snapshot: BrokerSnapshot, flows: Flows) -> Look:
    memory = current(remember(context, cluster_of(snapshot)), snapshot)
    return _held_against(manifest, context.grammar(), policy_of(context), snapshot, flows, memory)


def _held_against(
    manifest: Manifest, grammar: Grammar, policy: Policy, snapshot: BrokerSnapshot, flows: Flows, memory: Memory
) -> Look:
    found = joined(
        diff(manifest, snapshot, policy, memory.capabilities, memory.topic_ids),
        flow_drift(manifest, snapshot, flows, memory.earlier, policy, grammar),
        retiring(manifest, snapshot, memory.retirements),
    )
    return Look(manifest, grammar, policy, snapshot, flows, memory, with_flows(found, flows))


def _not_looked_at(snapshot: BrokerSnapshot) -> Flows:
    return Flows(snapshot.observed_at, {}, {}, "it was not looked at")


def drift(context: Context, manifest: Manifest) -> DriftReport:
    """Look at the broker, and project it with what differs. Raises ``BrokerError`` and ``StateError``."""
    with context.admin() as admin:
        seen = look(context, admin, manifest)
        calls = admin.calls
    return report(context, seen, calls)


def drift_from(context: Context, seen: Look, calls: int) -> DriftReport:
    """The same from a look at topics that took ``calls`` requests: only what moves on them is looked at now."""
    with context.admin() as admin:
        whole = look_at_flows(admin, seen)
        calls += admin.calls
    return report(context, whole, calls)


def report(context: Context, seen: Look, calls: int) -> DriftReport:
    """Project a look, and say what is open and since when. Releases no brake. Raises ``StateError``."""
    recorded = record_look(context, seen.manifest, seen.snapshot, seen.flows, seen.drift, calls)
    keep_in_mind(context, seen.memory.known, seen_now(seen.manifest, seen.snapshot))
    return DriftReport(
        seen.manifest,
        seen.snapshot,
        tuple(OpenDrift(*each) for each in recorded.open),
        health(seen.snapshot),
        calls,
        recorded.news,
    )


def verdict_counts(drift: Iterable[Drift], declared_topics: int) -> dict[str, int]:
    """The number of rows by verdict; ``in_sync`` is the number of declared topics without a row."""
    rows = tuple(drift)
    counts = Counter(row.verdict for row in rows)
    differing = {row.topic for row in rows if row.owner is not None}
    return {
        verdict.value: declared_topics - len(differing) if verdict is Verdict.IN_SYNC else counts[verdict]
        for verdict in Verdict
    }
