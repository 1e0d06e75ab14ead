"""The producers of a seat on the embedded broker: one for each life, which ends the last one and fences it off.

That broker tells readers of committed records of an aborted transaction behind its end, too, and clients then take what
the same producer commits later for aborted (docs/rescue.md). So no producer writes again there once a transaction of it
may have been aborted. Which life it is stands as the position of a group that nobody joins. It is moved on in a
transaction of the last life, of which there is one at most: whoever was fenced off can do so no more.
"""

from __future__ import annotations

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from omni_assets.broker.connection import SILENT, Connection, open_client
from omni_assets.broker.transactions import REMEMBERS_BROKERS, insist, send_positions

_TRIES = 5


def next_life(connection: Connection, seat: str, topic: str) -> str:
    """The transactional id of the seat's next producer; the last one is fenced off when this returns.

    ``topic`` is one that is there. Raises ``KafkaException``, also where others take the seat at the same time.
    """
    register: Consumer = open_client(
        Consumer,
        connection,
        # What a killed one left open holds the position back; the one before it counts then.
        {"group.id": seat, "enable.auto.commit": False, "isolation.level": "read_uncommitted", "logger": SILENT},
    )
    try:
        for _ in range(_TRIES):
            life = _life(connection, register, topic)
            properties = {**REMEMBERS_BROKERS, "transactional.id": f"{seat}.{life}", "logger": SILENT}
            last: Producer = open_client(Producer, connection, properties)
            begin(connection, last)
            if _life(connection, register, topic) != life:
                continue  # another one moved it on before it was fenced off
            last.begin_transaction()
            moved = [TopicPartition(topic, 0, life + 1)]
            send_positions(last, moved, register.consumer_group_metadata(), connection.timeout)
            last.commit_transaction(connection.timeout)
            return f"{seat}.{life + 1}"
    finally:
        register.close()
    raise KafkaException(KafkaError(KafkaError._FENCED))  # noqa: SLF001 - a constant


def begin(connection: Connection, producer: Producer) -> None:
    """Abort what another one of the same name left open, and fence it off. Raises ``KafkaException``."""
    insist(lambda: producer.init_transactions(connection.timeout), connection.timeout)


def _life(connection: Connection, register: Consumer, topic: str) -> int:
    (found,) = register.committed([TopicPartition(topic, 0)], connection.timeout)
    if found.error is not None:
        raise KafkaException(found.error)
    return max(0, found.offset)
