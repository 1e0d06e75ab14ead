"""Manifests and snapshots as plain values: the diff needs neither files nor a broker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from omni_assets.broker.snapshot import BrokerSnapshot, ConfigSource, ObservedConfig, ObservedTopic
from omni_assets.contracts import ContractTopicExtractor, Manifest
from omni_assets.contracts.model import Declaration, Location, Outside, Role, Topic, TopicName, TopicSpec

ManifestOf = Callable[..., Manifest]
SnapshotOf = Callable[..., BrokerSnapshot]


@pytest.fixture(scope="session")
def topic() -> Callable[..., Topic]:
    def build(
        name: str = "onex.evt.router.routing-complete.v1",
        *,
        partitions: int | None = 3,
        replication_factor: int | None = 1,
        keyed: bool | None = None,
        config: Mapping[str, str] | None = None,
        blocked: str = "",
        readers: tuple[str, ...] = (),
        outside: tuple[Outside, ...] = (),
        expected_every: int | None = None,
    ) -> Topic:
        place = Declaration(
            name, Role.PUBLISHES, "router", "event_bus.publish_topics[]", Location("contract.yaml", 7, 5)
        )
        reading = tuple(
            Declaration(name, Role.SUBSCRIBES, node, "event_bus.subscribe_topics[]", Location(f"{node}.yaml", 4, 5))
            for node in readers
        )
        spec = TopicSpec(partitions, replication_factor, keyed, MappingProxyType(dict(config or {})), expected_every)
        return Topic(name, TopicName("evt", "router", "routing-complete", 1), spec, (place,), reading, blocked, outside)

    return build


@pytest.fixture(scope="session")
def manifest() -> ManifestOf:
    def build(*topics: Topic) -> Manifest:
        return Manifest((), MappingProxyType({each.name: each for each in topics}), ())

    return build


@pytest.fixture(scope="session")
def observed() -> Callable[..., ObservedTopic]:
    def build(source: Topic) -> ObservedTopic:
        """The topic as a broker has it when everything is as declared."""
        replicas = (source.spec.replication_factor or 1,) * (source.spec.partitions or 1)
        configs = {key: ObservedConfig(value, ConfigSource.TOPIC) for key, value in source.spec.config.items()}
        return ObservedTopic(source.name, replicas, configs=MappingProxyType(configs))

    return build


@pytest.fixture(scope="session")
def snapshot() -> SnapshotOf:
    def build(*topics: ObservedTopic, brokers: int = 1) -> BrokerSnapshot:
        return BrokerSnapshot(
            cluster_id="cluster",
            bootstrap_servers="127.0.0.1:9092",
            observed_at=datetime(2026, 1, 1, tzinfo=UTC),
            brokers=tuple(range(brokers)),
            topics=MappingProxyType({each.name: each for each in topics}),
            calls=3,
            seconds=0.1,
        )

    return build


@pytest.fixture
def extractor() -> ContractTopicExtractor:
    return ContractTopicExtractor()
