"""From three Kafka brokers to contracts and back: settings of every sort, replicas, and a reader."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, TopicPartition

from omni_assets.broker.connection import open_client
from omni_assets.operations.context import Context
from omni_assets.operations.importing.notices import NoticeKind
from tests.support.imported import OUTSIDE, create, imported, provisioned_alike
from tests.support.kafka_cluster import KafkaCluster, wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

COMPLETE, REQUEST = "onex.evt.router.routing-complete.v1", "onex.cmd.router.route-request.v1"
READERS = {"merger": COMPLETE, "router": REQUEST}
TOPICS = {
    COMPLETE: (6, 3, {"retention.ms": "1209600000", "min.insync.replicas": "2", "compression.type": "zstd"}),
    "onex.evt.router.state-changed.v1": (1, 3, {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.1"}),
    "onex.evt.router.both-done.v1": (2, 2, {"cleanup.policy": "compact,delete", "retention.ms": "-1"}),
    REQUEST: (3, 1, {"max.message.bytes": "2097152", "segment.bytes": "104857601"}),
    "onex.dlq.router.route-request.v1": (1, 3, {"message.timestamp.type": "LogAppendTime", "preallocate": "true"}),
    "onex.snapshot.pricer.price-list.v1": (1, 2, {"unclean.leader.election.enable": "true", "retention.bytes": "1"}),
    "onex.intent.pricer.price-change.v1": (1, 1, {"follower.replication.throttled.replicas": "*"}),
}


def test_what_is_imported_can_be_provisioned_elsewhere_and_does_not_differ(
    kafka: KafkaCluster, context_at: Callable[..., Context]
) -> None:
    create(kafka.client, TOPICS)
    wanted = {*TOPICS, OUTSIDE}
    wait_until(lambda: all(wanted <= each.keys() for each in kafka.listings()), 60, "every topic to be listed")
    for group, topic in READERS.items():
        reader = open_client(Consumer, kafka.connection, {"group.id": group, "enable.auto.commit": False})
        reader.commit(offsets=[TopicPartition(topic, 0, 0)], asynchronous=False)
        reader.close()

    found = imported(context_at(kafka.bootstrap_servers))
    (merger,) = (each.draft for each in found.files if each.draft.node == "merger")
    assert [(each.name, each.origin) for each in merger.subscribes] == [(COMPLETE, "read by `merger`")]
    assert {each.subject for each in found.notices if each.kind is NoticeKind.OUTSIDE_THE_GRAMMAR} == {OUTSIDE}

    for deleted in kafka.client.delete_topics(sorted(wanted), request_timeout=30).values():
        deleted.result(60)
    for ended in kafka.client.delete_consumer_groups(list(READERS)).values():
        ended.result(60)
    wait_until(lambda: not any(wanted & each.keys() for each in kafka.listings()), 60, "the topics to be gone")
    provisioned_alike(context_at(kafka.bootstrap_servers, "elsewhere"), found)
