from __future__ import annotations

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

from omni_assets.drift.kinds import DriftKind
from omni_assets.errors import StateError
from omni_assets.operations.observe import drift, observe
from omni_assets.operations.provision import provision
from omni_assets.operations.recording import stored_drift
from omni_assets.projection.question import ask
from omni_assets.projection.store import Projection

pytestmark = pytest.mark.broker

MEANT = "onex.evt.router.routing-complete.v1"
MISSPELT = "onex.evt.router.routing_complete.v1"


@pytest.fixture
def context(write_contract, context_of, broker):
    write_contract(f"event_bus:\n  publish_topics: [{MEANT}]\n")
    return context_of(broker.bootstrap_servers)


@pytest.fixture
def client(broker):
    return broker.client


def test_drift_appears_keeps_its_age_and_is_resolved(context, client, broker):
    manifest = context.manifest()
    (row,) = drift(context, manifest).rows
    assert (row.drift.topic, row.drift.kind) == (MEANT, DriftKind.MISSING)
    (again,) = drift(context, manifest).rows
    assert again.first_seen == row.first_seen

    provision(context, manifest)
    report = drift(context, manifest)
    assert report.rows == ()
    assert report.counts == {"in_sync": 1, "auto_fixable": 0, "needs_approval": 0, "unfixable": 0, "unknown": 0}
    (episode,) = Projection(context.home).history()
    assert (episode.topic, episode.first_seen) == (MEANT, row.first_seen)
    assert episode.resolved is not None


def test_an_orphan_shows_at_most_how_many_records_it_holds(context, client, broker):
    client.create_topics([NewTopic(MISSPELT, num_partitions=1)])[MISSPELT].result(10)
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
    for number in range(100):
        producer.produce(MISSPELT, value=str(number))
    assert producer.flush(10) == 0
    rows = {row.drift.topic: row.drift for row in drift(context, context.manifest()).rows}
    assert rows[MISSPELT].observed == "<=100 records"
    assert rows[MISSPELT].detail.startswith(f"near `{MEANT}` (")


def test_what_was_projected_last_can_be_asked_without_a_broker(context):
    drift(context, context.manifest())
    observation, rows = stored_drift(context)
    assert observation.bootstrap_servers == context.bootstrap_servers
    assert (observation.declared_topics, observation.observed_topics) == (1, 0)
    assert [(found.topic, found.kind) for found, _ in rows] == [(MEANT, DriftKind.MISSING)]


def test_observing_alone_says_nothing_of_drift(context):
    observe(context)
    with pytest.raises(StateError, match="no observation"):
        stored_drift(context)


def test_observing_projects_the_broker_and_leaves_drift_as_it_was(context, client):
    drift(context, context.manifest())
    client.create_topics([NewTopic(MISSPELT, num_partitions=3)])[MISSPELT].result(10)
    snapshot = observe(context)
    assert snapshot.topics[MISSPELT].partitions == 3
    projection = Projection(context.home)
    stored = ask(context.home, "SELECT name, partitions FROM observed_topics").rows
    assert (MISSPELT, 3) in stored
    assert [row.topic for row in projection.stored().drift] == [MEANT]


def test_the_number_of_calls_grows_by_chunks_of_topics(context, client):
    few = drift(context, context.manifest()).snapshot.calls
    client.create_topics([NewTopic(f"many-{number}", num_partitions=1) for number in range(600)])
    many = drift(context, context.manifest()).snapshot.calls
    # Topics, groups, rights on the cluster and on a group; ids, configs, and whether the missing topic is hidden.
    assert few == 7
    # Two more requests for configs, and three for the ends of logs, of which there were none.
    assert many - few == 5
