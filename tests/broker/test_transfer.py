"""Records go from one topic to another once, as they are, in the order of their keys, whatever ends the copying."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from datetime import UTC, datetime

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import NewTopic

from omni_assets.broker import transfer
from omni_assets.broker.connection import Connection, open_client
from omni_assets.broker.records import RecordReader, Span
from omni_assets.errors import BrokerRefused, BrokerTimeout, ReadOnly, TransferInterrupted
from tests.support import odd_headers

pytestmark = pytest.mark.broker

NAMES = itertools.count()
AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
OWN = "omni-rescued-"
_BY_KEY = -1


class Topics:
    """A pair of topics on a broker, written and read by clients of somebody else."""

    def __init__(self, broker, partitions=2, target_partitions=3, config=None):
        number = next(NAMES)
        self.broker = broker
        self.connection = broker.connection
        self.source, self.target = f"orphan_{number}", f"home-{number}"
        self.partitions, self.target_partitions = partitions, target_partitions
        self.create(self.source, partitions, config or {})
        self.create(self.target, target_partitions, {})

    def create(self, name, partitions, config):
        self.broker.client.create_topics([NewTopic(name, partitions, 1, config=config)])[name].result()

    def write(self, *records, topic=None, **properties):
        """Records as (partition, key, value, headers, timestamp), the last two optional."""
        producer = Producer({"bootstrap.servers": self.connection.bootstrap_servers, "log_level": 0, **properties})
        for partition, key, value, *more in records:
            headers, timestamp = (*more, *(None, 0)[len(more) :])
            producer.produce(
                topic or self.source, value, key, partition=partition, headers=headers, timestamp=timestamp or 0
            )
        assert producer.flush(10) == 0

    def reach(self):
        return transfer.reach(self.connection, self.source, self.target, self.partitions)

    def copy(self, found=None, told=lambda _: None, connection=None):
        transfer.copy(
            connection or self.connection,
            transfer.Provenance(self.source, AT, "tester"),
            transfer.Target(self.target, self.target_partitions),
            found or self.reach(),
            told,
        )

    def arrived(self):
        return everything(self.connection, self.target, self.target_partitions)


def everything(connection, topic, partitions):
    """All committed records of a topic, partition by partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": connection.bootstrap_servers,
            "group.id": "reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            # In one fetch: noida tells of an aborted transaction in later fetches too, and the client then takes what
            # the same producer committed afterwards for aborted.
            "fetch.message.max.bytes": 100_000_000,
            "fetch.max.bytes": 100_000_000,
            "receive.message.max.bytes": 200_000_000,
            "log_level": 0,
        }
    )
    consumer.assign([TopicPartition(topic, each, 0) for each in range(partitions)])
    found, ended = defaultdict(list), set()
    deadline = time.monotonic() + 30
    while len(ended) < partitions:
        assert time.monotonic() < deadline
        message = consumer.poll(0.5)
        if message is None:
            continue
        if message.error() is None:
            found[message.partition()].append(message)
        else:
            ended.add(message.partition())
    consumer.close()
    return [message for each in range(partitions) for message in found[each]]


def begun(topics, value):
    """A producer with a transaction that holds one record; each has a name of its own."""
    name = f"{topics.source}-{value}"
    producer = open_client(Producer, topics.connection, {"transactional.id": name})
    producer.init_transactions(10)
    producer.begin_transaction()
    producer.produce(topics.source, value.encode(), b"k", partition=0)
    producer.flush(10)
    return producer


def provenance(message):
    """Where a copied record says that it comes from."""
    facts = dict(message.headers())
    return int(facts[f"{OWN}partition"]), int(facts[f"{OWN}offset"])


@pytest.fixture
def topics(module_broker):
    return Topics(module_broker)


def test_a_record_arrives_as_it_was_with_where_it_comes_from(topics):
    now = int(time.time() * 1000)
    headers = [("trace", b"\xff\x00"), ("trace", None), ("empty", b"")]
    topics.write((1, b"key", b"value", headers, now - 5_000), (0, b"tombstone", None), (0, b"", b""), (0, None, None))
    topics.copy()
    arrived = {provenance(each): each for each in topics.arrived()}
    assert arrived.keys() == {(1, 0), (0, 0), (0, 1), (0, 2)}
    first = arrived[1, 0]
    assert (first.key(), first.value(), first.timestamp()[1]) == (b"key", b"value", now - 5_000)
    assert first.headers()[:3] == headers
    assert dict(first.headers()[3:]) == {
        "omni-rescued-topic": topics.source.encode(),
        "omni-rescued-partition": b"1",
        "omni-rescued-offset": b"0",
        "omni-rescued-at": b"2026-11-25T12:00:00+00:00",
        "omni-rescued-by": b"tester",
    }
    assert [(arrived[0, each].key(), arrived[0, each].value()) for each in range(3)] == [
        (b"tombstone", None),
        (b"", b""),
        (None, None),
    ]


