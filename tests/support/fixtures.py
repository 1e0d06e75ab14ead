"""Fixtures for tests against a real Kafka cluster or Redis, and for counting what is sent to any broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.kafka_cluster import KafkaCluster, wait_until
from tests.support.kafka_jars import NoKafka, jars
from tests.support.kafka_secured import secured
from tests.support.postgres import NoPostgres, Postgres
from tests.support.proxy import Proxy
from tests.support.redis_server import NoRedis, RedisServer

_GONE = "UNKNOWN_TOPIC_OR_PART"
"""One broker may still list what the controller has deleted."""


@pytest.fixture(scope="session")
def kafka_jars() -> Path:
    """Skips, with the reason, where Kafka cannot be had."""
    try:
        return jars()
    except NoKafka as reason:
        pytest.skip(f"no Kafka here: {reason}")


@pytest.fixture(scope="session")
def three_brokers(kafka_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """Three brokers for the whole run; tests ask for ``kafka``."""
    yield from _started(KafkaCluster(tmp_path_factory.mktemp("kafka")))


@pytest.fixture(scope="session")
def one_secured_broker(kafka_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaCluster]:
    """One broker with SASL, TLS and ACLs for the whole run; tests ask for ``secured_kafka``."""
    folder = tmp_path_factory.mktemp("secured")
    yield from _started(KafkaCluster(folder, size=1, flavour=secured(folder)))


@pytest.fixture
def kafka(three_brokers: KafkaCluster) -> Iterator[KafkaCluster]:
    """A cluster of three brokers that are all up, without a topic. What a test does to it is undone."""
    yield from _as_new(three_brokers)


@pytest.fixture
def secured_kafka(one_secured_broker: KafkaCluster) -> Iterator[KafkaCluster]:
    """A broker that asks who one is, without a topic: ``kafka_secured.connection_of`` is how its users reach it."""
    yield from _as_new(one_secured_broker)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A Postgres of this module alone; skips, with the reason, where there is none."""
    try:
        server = Postgres()
    except NoPostgres as reason:
        pytest.skip(f"no Postgres here: {reason}")
    yield server
    server.end()


@pytest.fixture(scope="session")
def one_redis() -> Iterator[RedisServer]:
    """A Redis for the whole run; tests ask for ``redis``. Skips, with the reason, where there is none."""
    try:
        server = RedisServer()
    except NoRedis as reason:
        pytest.skip(f"no Redis here: {reason}")
    yield server
    server.end()


@pytest.fixture
def redis(one_redis: RedisServer) -> RedisServer:
    """A Redis without a key."""
    one_redis.client.flushall()
    return one_redis


@pytest.fixture
def proxied() -> Iterator[Callable[[str], Proxy]]:
    """Puts a counting proxy before the brokers of a list of bootstrap servers; ends with the test."""
    with ExitStack() as opened:
        yield lambda bootstrap_servers: opened.enter_context(Proxy(bootstrap_servers))


def _started(cluster: KafkaCluster) -> Iterator[KafkaCluster]:
    try:
        cluster.start_all()
        yield cluster
    finally:
        cluster.end_all()


def _as_new(cluster: KafkaCluster) -> Iterator[KafkaCluster]:
    cluster.start_all()
    yield cluster
    cluster.start_all()

    names = {name for listed in cluster.listings() for name in listed}
    if names:
        for deleted in cluster.client.delete_topics(list(names), request_timeout=30).values():
            if (error := deleted.exception()) is not None and error.args[0].name() != _GONE:
                raise error
        wait_until(lambda: not any(cluster.listings()), 30, "the topics of a test to be gone")
