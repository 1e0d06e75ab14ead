"""A topic is renamed, or ends, step by step, on a real broker."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import NewTopic

from omni_assets.drift.ending import Stage, Standing
from omni_assets.drift.kinds import DriftKind
from omni_assets.errors import ReadOnly, RetirementRefused
from omni_assets.operations.observe import drift
from omni_assets.operations.retire import cancel, delete, retire, retirements

pytestmark = pytest.mark.broker

OLD, HEIR = "onex.evt.router.routing-done.v1", "onex.evt.router.routing-complete.v1"
PUBLISHES = "event_bus:\n  publish_topics:\n"
SHORT = timedelta(milliseconds=300)
LONG_AGO = int((time.time() - 30 * 86_400) * 1000)


class World:
    """A project and its broker, with what its nodes do there."""

    def __init__(self, context_of, write_contract, broker):
        self.context_of, self.contract, self.broker = context_of, write_contract, broker
        self.context = context_of(broker.bootstrap_servers)

    def topic(self, name):
        new = NewTopic(name, 1, 1, config={"retention.ms": "-1"})
        self.broker.client.create_topics([new])[name].result()

    def write(self, name, at=LONG_AGO):
        producer = Producer({"bootstrap.servers": self.context.bootstrap_servers, "log_level": 0})
        producer.produce(name, b"value", b"key", timestamp=at)
        assert producer.flush(10) == 0

    def read(self, group, **positions):
        names = {"old": OLD, "heir": HEIR}
        consumer = Consumer({"bootstrap.servers": self.context.bootstrap_servers, "group.id": group, "log_level": 0})
        offsets = [TopicPartition(names[name], 0, offset) for name, offset in positions.items()]
        consumer.commit(offsets=offsets, asynchronous=False)
        consumer.close()

    def look(self, topic=OLD, **asked):
        return retire(self.context, self.context.manifest(), topic, **asked)

    def delete(self, topic=OLD, context=None):
        return delete(context or self.context, self.context.manifest(), topic)

    def retiring(self):
        report = drift(self.context, self.context.manifest())
        return [
            (row.drift.topic, row.drift.declared, row.drift.observed)
            for row in report.rows
            if row.drift.kind is DriftKind.RETIRING
        ]


@pytest.fixture
def world(context_of, write_contract, broker):
    made = World(context_of, write_contract, broker)
    made.contract(f"{PUBLISHES}    - {OLD}\n    - {HEIR}\n")
    made.topic(OLD)
    made.write(OLD)
    return made


@pytest.mark.slow
def test_a_rename_from_beginning_to_end(world):
    begun = world.look(renamed_to=HEIR, quiet_for=SHORT)
    assert begun.stage is Stage.PROVISION
    assert world.retiring() == [(OLD, f"renamed to {HEIR}", "provision")]
    world.topic(HEIR)
    assert world.look().stage is Stage.WRITE_BOTH
    world.write(HEIR)
    world.read("auditor", old=0)
    assert world.look().stage is Stage.MOVE_READERS
    world.read("auditor", heir=0)
    assert world.look().stage is Stage.DRAIN
    world.contract(f"{PUBLISHES}    - {HEIR}\n")
    assert "at most 1 record to read" in world.look().proofs[3].seen
    world.read("auditor", old=1)
    world.look()
    time.sleep(0.5)
    ready = world.look()
    assert (ready.stage, ready.deletable, ready.beginning) == (Stage.DELETE, True, begun.beginning)
    world.write(OLD)
    again = world.look()
    assert (again.stage, again.deletable) == (Stage.DRAIN, False)
    with pytest.raises(RetirementRefused, match="the group `auditor` has at most 1 record to read"):
        world.delete()
    world.read("auditor", old=2)
    time.sleep(0.5)
    ended, applied = world.delete()
    assert applied.clean
    assert ended.stage is Stage.ENDED
    assert OLD not in world.broker.client.list_topics(timeout=10).topics
    assert world.retiring() == []
    assert [(each.topic, each.stage) for each in retirements(world.context)] == [(OLD, Stage.ENDED)]


def test_a_topic_with_young_records_is_not_deleted(world):
    world.contract(f"{PUBLISHES}    - {HEIR}\n")
    world.write(OLD, int(time.time() * 1000))
    world.look(quiet_for=SHORT)
    time.sleep(0.5)
    found = world.look()
    assert (found.stage, found.proofs[-1].standing) == (Stage.DELETE, Standing.OPEN)
    with pytest.raises(RetirementRefused, match="min_age_to_delete"):
        world.delete()
    assert OLD in world.broker.client.list_topics(timeout=10).topics


def test_what_is_asked_for_twice_must_be_the_same(world):
    world.look(renamed_to=HEIR)
    assert world.look(renamed_to=HEIR).renamed_to == HEIR
    world.contract(f"{PUBLISHES}    - onex.evt.router.other.v1\n", node="other")
    with pytest.raises(RetirementRefused, match=f"it is being renamed to `{HEIR}`"):
        world.look(renamed_to="onex.evt.router.other.v1")
    cancel(world.context, OLD)
    assert retirements(world.context) == ()
    assert world.retiring() == []
    assert world.look().renamed_to == ""
    with pytest.raises(RetirementRefused, match="its retirement is not under way"):
        cancel(world.context, HEIR)


@pytest.mark.parametrize(
    ("topic", "renamed_to", "why"),
    [
        (OLD, OLD, "it has that name already"),
        (OLD, "onex.evt.router.nobody.v1", "no contract declares"),
        ("__consumer_offsets", "", "belongs to the broker itself"),
        ("onex.evt.router.nowhere.v1", "", "there is no such topic"),
    ],
)
def test_what_cannot_be_retired(world, topic, renamed_to, why):
    with pytest.raises(RetirementRefused, match=why):
        world.look(topic, renamed_to=renamed_to)
    assert retirements(world.context) == ()


def test_nothing_is_deleted_where_writing_is_forbidden(world):
    context = world.context_of(world.broker.bootstrap_servers, {"OMNI_READONLY": "1"})
    assert retire(context, context.manifest(), OLD).stage is Stage.DRAIN
    with pytest.raises(ReadOnly):
        world.delete(context=context)
