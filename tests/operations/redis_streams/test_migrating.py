"""A stream becomes a topic: every entry once, in the order of its key, and nothing is guessed."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict

import pytest

from omni_assets.broker.connection import Connection
from omni_assets.broker.intake import Intake
from omni_assets.errors import MigrationRefused, ReadOnly, TransferInterrupted
from omni_assets.operations.redis_streams import migrating as copying
from omni_assets.operations.redis_streams.copies import Form
from omni_assets.operations.redis_streams.entries import Entry, EntryId
from omni_assets.operations.redis_streams.migrating import migrate, next_most
from omni_assets.operations.redis_streams.reading import RedisStreams
from omni_assets.projection.store import Projection
from tests.support import tampering
from tests.support.migrated import number_of

pytestmark = pytest.mark.broker


def in_order(records) -> bool:
    """Whether each key is in one partition, and its numbers are in order there."""
    places = defaultdict(list)
    for each in records:
        places[each.key()].append((each.partition(), number_of(each)))
    return all(len({partition for partition, _ in found}) == 1 and found == sorted(found) for found in places.values())


def test_entries_are_copied_once_and_in_order_and_it_goes_on_where_it_ended(migrating):
    orders = migrating()
    ids = orders.add(range(300))
    found = orders.prepare()
    assert (found.start.copied, found.has_entries, found.warnings) == (0, True, ())
    done = orders.migrate(found)
    assert (done.records, str(done.progress.after), done.missed, done.unrecorded) == (300, ids[-1], 0, None)
    assert (orders.numbers(), in_order(orders.records())) == (list(range(300)), True)
    record = orders.records()[0]
    number = number_of(record)
    assert (record.key(), record.value()) == (
        f"order-{number % 7}".encode(),
        b'{"order":"order-%d","number":"%d"}' % (number % 7, number),
    )
    assert record.headers() == [
        ("omni-migrated-from", orders.stream.encode()),
        ("omni-migrated-id", ids[number].encode()),
    ]
    assert record.timestamp()[1] == EntryId.read(ids[number]).milliseconds

    assert not orders.prepare().has_entries
    assert orders.migrate().records == 0
    orders.add(range(300, 320))
    assert orders.prepare().start == done.progress
    assert orders.migrate().records == 20
    assert orders.numbers() == list(range(320))
    found = orders.prepare()
    rows = Projection(orders.context.home).audited(topic=orders.topic)
    assert [(row.event, row.outcome) for row in rows] == [("migrate", "done")] * 3
    assert rows[0].detail == f"320 records up to {found.start.after}"


def test_it_follows_until_the_stream_is_quiet_and_counts_what_was_deleted_before(migrating):
    orders = migrating()
    orders.add(range(50))
    copied_first, deleted = threading.Event(), []

    def write_on():
        copied_first.wait(60)
        for start in range(50, 200, 50):
            orders.add(range(start, start + 50))
            time.sleep(0.1)
        # Added and deleted at once, so that nobody can have read it.
        pipe = orders.redis.client.pipeline(transaction=True)
        pipe.xadd(orders.stream, {"order": "gone"}, id="4000000000000-0")
        pipe.xdel(orders.stream, "4000000000000-0")
        deleted.append(pipe.execute())

    writer = threading.Thread(target=write_on)
    writer.start()
    done = orders.migrate(quiet_seconds=2.0, told=lambda _: copied_first.set())
    writer.join()
    assert (done.records, done.missed, len(deleted)) == (200, 1, 1)
    assert (orders.numbers(), in_order(orders.records())) == (list(range(200)), True)


def test_a_position_that_the_broker_forgot_is_read_off_the_topic(migrating):
    orders = migrating()
    ids = orders.add(range(40))
    group = orders.prepare().way.group
    orders.migrate()
    orders.broker.client.delete_consumer_groups([group])[group].result(30)
    found = orders.prepare()
    assert (found.kept, str(found.start.after), found.start.copied) == (None, ids[-1], 40)
    orders.add(range(40, 50))
    done = orders.migrate()
    assert (done.records, done.missed) == (10, None)
    assert orders.numbers() == list(range(50))


def test_where_nothing_but_the_journal_remembers_a_person_says_where_to_begin(migrating):
    orders = migrating()
    ids = orders.add(range(10))
    group = orders.prepare().way.group
    orders.migrate()
    orders.broker.client.delete_consumer_groups([group])[group].result(30)
    tampering.delete(orders.broker.client, orders.topic)
    tampering.create(orders.broker.client, orders.topic, orders.partitions)
    with pytest.raises(MigrationRefused, match=f"copied before .10 records up to {ids[-1]}., and the broker no longer"):
        orders.prepare()
    orders.migrate(orders.prepare(after=EntryId.read(ids[3])))
    assert orders.numbers() == list(range(4, 10))


def test_a_topic_that_was_made_anew_is_not_taken_for_the_one_that_was_filled(migrating):
    orders = migrating()
    orders.add(range(10))
    orders.migrate()
    tampering.delete(orders.broker.client, orders.topic)
    tampering.create(orders.broker.client, orders.topic, orders.partitions)
    with pytest.raises(MigrationRefused, match="--after 0 where the topic was made anew"):
        orders.prepare()
    orders.migrate(orders.prepare(after=EntryId(0, 0)))
    assert orders.numbers() == list(range(10))


def test_another_stream_of_the_same_name_is_not_gone_on_with(migrating):
    orders = migrating()
    orders.add(range(5))
    orders.migrate()
    orders.redis.client.delete(orders.stream)
    orders.add([7], ["1-1"])
    with pytest.raises(MigrationRefused, match="which this stream never had: it is another one"):
        orders.prepare()
    assert orders.migrate(orders.prepare(after=EntryId(0, 0))).records == 1
    assert orders.numbers() == [0, 1, 2, 3, 4, 7]
    with pytest.raises(MigrationRefused, match="it was begun with --key order and no --value"):
        orders.prepare(Form("number"))


def test_a_stream_that_is_made_anew_while_it_is_followed_stops_it(migrating):
    orders = migrating()
    orders.add(range(5))

    def restarted_empty(_):
        orders.redis.client.delete(orders.stream)
        orders.add([7], ["1-1"])

    with pytest.raises(TransferInterrupted, match="which this stream never had: it is another one"):
        orders.migrate(quiet_seconds=None, told=restarted_empty)
    assert orders.numbers() == list(range(5))


def test_an_interrupted_one_leaves_whole_transactions(migrating, monkeypatch):
    orders = migrating()
    orders.add(range(200))
    monkeypatch.setattr(copying, "_FIRST_RECORDS", 20)

    def interrupt(progress):
        if progress.copied >= 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        orders.migrate(told=interrupt)
    assert orders.numbers() == list(range(orders.prepare().start.copied)) == list(range(60))
    assert Projection(orders.context.home).audited(topic=orders.topic)[0].outcome == "interrupted"
    assert orders.migrate().records == 140
    assert orders.numbers() == list(range(200))


def test_the_later_of_two_at_once_goes_on_and_the_earlier_one_stops(migrating, monkeypatch):
    orders = migrating()
    orders.add(range(200))
    monkeypatch.setattr(copying, "_FIRST_RECORDS", 20)
    found, others = orders.prepare(), []

    def another(progress):
        if not others:
            others.append(orders.migrate(found))

    with pytest.raises(TransferInterrupted, match="another process went on with it"):
        orders.migrate(found, told=another)
    assert others[0].records == 180
    assert orders.numbers() == list(range(200))


def test_a_record_that_the_broker_does_not_take_stops_it_and_leaves_nothing_out(migrating):
    orders = migrating(**{"max.message.bytes": "2000"})
    orders.add(range(3))
    orders.redis.client.xadd(orders.stream, {"order": "a", "number": "3", "text": "x" * 5_000})
    orders.add([4])
    with pytest.raises(Exception, match="refused a record"):
        orders.migrate()
    assert orders.numbers() == []
    orders.redis.client.xdel(orders.stream, orders.redis.client.xrange(orders.stream, min="-", count=4)[3][0])
    done = orders.migrate()
    assert (done.records, done.missed, orders.numbers()) == (4, 0, [0, 1, 2, 4])


def test_an_entry_that_becomes_no_record_stops_it(migrating):
    orders = migrating()
    (entry,) = orders.add([1])
    with pytest.raises(TransferInterrupted, match=f"the entry {entry} has no field `data`"):
        orders.migrate(orders.prepare(Form(value="data")))
    assert orders.numbers() == []


def test_without_a_key_all_are_in_one_partition_in_their_order(migrating):
    orders = migrating()
    orders.add(range(60))
    found = orders.prepare(Form())
    assert "Without --key all records go to one of the 3 partitions" in found.warnings[0]
    orders.migrate(found)
    records = orders.records()
    assert [(each.partition(), each.key(), number_of(each)) for each in records] == [(0, None, n) for n in range(60)]


def test_a_payload_field_is_the_value(migrating):
    orders = migrating()
    payload = json.dumps({"text": "é", "number": 1}).encode()
    orders.redis.client.xadd(orders.stream, {"order": "o", "data": payload, "trace": b"\xff"})
    orders.migrate(orders.prepare(Form("order", "data")))
    (record,) = orders.records()
    assert (record.key(), record.value()) == (b"o", payload)
    assert record.headers()[:2] == [("order", b"o"), ("trace", b"\xff")]


def test_what_must_not_be_is_refused_before_anything_is_written(migrating):
    orders = migrating(**{"cleanup.policy": "compact"})
    orders.add([1])
    with pytest.raises(MigrationRefused, match="is compacted, and takes no record without a key"):
        orders.prepare(Form())
    with pytest.raises(MigrationRefused, match="a field's name is longer than 500 characters"):
        orders.prepare(Form("x" * 501))
    orders.redis.client.delete(orders.stream)
    with pytest.raises(MigrationRefused, match="there is no such stream at"):
        orders.prepare()
    orders.add([1])
    tampering.delete(orders.broker.client, orders.topic)
    with pytest.raises(MigrationRefused, match="Create it with `omni provision`"):
        orders.prepare()
    orders.topic = orders.topic.replace("-placed", "_placed")
    with pytest.raises(MigrationRefused, match=r"no contract declares .* Perhaps `onex\.evt\.shop\.order-placed"):
        orders.prepare()
    orders.topic = "__consumer_offsets"
    with pytest.raises(MigrationRefused, match="belongs to the broker itself"):
        orders.prepare()


def test_records_that_may_be_deleted_at_once_are_told(migrating):
    orders = migrating(**{"retention.ms": "3600000"})
    orders.add([1], ["1600000000000-0"])
    assert "The oldest entries are older than the 1h" in orders.prepare().warnings[0]


def test_a_connection_that_only_reads_copies_nothing(migrating):
    orders = migrating()
    orders.add([1])
    found = orders.prepare()
    context = orders.context
    only_reads = type(context)(
        *(getattr(context, each) for each in context.__slots__[:-1]),
        Connection(context.bootstrap_servers, read_only=True),
    )
    with RedisStreams(orders.redis.url) as redis, pytest.raises(ReadOnly):
        migrate(only_reads, redis, found)
    with pytest.raises(ReadOnly):
        Intake(only_reads.connection, found.way)
    assert orders.numbers() == []


@pytest.mark.parametrize(
    ("sizes", "most", "following"),
    [([100] * 50, 50, 100), ([1] * 50, 2_000, 2_000), ([8_388_608], 50, 1), ([100_000] * 50, 50, 83), ([2**29], 1, 1)],
)
def test_what_is_asked_for_next_fits_a_transaction(sizes, most, following):
    entries = [Entry(EntryId(1, each), ((b"", b"x" * size),)) for each, size in enumerate(sizes)]
    assert next_most(entries, most) == following
