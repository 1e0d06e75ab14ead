"""Where groups stand in the topics that they read, where those logs end, and what lies in between for a reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from time import monotonic
from typing import Any, NamedTuple

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, TopicPartition

from omni_assets.broker import offsets
from omni_assets.broker.assignment import Committed, Partition, Place
from omni_assets.broker.calls import Calls
from omni_assets.broker.codes import topic_error
from omni_assets.broker.connection import Connection, open_client
from omni_assets.broker.groups import NEVER_FIRST_SECONDS
from omni_assets.broker.topics import TopicError
from omni_assets.errors import BrokerRefused, BrokerTimeout

_LOOKERS = "omni-inbox"  # a group in which nothing is ever committed, and that nobody joins
_POLL_SECONDS = 0.2
_QUEUE_KILOBYTES = 1_024
_END_OF_PARTITION = "_PARTITION_EOF"


class Standing(NamedTuple):
    """Where a group stands in a partition whose log ends before ``end``: where reading goes on, and what stands beside
    that offset."""

    partition: Partition
    committed: Committed
    end: int


def standings(calls: Calls, groups: Mapping[str, Sequence[str]]) -> Mapping[str, tuple[Standing, ...]]:
    """Where each group stands in the topics named for it; those that the broker does not list are left out.

    A group without a position stands at the beginning of a log, and so does one whose position is not in the log, as
    workers see it. Takes a listing of topics, two calls for each few thousand partitions, and one a group. Raises
    ``BrokerRefused`` where something could not be seen. Raises ``BrokerTimeout`` where the broker does not say in time.
    """
    topics = sorted({topic for wanted in groups.values() for topic in wanted})
    seen, _ = offsets.topic_offsets(calls, offsets.partitions_of(calls.metadata(), topics), newest=False)
    for name, bounds in seen.items():
        if bounds.unknown:
            raise BrokerRefused(f"to show the offsets of {name}", bounds.unknown)
    logs = {
        group: {
            Partition(topic, number): ends
            for topic in wanted
            if topic in seen
            for number, ends in enumerate(zip(seen[topic].earliest, seen[topic].latest, strict=True))
        }
        for group, wanted in groups.items()
    }
    committed = _committed(calls, {group: list(partitions) for group, partitions in logs.items() if partitions})
    return {
        group: tuple(
            Standing(partition, _standing(committed[group].get(partition), low, high), high)
            for partition, (low, high) in partitions.items()
        )
        for group, partitions in logs.items()
    }


def _standing(committed: Committed | None, low: int, high: int) -> Committed:
    """Where a worker begins: what lies beyond the end is a position in a log that is there no more."""
    return Committed(low) if committed is None or committed.offset > high else committed


def with_records(
    connection: Connection,
    starts: Mapping[Partition, int],
    counts: Callable[[Place], bool],
    seconds: float,
) -> frozenset[Partition]:
    """The partitions that have a committed record from their offset on which ``counts``; each is read until its first.

    Raises ``BrokerTimeout`` where that cannot be told in so many seconds, and ``BrokerRefused``.
    """
    found: set[Partition] = set()
    left = {(each.topic, each.number): each for each in starts}
    deadline = monotonic() + seconds
    if not left:
        return frozenset()
    consumer = _looker(connection)
    try:
        consumer.assign([TopicPartition(each.topic, each.number, offset) for each, offset in starts.items()])
        while left:
            if monotonic() > deadline:
                raise BrokerTimeout(f"a look at what waits in {next(iter(left))[0]}", seconds)
            message = consumer.poll(_POLL_SECONDS)
            partition = left.get((message.topic() or "", message.partition() or 0)) if message is not None else None
            if message is None or partition is None:
                continue
            error = message.error()
            if error is not None and error.name() != _END_OF_PARTITION:
                known = topic_error(error)
                if not known.transient:
                    raise BrokerRefused(f"to show the records of {partition.topic}", known.message)
                continue
            waits = error is None and counts(Place(partition, message.offset() or 0))
            if waits:
                found.add(partition)
            if waits or error is not None:
                del left[partition.topic, partition.number]
                consumer.incremental_unassign([TopicPartition(partition.topic, partition.number)])
    finally:
        consumer.close()
    return frozenset(found)


def _committed(calls: Calls, wanted: Mapping[str, Sequence[Partition]]) -> Mapping[str, Mapping[Partition, Committed]]:
    def ask(batch: Sequence[str]) -> list[Future[Any]]:
        asked = [
            ConsumerGroupTopicPartitions(each, [TopicPartition(of.topic, of.number) for of in wanted[each]])
            for each in batch
        ]
        futures = calls.client.list_consumer_group_offsets(asked, request_timeout=NEVER_FIRST_SECONDS)
        return [futures[each] for each in batch]

    found: dict[str, Mapping[Partition, Committed]] = {}
    for group, answer in calls.batches(ask, 1).answers(list(wanted)):
        told = answer if isinstance(answer, TopicError) else _positions(answer)
        if isinstance(told, TopicError):
            call = f"the positions of the group `{group}`"
            if told.silent:
                raise BrokerTimeout(f"a request for {call}", calls.timeout)
            raise BrokerRefused(f"to show {call}", told.message)
        found[group] = told
    return found


def _positions(answer: Any) -> Mapping[Partition, Committed] | TopicError:
    failed = next((each.error for each in answer.topic_partitions if each.error is not None), None)
    if failed is not None:
        return topic_error(failed)
    return {
        Partition(each.topic, each.partition): Committed(each.offset, each.metadata or "")
        for each in answer.topic_partitions
        if each.offset >= 0
    }


def _looker(connection: Connection) -> Consumer:
    consumer: Consumer = open_client(
        Consumer,
        connection,
        {
            "group.id": _LOOKERS,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "queued.min.messages": 1,
            "queued.max.messages.kbytes": _QUEUE_KILOBYTES,
            "fetch.wait.max.ms": 20,
        },
    )
    return consumer
