"""The producers of a seat on the embedded broker: one after the other, none beside another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import NewTopic

from omni_assets.broker.lives import begin, next_life

pytestmark = pytest.mark.broker

TOPIC, SEAT = "onex.cmd.echo.asked.v1", "omni-worker.echo-0"
FENCED = {"_FENCED", "PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH"}


@pytest.fixture
def connection(broker: Any) -> Any:
    broker.client.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result(20)
    return broker.connection


def alive(connection: Any, name: str) -> Producer:
    producer = Producer({"bootstrap.servers": connection.bootstrap_servers, "transactional.id": name, "log_level": 0})
    begin(connection, producer)
    return producer


def test_each_life_has_a_name_of_its_own_and_ends_the_one_before(connection):
    first = alive(connection, next_life(connection, SEAT, TOPIC))
    first.begin_transaction()
    first.produce(TOPIC, b"never")
    assert first.flush(20) == 0
    second = next_life(connection, SEAT, TOPIC)
    with pytest.raises(KafkaException) as refused:
        first.commit_transaction(20)
    assert refused.value.args[0].name() in FENCED
    assert (second, next_life(connection, SEAT, TOPIC)) == (f"{SEAT}.2", f"{SEAT}.3")
    assert next_life(connection, "omni-worker.echo-1", TOPIC) == "omni-worker.echo-1.1"


def test_of_several_at_once_no_two_ever_have_the_same_life(connection):
    """Some are fenced off on the way, by those who come later; nobody goes back to a life that is over."""

    def take_over(_: int) -> str:
        try:
            return next_life(connection, SEAT, TOPIC)
        except KafkaException as refused:
            return str(refused.args[0].name())

    with ThreadPoolExecutor(4) as several:
        ended = list(several.map(take_over, range(24)))
    names = [each for each in ended if each.startswith(SEAT)]
    assert set(ended) - set(names) <= FENCED
    lives = sorted(int(each.rpartition(".")[2]) for each in names)
    assert len(lives) >= 1
    assert lives == list(range(1, len(lives) + 1))
    assert next_life(connection, SEAT, TOPIC) == f"{SEAT}.{len(lives) + 1}"
