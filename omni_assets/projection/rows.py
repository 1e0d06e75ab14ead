"""What goes into the projection and comes out of it: plain rows, in column order. Pure; imports no database.

Times are aware datetimes. What all rows of one observation share (cluster, time) is given once, not with each row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

UNKNOWN = "unknown"
"""The kind of drift that says that a topic's state could not be seen."""


class DeclaredTopicRow(NamedTuple):
    """A topic that contracts declare. ``config`` is a JSON object; ``publishers`` and ``subscribers`` are counts."""

    name: str
    kind: str
    producer: str
    event: str
    version: int
    partitions: int | None
    replication_factor: int | None
    keyed: bool | None
    config: str
    owner: str
    path: str
    line: int
    publishers: int
    subscribers: int
    blocked: str = ""


class DeclarationRow(NamedTuple):
    """A place in a contract where a node publishes or subscribes a topic."""

    topic: str
    node: str
    role: str
    form: str
    path: str
    line: int
    column_number: int


class Declared(NamedTuple):
    """All that one manifest declares. ``digest`` is the manifest's; declarations may come from a generator."""

    digest: str
    topics: Sequence[DeclaredTopicRow]
    declarations: Iterable[DeclarationRow]


class ManifestRow(NamedTuple):
    """The manifest that was projected last, and when it was projected first."""

    digest: str
    topics: int
    declared_at: datetime


class Observation(NamedTuple):
    """One look at a cluster. ``cluster`` is its id, or the bootstrap address where it reports none.

    ``observed_topics`` is the number of topics without those that the broker keeps for itself.
    """

    cluster: str
    environment: str
    bootstrap_servers: str
    observed_at: datetime
    observed_topics: int
    calls: int
    seconds: float


class ObservationRow(NamedTuple):
    """An observation as it was recorded, with the number of declared topics that it was compared with."""

    cluster: str
    environment: str
    bootstrap_servers: str
    observed_at: datetime
    observed_topics: int
    calls: int
    seconds: float
    declared_topics: int


class ObservedTopicRow(NamedTuple):
    """A topic on the broker. ``replicas`` is text; ``unknown`` says what could not be seen, or is empty."""

    name: str
    topic_id: str | None
    partitions: int
    replication_factor: int
    replicas: str
    internal: bool
    unknown: str = ""


class ObservedConfigRow(NamedTuple):
    """One effective configuration value, as raw text."""

    topic: str
    key: str
    value: str | None
    source: str
    default_value: str | None


class Observed(NamedTuple):
    """All that one observation saw; the rows may come from generators."""

    observation: Observation
    topics: Iterable[ObservedTopicRow]
    configs: Iterable[ObservedConfigRow]


class DriftKey(NamedTuple):
    """What a drift is, within a cluster: values may change, this does not."""

    topic: str
    kind: str
    field: str


class Drift(NamedTuple):
    """One difference, as an observation found it. ``field`` is empty where the kind says it all."""

    topic: str
    kind: str
    field: str
    declared: str | None
    observed: str | None
    verdict: str
    reason: str
    owner: str | None = None
    path: str | None = None
    line: int | None = None
    detail: str = ""

    @property
    def key(self) -> DriftKey:
        return DriftKey(self.topic, self.kind, self.field)


class DriftRow(NamedTuple):
    """An open drift. ``last_seen`` is older than the last observation while the topic's state cannot be seen."""

    cluster: str
    topic: str
    kind: str
    field: str
    declared: str | None
    observed: str | None
    verdict: str
    reason: str
    owner: str | None
    path: str | None
    line: int | None
    detail: str
    first_seen: datetime
    last_seen: datetime

    @property
    def drift(self) -> Drift:
        return Drift(*self[1:12])


class HistoryRow(NamedTuple):
    """A drift from first seen to resolved, which is ``None`` while it is open."""

    cluster: str
    topic: str
    kind: str
    field: str
    declared: str | None
    observed: str | None
    verdict: str
    reason: str
    owner: str | None
    path: str | None
    line: int | None
    first_seen: datetime
    last_seen: datetime
    resolved: datetime | None

    @property
    def key(self) -> DriftKey:
        return DriftKey(self.topic, self.kind, self.field)

    @property
    def drift(self) -> Drift:
        return Drift(*self[1:11])


class ProvisionRow(NamedTuple):
    """What provisioning did to one topic: begun, then created, existed, or failed or skipped with why.

    A later row of the same ``id`` takes the place of an earlier one.
    """

    id: str
    attempted_at: datetime
    cluster: str
    bootstrap_servers: str
    trigger: str
    topic: str
    outcome: str
    error: str = ""


class Recorded(NamedTuple):
    """What an observation left: the open drift, what of it is news, and the number of rows that were written."""

    drift: tuple[DriftRow, ...]
    opened: tuple[DriftKey, ...]
    changed: tuple[DriftKey, ...]
    resolved: tuple[DriftKey, ...]
    written: int


class Stored(NamedTuple):
    """What was projected last: the observations, one a cluster, and the drift that they left open."""

    observations: tuple[ObservationRow, ...]
    drift: tuple[DriftRow, ...]


class Rebuilt(NamedTuple):
    """Rows that a replay of the journal gave."""

    drift_history: int
    provision_log: int