def test_keys_go_where_java_and_our_producers_put_them_and_keep_their_order(topics):
    keys = [f"key-{each}".encode() for each in range(40)]
    topics.write(*((0, key, str(turn).encode()) for turn in range(5) for key in keys))
    topics.write(*((_BY_KEY, key, b"new") for key in keys), topic=topics.target, partitioner="murmur2_random")
    topics.copy()
    of_key = defaultdict(list)
    for each in topics.arrived():
        of_key[each.key()].append((each.partition(), each.value()))
    for key in keys:
        assert [value for _, value in of_key[key]] == [b"new", b"0", b"1", b"2", b"3", b"4"]
        assert len({partition for partition, _ in of_key[key]}) == 1


def test_records_without_key_keep_the_order_of_their_partition(topics):
    topics.write(*((partition, None, b"%d" % each) for each in range(30) for partition in (0, 1)))
    topics.copy()
    for origin in (0, 1):
        own = [each for each in topics.arrived() if provenance(each)[0] == origin]
        assert [each.value() for each in own] == [b"%d" % each for each in range(30)]
        assert {each.partition() for each in own} == {origin}


def test_what_was_copied_is_not_copied_again_and_what_came_later_is(topics, monkeypatch):
    monkeypatch.setattr(transfer, "MOST_RECORDS", 4)
    topics.write(*((0, b"k", b"%d" % each) for each in range(10)))
    told = []
    topics.copy(told=told.append)
    assert [each.records for each in told] == [{0: 4}, {0: 4}, {0: 2}]
    assert told[-1].positions == {0: 10}
    assert topics.reach().most_records == 0
    topics.copy()
    topics.write((0, b"k", b"10"), (1, b"other", b"0"))
    assert topics.reach().most_records == 2
    topics.copy()
    assert [each.value() for each in topics.arrived() if each.key() == b"k"] == [b"%d" % each for each in range(11)]
    assert len(topics.arrived()) == 12


def test_what_came_after_it_was_shown_stays_for_the_next_time(topics):
    topics.write((0, b"k", b"shown"))
    shown = topics.reach()
    topics.write((0, b"k", b"later"))
    topics.copy(shown)
    assert [each.value() for each in topics.arrived()] == [b"shown"]
    assert topics.reach().spans[0] == Span(0, 1, 2)


def test_an_interruption_leaves_whole_transactions(topics, monkeypatch):
    monkeypatch.setattr(transfer, "MOST_RECORDS", 3)
    topics.write(*((0, b"k", b"%d" % each) for each in range(10)))

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        topics.copy(told=interrupt)
    assert [each.value() for each in topics.arrived()] == [b"0", b"1", b"2"]
    topics.copy()
    assert [each.value() for each in topics.arrived()] == [b"%d" % each for each in range(10)]


def test_ctrl_c_within_a_transaction_aborts_it(topics, monkeypatch):
    topics.write((0, b"k", b"0"), (0, b"k", b"1"))
    produce, seen = transfer._Writer._produce, []

    def interrupted(writer, record, origin):
        produce(writer, record, origin)
        seen.append(record)
        if len(seen) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(transfer._Writer, "_produce", interrupted)
    with pytest.raises(KeyboardInterrupt):
        topics.copy()
    monkeypatch.setattr(transfer._Writer, "_produce", produce)
    # Readers of the target are not held up by a transaction that hangs: the broker's own topic ends where it should.
    topics.write((0, b"k", b"of somebody else"), topic=topics.target)
    assert [each.value() for each in topics.arrived()] == [b"of somebody else"]
    topics.copy()
    assert len(topics.arrived()) == 3


def test_a_transaction_that_hangs_is_aborted_by_whoever_goes_on(topics):
    topics.write(*((0, b"k", b"%d" % each) for each in range(3)))
    dead = _hang(topics, offset=2)
    topics.copy()
    assert [each.value() for each in topics.arrived()] == [b"0", b"1", b"2"]
    del dead


