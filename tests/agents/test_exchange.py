"""Records go to an event loop and come back on a real broker: once, in order per key, whoever is killed or fenced."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import defaultdict

import pytest
from confluent_kafka import Producer, TopicPartition

from omni_assets.agents.drain import Drain
from omni_assets.agents.exchange import Ended, Exchange
from omni_assets.agents.inbox import decode
from omni_assets.broker import worker
from omni_assets.broker.assignment import Partition
from omni_assets.broker.connection import Connection
from omni_assets.broker.records import RecordReader
from omni_assets.broker.transactions import send_positions
from omni_assets.broker.transfer import PARTITIONER
from omni_assets.broker.worker import Outgoing, Received, Seat, Worker
from omni_assets.errors import BrokerTimeout, ReadOnly, WorkerReplaced
from tests.support.stranded import committed

pytestmark = pytest.mark.broker

_NODES = itertools.count()


@pytest.fixture
def node() -> str:
    return f"echo{next(_NODES)}"


def submit(broker, topic: str, numbers, keys: int = 20) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "partitioner": PARTITIONER, "log_level": 0})
    for number in numbers:
        key = b"key-%d" % (number % keys) if keys else None
        producer.produce(topic, b"%d" % number, key, headers=[("number", b"%d" % number)])
    assert producer.flush(20) == 0


def echo(received: Received, into: str) -> Ended:
    def otherwise(why: str) -> tuple[Outgoing, ...]:
        return (Outgoing(into, received.key, b"refused", (*received.headers, ("why", why.encode()))),)

    return Ended(received.place, (Outgoing(into, received.key, received.value, received.headers),), otherwise)


async def drain(
    broker, seat: Seat, into: str, seconds=lambda: 0.0, idle: float = 0.3, wanted=lambda _: True
) -> list[Received]:
    seen: list[Received] = []
    async with (
        Exchange(broker.connection, seat, drain=Drain([seat.member], idle), wanted=wanted) as exchange,
        asyncio.TaskGroup() as group,
    ):

        async def work(received: Received) -> None:
            await asyncio.sleep(seconds())
            exchange.end(echo(received, into))

        while (received := await exchange.next()) is not None:
            seen.append(received)
            group.create_task(work(received))
    return seen


async def left(exchange: Exchange) -> int:
    """How many records come yet, until it ends."""
    count = 0
    while await exchange.next() is not None:
        count += 1
    return count


async def until(condition) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - a broker tells nobody
            await asyncio.sleep(0.05)


def results(broker, topic: str, partitions: int = 3) -> list[int]:
    return [int(each.value() or b"") for each in committed(broker.bootstrap_servers, topic, partitions)]


def assert_whole(broker, topic: str, total: int, keys: int = 20, partitions: int = 3) -> None:
    numbers = results(broker, topic, partitions)
    assert sorted(numbers) == list(range(total))
    of_key = defaultdict(list)
    for number in numbers:
        of_key[number % keys].append(number)
    assert all(each == sorted(each) for each in of_key.values())


def standing(broker, node: str, topic: str, partitions: int = 3):
    with RecordReader(broker.connection, topic, node) as reader:
        consumer = reader._consumer
        found = consumer.committed([TopicPartition(topic, each) for each in range(partitions)], 10)
        return {each.partition: (each.offset, each.metadata or "", reader.bounds(each.partition)[1]) for each in found}


def test_every_record_is_worked_on_once_in_the_order_of_its_key(module_broker, topics, node):
    asked, answered = topics("asked", "answered")
    submit(module_broker, asked, range(400))
    moments = random.Random(7)
    seen = asyncio.run(drain(module_broker, Seat(node, (asked,)), answered, lambda: moments.uniform(0, 0.004)))
    assert len(seen) == 400
    assert_whole(module_broker, answered, 400)


def test_markers_of_transactions_are_no_lag(module_broker, topics, node):
    asked, answered, again = topics("asked", "answered", "again")
    submit(module_broker, asked, range(30))
    asyncio.run(drain(module_broker, Seat(node, (asked,)), answered))
    asyncio.run(drain(module_broker, Seat(f"{node}-next", (answered,)), again))
    assert_whole(module_broker, again, 30)
    for offset, metadata, end in standing(module_broker, f"{node}-next", answered).values():
        assert (offset, metadata) == (end, "")


def test_an_idle_topic_is_left_at_once_and_nothing_is_written(module_broker, topics, node):
    asked, answered = topics("asked", "answered")
    assert asyncio.run(drain(module_broker, Seat(node, (asked,)), answered)) == []
    assert results(module_broker, answered) == []


def test_what_ended_above_a_slow_record_is_remembered_and_never_repeated(module_broker, topics, node):
    asked, answered = topics("asked", "answered", partitions=1)
    submit(module_broker, asked, range(40), keys=0)

    async def leave_the_first() -> list[int]:
        ended = []
        async with Exchange(module_broker.connection, Seat(node, (asked,))) as exchange:
            for _ in range(40):
                received = await exchange.next()
                assert received is not None
                if received.place.offset not in (0, 17):
                    exchange.end(echo(received, answered))
                    ended.append(received.place.offset)
            await until(lambda: len(results(module_broker, answered, 1)) == 38)
        return ended

    asyncio.run(leave_the_first())
    offset, metadata, _ = standing(module_broker, node, asked, 1)[0]
    assert (offset, decode(0, metadata)) == (0, (range(1, 17), range(18, 40)))
    seen = asyncio.run(drain(module_broker, Seat(node, (asked,)), answered))
    assert [each.place.offset for each in seen] == [0, 17]
    assert sorted(results(module_broker, answered, 1)) == list(range(40))


@pytest.mark.parametrize("late", [0.0, 0.3], ids=["at once", "behind the refusal"])
def test_a_record_that_the_broker_does_not_take_is_told_otherwise_and_the_rest_goes_through(
    module_broker, topics, node, monkeypatch, late
):
    def sent(*arguments: object) -> None:
        time.sleep(late)
        send_positions(*arguments)

    monkeypatch.setattr(worker, "send_positions", sent)
    (asked,) = topics("asked")
    (answered,) = topics("answered", config={"max.message.bytes": "2000"})
    submit(module_broker, asked, range(20))

    async def work() -> None:
        seat = Seat(node, (asked,))
        async with Exchange(module_broker.connection, seat, drain=Drain([seat.member], 0.3)) as exchange:
            while (received := await exchange.next()) is not None:
                ended = echo(received, answered)
                if received.value == b"7":
                    large = ended.records[0]._replace(value=random.Random(7).randbytes(5_000))
                    ended = Ended(ended.place, (large,), ended.otherwise)
                exchange.end(ended)

    asyncio.run(work())
    found = committed(module_broker.bootstrap_servers, answered, 3)
    assert len(found) == 20
    (refused,) = [each for each in found if each.value() == b"refused"]
    assert b"larger than the topic takes" in (dict(refused.headers() or ())["why"] or b"")


def test_a_successor_fences_off_whoever_had_the_seat_before(module_broker, topics, node):
    asked, answered = topics("asked", "answered")
    submit(module_broker, asked, range(60))

    async def two() -> None:
        async with Exchange(module_broker.connection, Seat(node, (asked,))) as first:
            held = [await first.next() for _ in range(15)]
            successor = await drain(module_broker, Seat(node, (asked,)), answered)
            assert len(successor) == 60
            for each in held:
                assert each is not None
                first.end(echo(each, answered))
            with pytest.raises(WorkerReplaced):
                await left(first)

    asyncio.run(two())
    assert_whole(module_broker, answered, 60)


def test_whoever_cannot_commit_gives_its_partitions_back_no_sooner_than_others_may_have_them(
    module_broker, topics, node, monkeypatch
):
    """What waits for effects that are under way is called then, too."""
    asked, answered = topics("asked", "answered")
    submit(module_broker, asked, range(6))
    given_back: list[Partition] = []

    def fail(*_: object) -> bool:
        raise BrokerTimeout("a transaction", 1.0)

    async def one() -> None:
        async with Exchange(module_broker.connection, Seat(node, (asked,)), leaving=given_back.extend) as exchange:
            received = await exchange.next()
            assert received is not None
            monkeypatch.setattr(Worker, "commit", fail)
            exchange.end(echo(received, answered))
            with pytest.raises(BrokerTimeout):
                await left(exchange)

    asyncio.run(one())
    assert sorted(each.number for each in given_back) == [0, 1, 2]


def test_nobody_works_where_writing_is_forbidden(module_broker, topics, node):
    (asked,) = topics("asked")
    connection = Connection(module_broker.bootstrap_servers, read_only=True)

    async def work() -> None:
        async with Exchange(connection, Seat(node, (asked,))) as exchange:
            await exchange.next()

    with pytest.raises(ReadOnly):
        asyncio.run(work())


def spanning(node: str, topic: str, *spans: range) -> Seat:
    """A seat of a replay of the spans of the first partitions."""
    return Seat(node, (topic,), replay="0123456789ab", spans={(topic, each): span for each, span in enumerate(spans)})


def groups(broker) -> set[str]:
    return {each.group_id for each in broker.client.list_consumer_groups().result().valid}


def test_a_span_is_worked_on_and_nothing_before_or_behind_it(module_broker, topics, node):
    asked, answered = topics("asked", "answered", partitions=2)
    submit(module_broker, asked, range(400))
    seat = spanning(node, asked, range(10, 90))
    seen = asyncio.run(drain(module_broker, seat, answered, idle=0.0))
    assert sorted(each.place.offset for each in seen) == list(range(10, 90))
    assert {each.place.partition.number for each in seen} == {0}
    assert standing(module_broker, seat.group, asked, 2)[0][:2] == (90, "")
    assert node not in groups(module_broker)
    assert asyncio.run(drain(module_broker, seat, answered, idle=0.0)) == []


def test_a_span_ends_while_others_go_on_writing_behind_it(module_broker, topics, node):
    """More than is read at once, so that partitions are paused and gone on with."""
    asked, answered = topics("asked", "answered", partitions=1)
    submit(module_broker, asked, range(2_000))
    seat = spanning(node, asked, range(700))
    seen = asyncio.run(drain(module_broker, seat, answered, seconds=lambda: 0.01, idle=0.0))
    assert sorted(each.place.offset for each in seen) == list(range(700))
    assert len(results(module_broker, answered, 1)) == 700


def test_what_is_not_wanted_is_passed_over_and_positions_move_on(module_broker, topics, node):
    asked, answered = topics("asked", "answered")
    submit(module_broker, asked, range(1_000))
    ends = [offset for _, _, offset in standing(module_broker, "nobody", asked).values()]
    seat = spanning(node, asked, *map(range, ends))
    asyncio.run(drain(module_broker, seat, answered, idle=0.0, wanted=lambda each: each.key == b"key-7"))
    assert results(module_broker, answered) == list(range(7, 1_000, 20))
    assert [(offset, beside) for offset, beside, _ in standing(module_broker, seat.group, asked).values()] == [
        (end, "") for end in ends
    ]


def test_a_seat_of_a_span_that_is_given_back_commits_what_ended_and_is_gone_on_with(module_broker, topics, node):
    asked, answered = topics("asked", "answered", partitions=1)
    submit(module_broker, asked, range(40), keys=0)
    seat = spanning(node, asked, range(5, 30))

    async def leave() -> None:
        async with Exchange(module_broker.connection, seat) as exchange:
            for _ in range(25):
                received = await exchange.next()
                assert received is not None
                if received.place.offset not in (5, 17):
                    exchange.end(echo(received, answered))

    asyncio.run(leave())
    offset, metadata, _ = standing(module_broker, seat.group, asked, 1)[0]
    assert (offset, decode(5, metadata)) == (5, (range(6, 17), range(18, 30)))
    seen = asyncio.run(drain(module_broker, seat, answered, idle=0.0))
    assert [each.place.offset for each in seen] == [5, 17]
    assert sorted(results(module_broker, answered, 1)) == list(range(5, 30))


def test_whoever_goes_on_with_a_span_fences_off_whoever_did_before(module_broker, topics, node):
    asked, answered = topics("asked", "answered")
    submit(module_broker, asked, range(60))
    seat = spanning(node, asked, *(range(end) for _, _, end in standing(module_broker, "nobody", asked).values()))

    async def two() -> None:
        async with Exchange(module_broker.connection, seat) as first:
            held = [await first.next() for _ in range(15)]
            assert len(await drain(module_broker, seat, answered, idle=0.0)) == 60
            for each in held:
                assert each is not None
                first.end(echo(each, answered))
            with pytest.raises(WorkerReplaced):
                await left(first)

    asyncio.run(two())
    assert_whole(module_broker, answered, 60)


def test_whoever_reads_on_hears_of_what_is_committed_behind_an_aborted_transaction(module_broker, topics, node):
    """A transaction is aborted for one of its records, while others of it stand in other partitions."""
    asked, answered = topics("asked", "answered", partitions=1)
    (passed_on,) = topics("passed-on", config={"max.message.bytes": "2000"})
    large = random.Random(7).randbytes(5_000)

    def pass_on(received: Received) -> Ended:
        ended = echo(received, passed_on)
        too_large = (ended.records[0]._replace(value=large),)
        return Ended(ended.place, too_large, ended.otherwise) if received.value == b"9" else ended

    async def answer(exchange: Exchange) -> None:
        while (received := await exchange.next()) is not None:
            exchange.end(echo(received, answered))

    async def chain() -> None:
        async with (
            Exchange(module_broker.connection, Seat(node, (asked,))) as first,
            Exchange(module_broker.connection, Seat(f"{node}-next", (passed_on,))) as second,
        ):
            answering = asyncio.create_task(answer(second))
            for numbers in (range(5), range(5, 10), range(10, 15), range(15, 20)):
                submit(module_broker, asked, numbers)
                for each in [await first.next() for _ in numbers]:
                    assert each is not None
                    first.end(pass_on(each))
                ended = numbers.stop
                await until(lambda ended=ended: len(committed(module_broker.bootstrap_servers, answered, 1)) == ended)
            answering.cancel()

    asyncio.run(chain())


def test_a_killed_seat_hides_nothing_that_its_successor_commits(module_broker, topics, node):
    """What a killed one left open is aborted by its successor, while others read on."""
    asked, passed_on = topics("asked", "passed-on", partitions=1)
    submit(module_broker, asked, range(10))
    asyncio.run(drain(module_broker, Seat(node, (asked,)), passed_on))
    name = f"omni-worker.{node}-0.1"
    left_open = Producer(
        {"bootstrap.servers": module_broker.bootstrap_servers, "transactional.id": name, "log_level": 0}
    )
    left_open.init_transactions(10)
    left_open.begin_transaction()
    left_open.produce(passed_on, b"never", b"key-1")
    assert left_open.flush(10) == 0

    async def read_on() -> None:
        async with Exchange(module_broker.connection, Seat(f"{node}-next", (passed_on,))) as second:
            held = [await second.next() for _ in range(10)]
            for numbers in (range(10, 15), range(15, 20)):
                submit(module_broker, asked, numbers)
                await drain(module_broker, Seat(node, (asked,)), passed_on)
                async with asyncio.timeout(20):
                    held += [await second.next() for _ in numbers]
            assert [each.value for each in held if each is not None] == [b"%d" % each for each in range(20)]

    asyncio.run(read_on())
