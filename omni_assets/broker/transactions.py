"""What transactional producers share: calls that are made again for a while, and positions of a consumer group that are
sent within a bounded time.

librdkafka 2.10 and later forgets a broker that is no longer told of, or all of them when none answers, but goes on
asking a forgotten one where it was a group's coordinator: ``send_offsets_to_transaction`` then never returns, whatever
its timeout (https://github.com/confluentinc/librdkafka/issues/5511).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures import wait
from types import MappingProxyType
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition

from omni_assets.broker.batches import in_thread

REMEMBERS_BROKERS = MappingProxyType({"metadata.recovery.strategy": "none"})
"""What a transactional producer has among its properties, so that it goes on with the brokers that it knew."""

_PAUSE = 0.05
_GRACE_SECONDS = 2.0  # the client's own limit comes first, and a process that stood still hears yet what it missed


def insist(ask: Callable[[], object], seconds: float) -> None:
    """Ask again for so many seconds, as long as the client says that it may be asked. Raises ``KafkaException``."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            ask()
        except KafkaException as raised:
            if not raised.args[0].retriable() or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return


def send_positions(producer: Producer, positions: Sequence[TopicPartition], group: Any, seconds: float) -> None:
    """``Producer.send_offsets_to_transaction``, which ends after ``seconds`` and a little more.

    ``group`` is what ``Consumer.consumer_group_metadata`` gave. Raises ``KafkaException``: ``_TIMED_OUT`` where the
    client does not come back. Such a producer is of no use any more, and a call to it may hang.
    """
    sent = in_thread(lambda: producer.send_offsets_to_transaction(list(positions), group, seconds))
    wait([sent], seconds)
    try:
        sent.result(_GRACE_SECONDS)
    except FutureTimeout:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT)) from None  # noqa: SLF001 - a constant
