"""From the values of the other floors to the projection's rows, and back.

A cluster is known by its id, or by its bootstrap address where the broker reports none.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from omni_assets.broker.flows import Flows
from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.model import Location, Manifest
from omni_assets.drift.diff import Drift
from omni_assets.drift.flow import LOG
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.verdict import Reason, Verdict
from omni_assets.errors import StateError
from omni_assets.operations.context import Context
from omni_assets.operations.outcomes import Outcome, TopicOutcome
from omni_assets.projection import rows
from omni_assets.projection.store import Projection

BEGUN = "begun"
"""What the log says of a topic that is about to be created."""


def declare(context: Context, manifest: Manifest) -> None:
    """Project what the contracts declare, without a broker. Raises ``StateError``."""
    Projection(context.home).declare(_declared(manifest), datetime.now(UTC))


def record_snapshot(context: Context, snapshot: BrokerSnapshot) -> None:
    """Project what the broker has. Raises ``StateError``."""
    Projection(context.home).record_snapshot(_observed(context, snapshot))


class Turn(StrEnum):
    """What became of a drift with an observation."""

    OPENED = "opened"
    CHANGED = "changed"
    RESOLVED = "resolved"


class News(NamedTuple):
    """A drift that is not what it was at the observation before."""

    topic: str
    kind: DriftKind
    field: str
    turn: Turn


class RecordedLook(NamedTuple):
    """What is open now, each with its first seen, and what of it is news."""

    open: tuple[tuple[Drift, datetime], ...]
    news: tuple[News, ...]


def record_look(
    context: Context, manifest: Manifest, snapshot: BrokerSnapshot, flows: Flows, drift: Iterable[Drift], calls: int
) -> RecordedLook:
    """Project a manifest, a snapshot, what moves, and their drift. ``calls`` counts the requests that it took.

    What is open includes what was seen before of topics whose state could not be seen this time: it is neither
    confirmed nor resolved. Raises ``StateError``.
    """
    projection = Projection(context.home)
    observed = _observed(context, snapshot, calls)
    recorded = projection.record_observation(_declared(manifest), observed, map(_drift_row, drift))
    unseen = [name for name, offsets in flows.offsets.items() if offsets.unknown]
    projection.record_flows(
        observed.observation.cluster, flows.observed_at, _group_rows(flows), _offset_rows(flows), unseen
    )
    turns = ((Turn.OPENED, recorded.opened), (Turn.CHANGED, recorded.changed), (Turn.RESOLVED, recorded.resolved))
    news = tuple(News(key.topic, DriftKind(key.kind), key.field, turn) for turn, keys in turns for key in keys)
    return RecordedLook(tuple(map(_drift, recorded.drift)), news)


def stored_drift(context: Context) -> tuple[rows.ObservationRow, tuple[tuple[Drift, datetime], ...]]:
    """What was projected last of this context's broker, or of any where nobody named one: the observation, and its
    open drift with first seen. Both are of one reading.

    Raises ``StateError`` where it was not observed yet.
    """
    stored = Projection(context.home).stored()
    here = [each for each in stored.observations if each.bootstrap_servers == context.bootstrap_servers]
    if context.named and not here:
        raise StateError(
            f"no observation of {context.bootstrap_servers} has been projected in {context.home} yet.",
            "Run `omni drift` first.",
        )
    latest = max(here or stored.observations, key=lambda each: each.observed_at)
    return latest, tuple(_drift(row) for row in stored.drift if row.cluster == latest.cluster)


class ProvisioningLog:
    """The log of one provisioning: what is about to be created, then what became of it.

    A process that is killed in between leaves ``begun`` rows. ``trouble`` is the first error that kept the log from
    being written: provisioning goes on, and tells it at the end.
    """

    def __init__(self, context: Context, cluster_id: str, trigger: str) -> None:
        self._projection = Projection(context.home)
        self._shared = (cluster_id or context.bootstrap_servers, context.bootstrap_servers, trigger)
        self._begun: dict[str, rows.ProvisionRow] = {}
        self.trouble: StateError | None = None

    def begin(self, topics: Iterable[str]) -> None:
        """Note that these are about to be created."""
        self._begun = {topic: self._row(topic, BEGUN) for topic in topics}
        self._record(self._begun.values())

    def end(self, outcomes: Iterable[TopicOutcome]) -> None:
        """Note what became of each; topics that were there before are not news."""
        self._record(
            self._begun[each.topic]._replace(outcome=each.outcome, error=each.error)
            if each.topic in self._begun
            else self._row(each.topic, each.outcome, each.error)
            for each in outcomes
            if each.topic in self._begun or each.outcome is not Outcome.EXISTED
        )

    def _row(self, topic: str, outcome: str, error: str = "") -> rows.ProvisionRow:
        return rows.ProvisionRow(uuid.uuid4().hex, datetime.now(UTC), *self._shared, topic, outcome, error)

    def _record(self, news: Iterable[rows.ProvisionRow]) -> None:
        recorded = tuple(news)
        if not recorded:
            return
        try:
            self._projection.record_provisioning(recorded)
        except StateError as error:
            self.trouble = self.trouble or error


def _declared(manifest: Manifest) -> rows.Declared:
    return rows.Declared(manifest.digest, tuple(_topic_rows(manifest)), _declaration_rows(manifest))


def _topic_rows(manifest: Manifest) -> Iterator[rows.DeclaredTopicRow]:
    for topic in manifest.topics.values():
        owner = topic.owner
        yield rows.DeclaredTopicRow(
            topic.name,
            topic.parts.kind,
            topic.parts.producer,
            topic.parts.event,
            topic.parts.version,
            topic.spec.partitions,
            topic.spec.replication_factor,
            topic.spec.keyed,
            json.dumps(dict(topic.spec.config)),
            owner.node,
            owner.location.path,
            owner.location.line,
            len(topic.publishers),
            len(topic.subscribers),
            topic.blocked,
            topic.spec.expected_every,
        )


def _declaration_rows(manifest: Manifest) -> Iterator[rows.DeclarationRow]:
    for contract in manifest.contracts:
        for each in contract.declarations:
            yield rows.DeclarationRow(each.topic, each.node, each.role, each.form, *each.location)


def _observed(context: Context, snapshot: BrokerSnapshot, calls: int | None = None) -> rows.Observed:
    observation = rows.Observation(
        snapshot.cluster_id or snapshot.bootstrap_servers,
        context.environment,
        snapshot.bootstrap_servers,
        snapshot.observed_at,
        snapshot.public_topics,
        snapshot.calls if calls is None else calls,
        snapshot.seconds,
    )
    return rows.Observed(observation, _observed_topic_rows(snapshot), _config_rows(snapshot))


def _observed_topic_rows(snapshot: BrokerSnapshot) -> Iterator[rows.ObservedTopicRow]:
    for topic in snapshot.topics.values():
        replicas = ",".join(map(str, topic.replicas))
        yield rows.ObservedTopicRow(
            topic.name,
            topic.topic_id,
            topic.partitions,
            topic.replication_factor,
            replicas,
            topic.internal,
            topic.unknown,
            ",".join(map(str, topic.in_sync)),
            topic.leaderless,
        )


def _config_rows(snapshot: BrokerSnapshot) -> Iterator[rows.ObservedConfigRow]:
    for topic in snapshot.topics.values():
        for key, found in (topic.configs or {}).items():
            yield rows.ObservedConfigRow(topic.name, key, found.value, found.source, found.default)


def _group_rows(flows: Flows) -> Iterator[rows.GroupRow]:
    for group in flows.groups.values():
        yield rows.GroupRow(group.name, group.state, group.members, group.unknown)


def _offset_rows(flows: Flows) -> Iterator[rows.OffsetRow]:
    for topic, offsets in flows.offsets.items():
        for partition, (earliest, latest) in enumerate(zip(offsets.earliest, offsets.latest, strict=True)):
            yield rows.OffsetRow(topic, LOG, partition, earliest, latest)
    for group in flows.groups.values():
        for (topic, partition), committed in group.committed.items():
            yield rows.OffsetRow(topic, group.name, partition, committed=committed)


def _drift_row(drift: Drift) -> rows.Drift:
    path, line = (drift.location.path, drift.location.line) if drift.location else (None, None)
    return rows.Drift(
        drift.topic,
        drift.kind,
        drift.field,
        drift.declared,
        drift.observed,
        drift.verdict,
        drift.reason,
        drift.owner,
        path,
        line,
        drift.detail,
    )


def _drift(row: rows.DriftRow) -> tuple[Drift, datetime]:
    location = Location(row.path, row.line or 1) if row.path else None
    drift = Drift(
        row.topic,
        DriftKind(row.kind),
        row.field,
        row.declared,
        row.observed,
        Verdict(row.verdict),
        Reason(row.reason),
        row.owner,
        location,
        row.detail,
    )
    return drift, row.first_seen
