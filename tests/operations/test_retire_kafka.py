"""A topic is renamed from beginning to end on three Kafka brokers, by real readers, with the rights that docs list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import time

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AclOperation, NewTopic

from omni_assets.broker.connection import open_client
from omni_assets.drift.ending import Stage, Standing
from omni_assets.errors import RetirementRefused
from omni_assets.operations.apply import Applied, StepOutcome
from omni_assets.operations.context import Context
from omni_assets.operations.provision import provision
from omni_assets.operations.retire import Retirement, delete, retire, retirements
from omni_assets.projection.store import Projection
from tests.support.kafka_cluster import KafkaCluster, wait_until
from tests.support.kafka_rights import given, listed_in
from tests.support.kafka_secured import ADMIN, LIMITED, environ_of

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

Resolve = Callable[..., Context]
Write = Callable[..., Path]

OLD, HEIR = "onex.evt.router.routing-done.v1", "onex.evt.router.routing-complete.v1"
GROUP = "auditor"
PARTITIONS = 3
SHORT = timedelta(milliseconds=300)
LONG_AGO = int((time() - 30 * 86_400) * 1000)
DOCS = Path(__file__).parents[2] / "docs" / "retire.md"
NEEDED = frozenset(listed_in(DOCS, {"the old topic": OLD}))
TO_LOOK = frozenset(listed_in(DOCS, {"the old topic": OLD}, column="to look"))


def publishes(*topics: str) -> str:
    stated = "".join(f"    - {{topic: {topic}, partitions: {PARTITIONS}, retention: unlimited}}\n" for topic in topics)
    return f"event_bus:\n  publish_topics:\n{stated}"


@dataclass(frozen=True)
class World:
    """A project and a cluster, with what nodes do there as somebody who may do everything."""

    cluster: KafkaCluster
    contract: Write
    context: Context

    def write(self, topic: str, records: int) -> None:
        producer = open_client(Producer, self.cluster.connection, {"enable.idempotence": True})
        for number in range(records):
            producer.produce(topic, b"value", b"%d" % number, partition=number % PARTITIONS, timestamp=LONG_AGO)
        assert producer.flush(30) == 0

    @contextmanager
    def reading(self, topic: str, records: int) -> Iterator[None]:
        """A member of the group, which has read so many records, committed, and holds its partitions."""
        settings = {"group.id": GROUP, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        reader = open_client(Consumer, self.cluster.connection, settings)
        reader.subscribe([topic])
        read = 0

        def all_read() -> bool:
            nonlocal read
            message = reader.poll(0.1)
            read += message is not None and message.error() is None
            return bool(reader.assignment()) and read >= records

        wait_until(all_read, 60, f"{records} records of {topic} to be read")
        if records:
            reader.commit(asynchronous=False)
        try:
            yield
        finally:
            reader.close()

    def look(self, **asked: object) -> Retirement:
        return retire(self.context, self.context.manifest(), OLD, **asked)  # type: ignore[arg-type]

    def delete(self) -> tuple[Retirement, Applied]:
        return delete(self.context, self.context.manifest(), OLD)

    @property
    def there(self) -> bool:
        return any(OLD in listed for listed in self.cluster.listings())


def begun(cluster: KafkaCluster, contract: Write, context: Context) -> World:
    """Six old records, and both topics declared."""
    contract(publishes(OLD, HEIR))
    world = World(cluster, contract, context)
    new = NewTopic(OLD, PARTITIONS, min(3, len(cluster.ids)), config={"retention.ms": "-1"})
    cluster.client.create_topics([new])[OLD].result(20)
    wait_until(lambda: all(OLD in listed for listed in cluster.listings()), 20, "the old topic to be listed")
    world.write(OLD, 6)
    return world


def ready_to_delete(world: World, provision_heir: Callable[[], None]) -> None:
    """Every step but the last, each proved by what nodes really do."""
    assert world.look(renamed_to=HEIR, quiet_for=SHORT).stage is Stage.PROVISION
    provision_heir()
    assert world.look().stage is Stage.WRITE_BOTH
    world.write(HEIR, 3)
    with world.reading(OLD, 6):
        held = world.look()
        assert held.stage is Stage.MOVE_READERS
        assert GROUP in held.proofs[2].seen
    # Its member is gone, and it never read the new topic.
    assert world.look().stage is Stage.MOVE_READERS
    with world.reading(HEIR, 3):
        assert world.look().stage is Stage.DRAIN, "the contract still declares the old one"
        world.contract(publishes(HEIR))
        wait_until(lambda: world.look().deletable, 20, "the old topic to be quiet for long enough")


def test_a_rename_from_beginning_to_end(kafka: KafkaCluster, write_contract: Write, context_of: Resolve) -> None:
    world = begun(kafka, write_contract, context_of(kafka.bootstrap_servers))
    ready_to_delete(world, lambda: _provisioned(world.context, kafka))
    world.write(OLD, 3)
    late = world.look()
    assert (late.stage, late.deletable) == (Stage.DRAIN, False), "an old producer wrote again"
    with pytest.raises(RetirementRefused, match=f"the group `{GROUP}` has at most 3 records to read"):
        world.delete()
    with world.reading(OLD, 3):
        pass
    with world.reading(HEIR, 0):
        wait_until(lambda: world.look().deletable, 20, "the old topic to be drained again")
        ended, applied = world.delete()
    assert [each.outcome for each in applied.carried] == [StepOutcome.APPLIED]
    assert ended.stage is Stage.ENDED
    wait_until(lambda: not world.there, 20, "every broker to have forgotten the topic")
    assert [(each.topic, each.stage) for each in retirements(world.context)] == [(OLD, Stage.ENDED)]
    audited = [(row.event, row.topic, row.outcome) for row in Projection(world.context.home).audited()]
    assert ("step", OLD, "applied") in audited
    assert ("approval", "", "") in audited


def _provisioned(context: Context, cluster: KafkaCluster) -> None:
    assert provision(context, context.manifest()).clean
    wait_until(lambda: all(HEIR in listed for listed in cluster.listings()), 20, "the new topic to be listed")


@pytest.fixture
def limited(secured_kafka: KafkaCluster, write_contract: Write, context_of: Resolve) -> World:
    """The same on a broker that has ACLs, looked at by a user who may do nothing yet."""
    address = secured_kafka.bootstrap_servers
    return begun(secured_kafka, write_contract, context_of(address, environ_of(secured_kafka, LIMITED)))


@pytest.fixture
def provision_heir(limited: World, context_of: Resolve) -> Callable[[], None]:
    """By somebody who may."""
    admin = context_of(limited.cluster.bootstrap_servers, environ_of(limited.cluster, ADMIN))
    return lambda: _provisioned(admin, limited.cluster)


def test_what_the_docs_list_is_enough(limited: World, provision_heir: Callable[[], None]) -> None:
    with given(limited.cluster, NEEDED):
        ready_to_delete(limited, provision_heir)
        ended, applied = limited.delete()
    assert (applied.clean, ended.stage) == (True, Stage.ENDED)
    assert not limited.there


def test_without_the_right_to_delete_it_is_said_before(limited: World, provision_heir: Callable[[], None]) -> None:
    with given(limited.cluster, TO_LOOK):
        ready_to_delete(limited, provision_heir)
        lacks = re.escape(f"this principal lacks Delete on the topic `{OLD}`")
        with pytest.raises(RetirementRefused, match=lacks):
            limited.delete()
    assert limited.there
    assert Projection(limited.context.home).audited() == ()


def test_without_the_right_to_see_groups_no_reader_is_called_moved(
    limited: World, provision_heir: Callable[[], None]
) -> None:
    provision_heir()
    blind = {each for each in NEEDED if each.operation is not AclOperation.DESCRIBE or each.name != "*"}
    topics = {each for each in NEEDED if each not in blind and "TOPIC" in each.resource.name}
    with given(limited.cluster, blind | topics):
        limited.look(renamed_to=HEIR, quiet_for=SHORT)
        limited.write(HEIR, 3)
        limited.contract(publishes(HEIR))
        found = limited.look()
        assert (found.stage, found.proofs[2].standing) == (Stage.MOVE_READERS, Standing.UNKNOWN)
        assert "not authorised on the group" in found.proofs[2].seen
        with pytest.raises(RetirementRefused, match="not authorised on the group"):
            limited.delete()
    assert limited.there
