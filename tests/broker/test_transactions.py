from __future__ import annotations

import threading
from typing import Any, cast

import pytest
from confluent_kafka import KafkaException, TopicPartition

from omni_assets.broker.transactions import send_positions


class Forgetful:
    """A producer that waits for a coordinator which it forgot: ``send_offsets_to_transaction`` does not come back.

    A fake, since the real one does so only where its own threads meet in one order.
    """

    def __init__(self) -> None:
        self.released = threading.Event()

    def send_offsets_to_transaction(self, *_: object) -> None:
        self.released.wait()


class Refusing:
    def send_offsets_to_transaction(self, *_: object) -> None:
        raise KafkaException("what the client says")


def test_a_client_that_does_not_come_back_is_not_waited_for():
    producer = Forgetful()
    try:
        with pytest.raises(KafkaException) as raised:
            send_positions(cast("Any", producer), [TopicPartition("orders", 0, 1)], None, 0.05)
        assert raised.value.args[0].name() == "_TIMED_OUT"
    finally:
        producer.released.set()


def test_what_the_client_says_is_raised_as_it_is():
    with pytest.raises(KafkaException, match="what the client says"):
        send_positions(cast("Any", Refusing()), [], None, 5.0)
