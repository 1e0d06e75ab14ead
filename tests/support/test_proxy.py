"""The proxy counts what real clients send, keeps them behind it, and fails as it is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType

from omni_assets.broker.connection import Connection, open_client
from tests.conftest import EmbeddedBroker
from tests.support.kafka_cluster import KafkaCluster
from tests.support.proxy import Lost, Proxy

Proxied = Callable[[str], Proxy]


def client_of(proxy: Proxy) -> AdminClient:
    return open_client(AdminClient, Connection(proxy.bootstrap_servers))


def ports(proxy: Proxy) -> set[int]:
    return {int(address.rpartition(":")[2]) for address in proxy.bootstrap_servers.split(",")}


@pytest.mark.broker
def test_requests_are_counted_by_name_and_reading_is_no_write(broker: EmbeddedBroker, proxied: Proxied) -> None:
    proxy = proxied(broker.bootstrap_servers)
    client = client_of(proxy)
    client.create_topics([NewTopic("counted", 1, 1)])["counted"].result()
    assert proxy.requests["CreateTopics"] == 1
    assert proxy.writes == 1
    proxy.reset()
    client.list_topics(timeout=10)
    client.describe_configs([ConfigResource(ResourceType.TOPIC, "counted")])
    client.list_topics(timeout=10)
    assert proxy.requests["Metadata"] >= 2
    assert proxy.writes == 0


@pytest.mark.broker
def test_clients_stay_behind_the_proxy(broker: EmbeddedBroker, proxied: Proxied) -> None:
    proxy = proxied(broker.bootstrap_servers)
    named = client_of(proxy).list_topics(timeout=10).brokers
    assert {each.port for each in named.values()} == ports(proxy)
    broker.client.create_topics([NewTopic("filled", 1, 1)])["filled"].result()
    producer = open_client(Producer, Connection(proxy.bootstrap_servers))
    producer.produce("filled", b"a record")
    assert producer.flush(10) == 0
    assert proxy.requests["Produce"] == 1


@pytest.mark.broker
def test_a_lost_request_never_reaches_the_broker(broker: EmbeddedBroker, proxied: Proxied) -> None:
    proxy = proxied(broker.bootstrap_servers)
    proxy.lose("CreateTopics", Lost.REQUEST, times=9)
    client = client_of(proxy)
    with pytest.raises(KafkaException):
        client.create_topics([NewTopic("lost", 1, 1)], request_timeout=2)["lost"].result()
    assert proxy.requests["CreateTopics"] >= 1
    assert "lost" not in broker.client.list_topics(timeout=10).topics


@pytest.mark.broker
def test_a_lost_answer_leaves_what_was_done(broker: EmbeddedBroker, proxied: Proxied) -> None:
    proxy = proxied(broker.bootstrap_servers)
    proxy.lose("CreateTopics", Lost.ANSWER)
    client = client_of(proxy)
    with pytest.raises(KafkaException):
        client.create_topics([NewTopic("done", 1, 1)], request_timeout=2)["done"].result()
    assert proxy.requests["CreateTopics"] >= 1
    assert "done" in broker.client.list_topics(timeout=10).topics


@pytest.mark.broker
def test_an_action_comes_once_and_before_the_request(broker: EmbeddedBroker, proxied: Proxied) -> None:
    proxy = proxied(broker.bootstrap_servers)
    seen: list[set[str]] = []
    proxy.before("CreateTopics", lambda: seen.append(set(broker.client.list_topics(timeout=10).topics)))
    client = client_of(proxy)
    for name in ("first", "second"):
        client.create_topics([NewTopic(name, 1, 1)])[name].result()
    assert [names & {"first", "second"} for names in seen] == [set()]


@pytest.mark.broker
def test_clients_come_again_after_a_cut(broker: EmbeddedBroker, proxied: Proxied) -> None:
    proxy = proxied(broker.bootstrap_servers)
    client = client_of(proxy)
    client.list_topics(timeout=10)
    proxy.cut()
    assert client.list_topics(timeout=10).brokers


def test_a_request_that_does_not_exist_cannot_be_waited_for(proxied: Proxied) -> None:
    with pytest.raises(AssertionError, match="CreateTopic"):
        proxied("127.0.0.1:1").lose("CreateTopic", Lost.REQUEST)


@pytest.mark.cluster
def test_three_brokers_behind_it(kafka: KafkaCluster, proxied: Proxied) -> None:
    proxy = proxied(kafka.bootstrap_servers)
    client = client_of(proxy)
    client.create_topics([NewTopic("spread", 6, 3)])["spread"].result()
    assert {each.port for each in client.list_topics(timeout=10).brokers.values()} == ports(proxy)
    producer = open_client(Producer, Connection(proxy.bootstrap_servers))
    for number in range(60):
        producer.produce("spread", b"a record", key=str(number).encode())
    assert producer.flush(20) == 0
    assert proxy.requests["CreateTopics"] == 1
    assert proxy.requests["Produce"] >= 3
    assert proxy.writes == proxy.requests["CreateTopics"] + proxy.requests["Produce"]