def test_two_at_once_cannot_both_go_on(topics, monkeypatch):
    monkeypatch.setattr(transfer, "MOST_RECORDS", 3)
    topics.write(*((0, b"k", b"%d" % each) for each in range(10)))
    others = []

    def meanwhile(_):
        if not others:
            others.append(topics.reach())
            topics.copy(others[0])

    with pytest.raises(TransferInterrupted, match="another process went on with it"):
        topics.copy(told=meanwhile)
    assert [each.value() for each in topics.arrived()] == [b"%d" % each for each in range(10)]


def test_aborted_records_stay_behind_and_open_ones_are_told(topics):
    begun(topics, "aborted").abort_transaction(10)
    topics.write((0, b"k", b"committed"))
    producer = begun(topics, "open")
    topics.write((0, b"k", b"behind it"))
    found = topics.reach()
    assert found.hidden == 2
    topics.copy(found)
    assert [each.value() for each in topics.arrived()] == [b"committed"]
    producer.commit_transaction(10)
    topics.copy()
    assert [each.value() for each in topics.arrived()] == [b"committed", b"open", b"behind it"]
    assert topics.reach().most_records == 0


@pytest.mark.parametrize("records", [1, 5, 9])
def test_a_topic_made_anew_under_the_same_name_is_another_log(topics, records):
    topics.write(*((0, b"k", b"old %d" % each) for each in range(5)), (1, b"k", b"old"))
    topics.copy()
    topics.broker.client.delete_topics([topics.source])[topics.source].result()
    topics.create(topics.source, 2, {})
    topics.write(*((0, b"k", b"new %d" % each) for each in range(records)))
    assert topics.reach().recreated
    topics.copy()
    assert topics.reach() == transfer.Reach((Span(0, records, records), Span(1, 0, 0)), 0, True, False)
    news = [each.value() for each in topics.arrived() if each.value().startswith(b"new")]
    assert news == [b"new %d" % each for each in range(records)]


def test_records_that_are_gone_are_no_reason_to_begin_anew(topics):
    topics.write(*((0, b"k", b"%d" % each) for each in range(5)))
    topics.copy()
    topics.write((0, b"k", b"5"), (0, b"k", b"6"))
    topics.broker.client.delete_records([TopicPartition(topics.source, 0, 6)])
    time.sleep(0.2)
    found = topics.reach()
    assert not found.recreated
    assert found.spans[0] == Span(0, 6, 7)
    topics.copy(found)
    assert [each.value() for each in topics.arrived()] == [b"0", b"1", b"2", b"3", b"4", b"6"]


def test_what_is_in_it_is_known_before(topics):
    now = int(time.time() * 1000)
    topics.write((0, b"k", b"v" * 1_000, None, now - 60_000), (1, None, b"", None, now), (0, b"k", None, None, now - 1))
    told = []
    found = transfer.contents(topics.connection, topics.source, topics.reach().spans, now - 30_000, told.append)
    assert (found.records, found.keyless, found.expired) == (3, 1, 1)
    assert (found.oldest_ms, found.newest_ms) == (now - 60_000, now)
    assert 1_001 < found.largest < 1_200
    assert told[-1] == 3


def test_nothing_is_written_where_writing_is_forbidden(topics):
    topics.write((0, b"k", b"v"))
    with pytest.raises(ReadOnly, match="copying records"):
        topics.copy(connection=Connection(topics.connection.bootstrap_servers, read_only=True))
    assert topics.reach().most_records == 1


def test_a_topic_that_is_not_there_is_refused(topics):
    hasty = Connection(topics.connection.bootstrap_servers, timeout=2)
    with RecordReader(hasty, "nowhere", "g") as reader, pytest.raises((BrokerRefused, BrokerTimeout)):
        list(reader.batches([Span(0, 0, 1)], 1, 1))


def _hang(topics, offset):
    """The transaction of a copy that was killed before its end, with a position ahead of it."""
    name = transfer.transfer_id(topics.source, topics.target)
    producer = open_client(Producer, topics.connection, {"transactional.id": name})
    producer.init_transactions(10)
    producer.begin_transaction()
    producer.produce(topics.target, b"never committed", b"k")
    with RecordReader(topics.connection, topics.source, name) as reader:
        producer.send_offsets_to_transaction([TopicPartition(topics.source, 0, offset)], reader.group(), 10)
    producer.flush(10)
    return producer


def test_a_record_whose_headers_nobody_can_read_is_not_copied_without_them(module_broker):
    topics = Topics(module_broker, partitions=1)
    odd_headers.write(topics.connection.bootstrap_servers, topics.source, b"k", b"v")
    with pytest.raises(TransferInterrupted, match=f"{topics.source}/0/0 has a header whose name is no UTF-8"):
        topics.copy()
    assert topics.arrived() == []
