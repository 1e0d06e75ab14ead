"""A topic that ends shows where that stands, and no orphan's row beside it."""

from __future__ import annotations

from datetime import UTC, datetime

from omni_assets.broker.snapshot import ObservedTopic
from omni_assets.drift.diff import diff
from omni_assets.drift.flow import joined
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.retirement import Retirement, retiring

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW = "onex.evt.router.routing-complete.v1", "onex.evt.router.routing-complete.v2"


def test_where_it_stands(topic, manifest, snapshot, observed):
    contracts, broker = manifest(topic(NEW)), snapshot(observed(topic(NEW)), ObservedTopic(OLD, (1,)))
    rows = retiring(contracts, broker, [Retirement(OLD, NEW, "drained", SINCE)])
    (row,) = joined(diff(contracts, broker), rows)
    assert (row.topic, row.kind, row.declared, row.observed) == (
        OLD,
        DriftKind.RETIRING,
        f"renamed to {NEW}",
        "drained",
    )
    assert (row.owner, row.location) == (None, None)


def test_a_declared_one_has_its_owner(topic, manifest, snapshot, observed):
    (row,) = retiring(manifest(topic(OLD)), snapshot(observed(topic(OLD))), [Retirement(OLD, "", "announced", SINCE)])
    assert (row.declared, row.owner, str(row.location)) == ("ended", "router", "contract.yaml:7:5")


def test_what_is_gone_has_ended(manifest, snapshot):
    assert retiring(manifest(), snapshot(), [Retirement(OLD, "", "deleted", SINCE)]) == ()
