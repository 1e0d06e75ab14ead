"""What leave a rescue needs where a broker has ACLs: the docs list enough, and without a part nothing is done."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AclOperation, NewTopic, OffsetSpec, ResourceType

from omni_assets.broker.connection import open_client
from omni_assets.broker.transfer import transfer_id
from omni_assets.errors import BrokerRefused, RescueRefused
from omni_assets.operations.context import Context
from omni_assets.operations.rescue import prepare, rescue
from omni_assets.projection.store import Projection
from tests.support.kafka_cluster import CLUSTER_ID, KafkaCluster
from tests.support.kafka_rights import given, listed_in
from tests.support.kafka_secured import LIMITED, environ_of

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

Resolve = Callable[..., Context]

ORPHAN = "onex.evt.router.routing_complete.v1"
HOME = "onex.evt.router.routing-complete.v1"
PAIR = transfer_id(ORPHAN, HOME)
CONTRACT = f"event_bus:\n  publish_topics:\n    - topic: {HOME}\n"
RECORDS = 5
DOCS = Path(__file__).parents[2] / "docs" / "rescue.md"
NEEDED = frozenset(listed_in(DOCS, {"the orphan": ORPHAN, "the target": HOME}))
TO_LOOK = frozenset(listed_in(DOCS, {"the orphan": ORPHAN, "the target": HOME}, column="to look"))
DESCRIBED = f"Describe on the topic `{HOME}`"


@pytest.fixture
def stranded(secured_kafka: KafkaCluster, write_contract: Callable[..., Path], context_of: Resolve) -> Context:
    """Records in the orphan, and a context of the user who may do nothing yet."""
    write_contract(CONTRACT)
    for future in secured_kafka.client.create_topics([NewTopic(HOME, 1, 1), NewTopic(ORPHAN, 1, 1)]).values():
        future.result(20)
    producer = open_client(Producer, secured_kafka.connection)
    for number in range(RECORDS):
        producer.produce(ORPHAN, b"%d" % number, b"key")
    assert producer.flush(20) == 0
    return context_of(secured_kafka.bootstrap_servers, environ_of(secured_kafka, LIMITED))


def written(cluster: KafkaCluster) -> int:
    """How many offsets of the target are taken: by records, by those of aborted transactions, by markers."""
    place = TopicPartition(HOME, 0)
    return int(cluster.client.list_offsets({place: OffsetSpec.latest()})[place].result(20).offset)


def test_what_the_docs_list_is_enough(secured_kafka: KafkaCluster, stranded: Context) -> None:
    with given(secured_kafka, NEEDED):
        found = prepare(stranded, stranded.manifest(), ORPHAN, HOME)
        assert (found.contents.records, found.warnings) == (RECORDS, ())
        assert rescue(stranded, found).records == RECORDS
        assert prepare(stranded, stranded.manifest(), ORPHAN, HOME).contents.records == 0
    assert written(secured_kafka) == RECORDS + 1


def test_a_look_needs_no_leave_to_write_and_says_what_copying_would(
    secured_kafka: KafkaCluster, stranded: Context
) -> None:
    with given(secured_kafka, TO_LOOK):
        found = prepare(stranded, stranded.manifest(), ORPHAN, HOME)
    assert found.contents.records == RECORDS
    assert found.warnings == (
        f"This principal lacks Write on the topic `{HOME}`: nothing can be copied before it has that.",
        f"This principal lacks Read on the consumer group `{PAIR}`: nothing can be copied before it has that.",
    )


@pytest.mark.parametrize(
    ("missing", "instead", "told"),
    [
        ((AclOperation.READ, ORPHAN), None, f"Read on the topic `{ORPHAN}`"),
        ((AclOperation.READ, ORPHAN), AclOperation.DESCRIBE, f"Read on the topic `{ORPHAN}`"),
        ((AclOperation.DESCRIBE_CONFIGS, ORPHAN), None, f"DescribeConfigs on the topic `{ORPHAN}`"),
        ((AclOperation.WRITE, HOME), None, DESCRIBED),
        ((AclOperation.WRITE, HOME), AclOperation.DESCRIBE, f"Write on the topic `{HOME}`"),
        ((AclOperation.DESCRIBE_CONFIGS, HOME), None, f"DescribeConfigs on the topic `{HOME}`"),
        ((AclOperation.READ, "omni-rescue.*"), None, f"Describe on the consumer group `{PAIR}`"),
        ((AclOperation.READ, "omni-rescue.*"), AclOperation.DESCRIBE, f"Read on the consumer group `{PAIR}`"),
        ((AclOperation.WRITE, "omni-rescue.*"), None, f"Write on the transactional id `{PAIR}`"),
        ((AclOperation.WRITE, "omni-rescue.*"), AclOperation.DESCRIBE, f"Write on the transactional id `{PAIR}`"),
    ],
)
def test_a_right_that_is_missing_is_named_and_nothing_is_half_done(
    missing: tuple[AclOperation, str],
    instead: AclOperation | None,
    told: str,
    secured_kafka: KafkaCluster,
    stranded: Context,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (gone,) = (each for each in NEEDED if (each.operation, each.name) == missing)
    rights = NEEDED - {gone} | ({gone._replace(operation=instead)} if instead else set())
    with given(secured_kafka, rights), pytest.raises((RescueRefused, BrokerRefused), match=re.escape(f"lacks {told}")):
        rescue(stranded, prepare(stranded, stranded.manifest(), ORPHAN, HOME))
    assert written(secured_kafka) == 0
    assert {(row.position, row.records) for row in Projection(stranded.home).rescued(CLUSTER_ID)} <= {(0, 0)}
    assert capfd.readouterr().err == "", "the client says nothing of its own"
    with given(secured_kafka, NEEDED):
        assert rescue(stranded, prepare(stranded, stranded.manifest(), ORPHAN, HOME)).records == RECORDS


def test_the_rights_are_those_that_were_tried() -> None:
    assert len(NEEDED) == 6
    assert {each.resource for each in NEEDED} == {
        ResourceType.TOPIC,
        ResourceType.GROUP,
        ResourceType.TRANSACTIONAL_ID,
    }
