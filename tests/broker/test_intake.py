"""Records come into a topic once, with how far their source was read; whoever comes later goes on there."""

from __future__ import annotations

import itertools

import pytest
from confluent_kafka import Consumer, TopicPartition

from omni_assets.broker.connection import Connection
from omni_assets.broker.intake import ID_HEADER, SOURCE_HEADER, Incoming, Intake, Reached, Way, arrivals, reached
from omni_assets.broker.replays import reach
from omni_assets.broker.transfer import Target
from omni_assets.errors import BrokerRefused, ReadOnly, TransferInterrupted
from tests.support import tampering
from tests.support.stranded import committed

pytestmark = pytest.mark.broker

PARTITIONS = 3
NAMES = itertools.count()


@pytest.fixture
def way(module_broker):
    """Into a new topic."""
    topic = f"taken-in-{next(NAMES)}"
    tampering.create(module_broker.client, topic, PARTITIONS)
    return Way("source", Target(topic, PARTITIONS))


def records(*numbers: int) -> list[Incoming]:
    return [Incoming(f"id-{each}", b"key-%d" % (each % 5), b"%d" % each, (("h", None),), 0) for each in numbers]


def values(broker, way) -> list[int]:
    found = committed(broker.bootstrap_servers, way.target.name, PARTITIONS)
    return sorted(int(each.value()) for each in found)


def test_records_and_how_far_their_source_was_read_are_there_together(module_broker, way):
    connection = module_broker.connection
    assert reached(connection, way) is None
    with Intake(connection, way) as intake:
        assert intake.reached() is None
        intake.write(records(*range(40)), 40, "so far")
        intake.write(records(40), 41, "further")
        assert intake.reached() == reached(connection, way) == Reached("id-40", 41, "further")
    assert values(module_broker, way) == list(range(41))
    (last,) = (
        each
        for each in committed(connection.bootstrap_servers, way.target.name, PARTITIONS)
        if dict(each.headers())[ID_HEADER] == b"id-40"
    )
    assert last.headers() == [("h", None), (SOURCE_HEADER, b"source"), (ID_HEADER, b"id-40")]


def test_what_came_from_elsewhere_is_told_apart(module_broker, way):
    connection = module_broker.connection
    tampering.write(connection.bootstrap_servers, way.target.name, 2)
    with Intake(connection, way) as intake:
        intake.write(records(7), 1, "")
    with Intake(connection, Way("another", way.target)) as intake:
        intake.write(records(8), 1, "")
    spans = reach(connection, way.target.name, PARTITIONS)
    found = list(arrivals(connection, way, spans))
    assert sorted(str(each.id) for each in found) == ["None", "None", "None", "id-7"]
    assert {each.checksum for each in found if each.id} == {records(7)[0].checksum}
    assert reached(connection, Way("a third", way.target)) is None


def test_who_comes_later_fences_off_who_is_still_at_it(module_broker, way):
    with Intake(module_broker.connection, way) as first:
        first.write(records(0), 1, "")
        with Intake(module_broker.connection, way) as second:
            assert second.reached() == Reached("id-0", 1, "")
            with pytest.raises(TransferInterrupted, match="another process went on with it"):
                first.write(records(1), 2, "")
            second.write(records(1), 2, "")
    assert values(module_broker, way) == [0, 1]


def test_a_topic_that_was_made_anew_reached_nothing(module_broker, way):
    with Intake(module_broker.connection, way) as intake:
        intake.write(records(*range(9)), 9, "")
    tampering.delete(module_broker.client, way.target.name)
    tampering.create(module_broker.client, way.target.name, PARTITIONS)
    assert reached(module_broker.connection, way) is None
    tampering.write(module_broker.bootstrap_servers, way.target.name, 20)
    assert reached(module_broker.connection, way) is None


def test_a_position_of_somebody_else_is_refused(module_broker, way):
    consumer = Consumer({"bootstrap.servers": module_broker.bootstrap_servers, "group.id": way.group})
    consumer.commit(offsets=[TopicPartition(way.target.name, 0, 3, "mine")], asynchronous=False)
    consumer.close()
    with pytest.raises(BrokerRefused, match="is not of this omni"):
        reached(module_broker.connection, way)


def test_nothing_is_taken_in_where_only_reading_is_allowed(module_broker, way):
    only_reads = Connection(module_broker.bootstrap_servers, read_only=True)
    with pytest.raises(ReadOnly):
        Intake(only_reads, way)
    assert reached(only_reads, way) is None
