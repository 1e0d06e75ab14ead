"""A log is read on from where it was left: everything that is committed once, in order, and no other log's records."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

from omni_assets.broker.connection import Connection
from omni_assets.broker.records import Mark, Position
from omni_assets.broker.stretches import Stretch, read_on
from omni_assets.errors import LedgerReplaced

pytestmark = pytest.mark.broker

_NAMES = itertools.count()
PARTITIONS = 2
BEGINNING = dict.fromkeys(range(PARTITIONS), Position(0))


class Log:
    """A topic, and a transactional producer for it."""

    def __init__(self, broker) -> None:
        self.broker = broker
        self.name = f"onex.evt.log.number-{next(_NAMES)}.v1"
        self.make()

    def make(self) -> None:
        self.broker.client.create_topics([NewTopic(self.name, PARTITIONS, 1)])[self.name].result(20)

    def make_anew(self) -> None:
        self.broker.client.delete_topics([self.name])[self.name].result(20)
        self.make()

    def producer(self, name: str = "") -> Producer:
        """A producer; what another of its name left open is aborted."""
        name = f"{self.name}.{name}"
        producer = Producer(
            {"bootstrap.servers": self.broker.bootstrap_servers, "transactional.id": name, "log_level": 0}
        )
        producer.init_transactions(20)
        return producer

    def begin(self, producer: Producer, *numbers: int) -> None:
        producer.begin_transaction()
        for number in numbers:
            producer.produce(self.name, b"%d" % number, b"k", partition=number % PARTITIONS)
        assert producer.flush(20) == 0

    def commit(self, *numbers: int, producer: Producer | None = None) -> None:
        producer = producer or self.producer()
        self.begin(producer, *numbers)
        producer.commit_transaction(20)

    def read(self, at: Mapping[int, Position] = BEGINNING, most_records: int = 2_000) -> Iterator[tuple[Stretch, ...]]:
        connection = Connection(self.broker.bootstrap_servers)
        return read_on(connection, self.name, at, most_records=most_records)


@pytest.fixture
def log(module_broker) -> Log:
    return Log(module_broker)


def taken(batches) -> tuple[list[int], dict[int, Position]]:
    """The numbers that were read, partition by partition, and where each stands then."""
    numbers, at = defaultdict(list), dict(BEGINNING)
    for stretch in itertools.chain.from_iterable(batches):
        numbers[stretch.partition] += [int(each.value) for each in stretch.found]
        at[stretch.partition] = stretch.end
    return [number for each in range(PARTITIONS) for number in numbers[each]], at


def test_what_is_new_is_read_once_and_in_order(log):
    log.commit(*range(6))
    first, at = taken(log.read())
    assert first == [0, 2, 4, 1, 3, 5]
    assert list(log.read(at)) == []
    log.commit(6, 8)
    again, end = taken(log.read(at))
    assert again == [6, 8]
    assert (end[0].offset, end[0].mark.offset) == (7, 5), "a transaction's marker is passed, and is no record"


def test_batches_hold_no_more_than_they_may(log):
    log.commit(*range(0, 20, 2))
    batches = list(log.read(most_records=3))
    assert [sum(len(each.found) for each in batch) for batch in batches if batch] == [3, 3, 3, 1]
    half = batches[1][0].end
    assert taken(log.read({0: half}))[0] == [12, 14, 16, 18]


def test_what_is_not_committed_is_not_read_and_hides_nothing_that_is(log):
    log.commit(0, 2)
    producer = log.producer()
    log.begin(producer, 4)
    numbers, at = taken(log.read())
    assert numbers == [0, 2]
    producer.commit_transaction(20)
    assert taken(log.read(at))[0] == [4]


def test_what_was_aborted_is_passed(log):
    log.commit(0, 2)
    log.begin(log.producer("killed"), 100, 102)
    log.producer("killed")
    log.commit(4)
    numbers, at = taken(log.read())
    assert numbers == [0, 2, 4]
    log.begin(log.producer("killed"), 104)
    log.producer("killed")
    assert taken(log.read(at))[0] == []
    log.commit(6, 8)
    assert taken(log.read(at, most_records=1))[0] == [6, 8]


def test_a_log_that_was_made_anew_is_no_more_the_same(log):
    log.commit(0, 2, 4)
    _, at = taken(log.read())
    log.make_anew()
    with pytest.raises(
        LedgerReplaced, match=r"partition 0 of the ledger .*: 4 offsets of it were, and it ends at 0 now"
    ):
        list(log.read(at))
    log.commit(0, 2, 4, 6)
    with pytest.raises(LedgerReplaced, match="another record stands at offset 2"):
        list(log.read(at))


def test_a_log_whose_unread_records_are_gone_is_told(log):
    from confluent_kafka import TopicPartition

    log.commit(0, 2, 4)
    for future in log.broker.client.delete_records([TopicPartition(log.name, 0, 2)]).values():
        future.result(20)
    with pytest.raises(LedgerReplaced, match="it was up to offset 1, and what is there now begins at 2"):
        list(log.read({0: Position(1, Mark(0, 1))}))
    assert taken(log.read())[0] == [4]
