"""What is unhealthy on the broker: topics with fewer copies in sync than they have, or without a leader. Pure.

Health is not drift: it is nobody's declaration that differs, and no correction by omni mends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from omni_assets.broker.snapshot import BrokerSnapshot, ObservedTopic
from omni_assets.contracts.text import count


class HealthKind(StrEnum):
    """What is unhealthy."""

    UNDER_REPLICATED = "under_replicated"
    LEADERLESS = "leaderless"


class Unhealthy(NamedTuple):
    """One topic that is not well. ``detail`` is a clause with figures."""

    topic: str
    kind: HealthKind
    detail: str


def health(snapshot: BrokerSnapshot) -> tuple[Unhealthy, ...]:
    """Every unhealthy topic that was seen, internal ones included, by name."""
    return tuple(found for name in sorted(snapshot.topics) for found in _of(snapshot.topics[name]))


def _of(topic: ObservedTopic) -> Iterator[Unhealthy]:
    if topic.leaderless:
        detail = f"{topic.leaderless} of {count(topic.partitions, 'partition')} without a leader"
        yield Unhealthy(topic.name, HealthKind.LEADERLESS, f"{detail}: nothing can be read from or written to there")
    behind = sum(synced < replicas for synced, replicas in zip(topic.in_sync, topic.replicas, strict=False))
    if behind:
        detail = f"{behind} of {count(topic.partitions, 'partition')} with fewer replicas in sync than assigned"
        yield Unhealthy(topic.name, HealthKind.UNDER_REPLICATED, detail)
