from __future__ import annotations

from datetime import timedelta

import pytest
from confluent_kafka.admin import NewTopic

from omni_assets.drift.kinds import DriftKind
from omni_assets.errors import StateError
from omni_assets.operations.observe import drift
from omni_assets.operations.recording import Turn
from omni_assets.operations.summary import DAY, summarize

pytestmark = pytest.mark.broker


@pytest.fixture
def context(write_contract, context_of, broker):
    write_contract("event_bus:\n  publish_topics: [onex.evt.router.routing-complete.v1]\n")
    return context_of(broker.bootstrap_servers)


def news(context):
    return [(each.topic, each.kind, each.turn) for each in drift(context, context.manifest()).news]


def test_news_and_their_sum(context, broker):
    with pytest.raises(StateError, match="omni drift"):
        summarize(context)
    declared = "onex.evt.router.routing-complete.v1"
    assert news(context) == [(declared, DriftKind.MISSING, Turn.OPENED)]
    assert news(context) == []
    broker.client.create_topics([NewTopic("other", 1, 1)])["other"].result(20)
    assert news(context) == [("other", DriftKind.ORPHANED, Turn.OPENED)]
    broker.client.delete_topics(["other"])["other"].result(20)
    assert news(context) == [("other", DriftKind.ORPHANED, Turn.RESOLVED)]
    summary = summarize(context)
    assert {row.kind: (row.open, row.opened, row.resolved) for row in summary.rows} == {
        "missing": (1, 1, 0),
        "orphaned": (0, 1, 1),
    }
    later = summarize(context, until=summary.until + DAY + timedelta(minutes=1))
    assert {row.kind: (row.open, row.opened, row.resolved) for row in later.rows} == {"missing": (1, 0, 0)}
