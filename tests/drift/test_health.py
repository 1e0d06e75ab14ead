"""Health: told, and never drift."""

from __future__ import annotations

from dataclasses import replace

import pytest

from omni_assets.broker.snapshot import ObservedTopic
from omni_assets.drift.diff import diff
from omni_assets.drift.health import HealthKind, health

TOPIC = ObservedTopic("onex.evt.router.routing-complete.v1", (3, 3, 3))


@pytest.mark.parametrize(
    ("in_sync", "leaderless", "kinds"),
    [
        ((3, 3, 3), 0, []),
        ((), 0, []),
        ((3, 2, 1), 0, [HealthKind.UNDER_REPLICATED]),
        ((3, 0, 3), 1, [HealthKind.LEADERLESS, HealthKind.UNDER_REPLICATED]),
    ],
)
def test_what_is_unhealthy(topic, manifest, snapshot, in_sync, leaderless, kinds):
    broker = snapshot(replace(TOPIC, in_sync=in_sync, leaderless=leaderless), brokers=3)
    assert [each.kind for each in health(broker)] == kinds
    assert diff(manifest(topic(replication_factor=3)), broker) == ()


def test_the_figures(snapshot):
    (behind,) = health(snapshot(replace(TOPIC, in_sync=(3, 2, 1))))
    assert behind.detail == "2 of 3 partitions with fewer replicas in sync than assigned"
