"""What is remembered of a broker is what the next look is held against."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from omni_assets.broker.capabilities import Capabilities
from omni_assets.drift.plan import Known
from omni_assets.operations.memory import Because, Memory, keep_in_mind, meant, remember, trust
from omni_assets.operations.observe import drift
from omni_assets.projection import rows
from omni_assets.projection.store import Projection
from tests.support import tampering

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOPIC, ORPHAN = "onex.evt.router.asked.v1", "com.example.orders"


def test_nothing_is_remembered_of_a_broker_that_was_never_seen(context_of):
    context = context_of("broker:9092")
    assert remember(context, "broker:9092") == Memory()
    assert not context.home.exists(), "and asking leaves no trace"


def test_the_farthest_rescue_of_a_partition_counts(context_of):
    context = context_of("broker:9092")
    Projection(context.home).record_rescue(
        [
            rows.RescueRow("c", ORPHAN, TOPIC, 0, 5, 5, "done", NOW),
            rows.RescueRow("c", ORPHAN, "another", 0, 9, 4, "done", NOW),
            rows.RescueRow("c", ORPHAN, TOPIC, 1, 2, 2, "done", NOW),
            rows.RescueRow("another", ORPHAN, TOPIC, 0, 99, 99, "done", NOW),
        ]
    )
    assert remember(context, "c").earlier.rescued == {ORPHAN: {0: 9, 1: 2}}


def test_capabilities_come_back_and_unreadable_ones_count_as_unknown(context_of):
    context = context_of("broker:9092")
    known = Capabilities("c", "1", NOW, frozenset({"flush.ms"}), frozenset({"nope"}))
    projection = Projection(context.home)
    projection.record_capabilities(rows.CapabilitiesRow("c", "1", NOW, json.dumps(known.document())))
    projection.record_capabilities(rows.CapabilitiesRow("broken", "1", NOW, "{"))
    assert remember(context, "c").capabilities == known
    assert remember(context, "broken").capabilities is None


@pytest.mark.broker
def test_a_look_is_remembered(write_contract, context_of, broker):
    write_contract(f"event_bus:\n  publish_topics:\n    - {{topic: {TOPIC}, partitions: 2}}\n")
    tampering.create(broker.client, TOPIC, 2)
    tampering.create(broker.client, ORPHAN)
    tampering.write(broker.bootstrap_servers, TOPIC, 4)
    tampering.commit(broker.bootstrap_servers, "reader", TOPIC, 3)
    context = context_of(broker.bootstrap_servers)
    first = drift(context, context.manifest())
    drift(context, context.manifest())
    found = remember(context, broker.bootstrap_servers)
    assert found.known == Known(1)
    earlier = found.earlier
    assert earlier.orphaned_since[ORPHAN] == next(row.first_seen for row in first.rows if row.drift.topic == ORPHAN)
    assert earlier.flows is not None
    assert earlier.flows.offsets[TOPIC].latest == (4, 0)
    assert earlier.flows.groups["reader"].committed == {(TOPIC, 0): 3}
    assert earlier.unchanged_since[TOPIC, "reader"] < earlier.flows.observed_at
    assert remember(context, "another") == Memory(known=Known(1))


def test_what_brakes_compare_with_is_moved_by_looks_only_to_hold_back_more(context_of):
    context = context_of("broker:9092")
    assert meant(context) == Known()
    for seen, kept in (
        (Known(8, "one"), Known(8, "one")),
        (Known(0, "one"), Known(8, "one")),
        (Known(9, "two"), Known(8, "one")),
        (Known(9, "one"), Known(9, "one")),
    ):
        keep_in_mind(context, meant(context), seen)
        assert meant(context) == kept
    trust(context, Known(2, "two"), Because.ACKNOWLEDGED)
    assert meant(context) == Known(2, "two")
    other = replace(context, environment="other")
    assert meant(other) == Known(), "each environment has its own"
    (row,) = Projection(context.home).trusted()
    assert (row.because, bool(row.who)) == ("acknowledged", True)
    Projection(context.home).rebuild()
    assert meant(context) == Known(2, "two"), "it comes from a journal"
