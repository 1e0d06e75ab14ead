"""What does exist: one observation of a broker, as immutable values. Pure; imports no client.

A describe that failed, or was not allowed, leaves ``unknown`` on that topic and nothing else: a topic whose state could
not be seen is neither missing nor in sync.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class ConfigSource(StrEnum):
    """Where a configuration value comes from, as the broker reports it. Redpanda's report is not reliable."""

    TOPIC = "topic"
    BROKER = "broker"
    DEFAULT = "default"
    UNKNOWN = "unknown"


class ObservedConfig(NamedTuple):
    """One effective configuration value of a topic. ``default`` is what would hold without the topic's own value.

    ``value`` is ``None`` where the broker hides it; ``default`` is ``None`` where the broker does not report it.
    """

    value: str | None
    source: ConfigSource
    default: str | None = None


@dataclass(frozen=True, slots=True)
class ObservedTopic:
    """A topic on the broker.

    ``replicas`` holds the number of assigned replicas of each partition, in order of partition: replicas, never
    in-sync replicas, since a dead replica is not drift. ``in_sync`` holds the number of those, in the same order, and
    ``leaderless`` the number of partitions without a leader: health, which is not drift either. ``configs`` is ``None``
    where they could not be described. ``unknown`` says, as a clause, what could not be seen and why; empty when
    everything was.
    """

    name: str
    replicas: tuple[int, ...]
    internal: bool = False
    topic_id: str | None = None
    configs: Mapping[str, ObservedConfig] | None = None
    unknown: str = ""
    in_sync: tuple[int, ...] = ()
    leaderless: int = 0

    @property
    def partitions(self) -> int:
        """How many partitions it has."""
        return len(self.replicas)

    @property
    def replication_factor(self) -> int:
        """The smallest number of replicas of any partition; 0 where no partition was seen."""
        return min(self.replicas, default=0)


@dataclass(frozen=True, slots=True)
class BrokerSnapshot:
    """Everything that one observation saw of topics. ``calls`` is the number of requests that it took, and ``seconds``
    the time: with those about what moves on them, where both were looked at in one go."""

    cluster_id: str
    bootstrap_servers: str
    observed_at: datetime
    brokers: tuple[int, ...]
    topics: Mapping[str, ObservedTopic]
    calls: int
    seconds: float

    @property
    def public_topics(self) -> int:
        """The number of topics that the broker does not keep for itself."""
        return sum(not topic.internal for topic in self.topics.values())
