"""Stranded records for the tests of rescues: many keys, in order, and the proof that each came home once."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from confluent_kafka import Consumer, Message, Producer, TopicPartition

KEYS = 40


def strand(bootstrap_servers: str, topic: str, numbers: Iterable[int], padding: int = 20) -> None:
    """Write a record for each number: every tenth without a key, every seventh without a value."""
    producer = Producer({"bootstrap.servers": bootstrap_servers, "log_level": 0, "enable.idempotence": True})
    for number in numbers:
        producer.produce(
            topic,
            key=None if number % 10 == 0 else b"key-%d" % (number % KEYS),
            value=None if number % 7 == 0 else b"%d " % number + b"x" * padding,
            headers=[("number", b"%d" % number)],
            partition=0,
        )
        producer.poll(0)
    assert producer.flush(30) == 0


def committed(bootstrap_servers: str, topic: str, partitions: int) -> list[Message]:
    """All committed records of a topic, partition by partition.

    In one fetch: noida tells of an aborted transaction in later fetches too, and the client then takes what the same
    producer committed afterwards for aborted.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": "proof",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "fetch.message.max.bytes": 100_000_000,
            "fetch.max.bytes": 100_000_000,
            "receive.message.max.bytes": 200_000_000,
            "log_level": 0,
        }
    )
    consumer.assign([TopicPartition(topic, each, 0) for each in range(partitions)])
    found: dict[int, list[Message]] = defaultdict(list)
    ended: set[int] = set()
    deadline = time.monotonic() + 60
    while len(ended) < partitions:
        assert time.monotonic() < deadline, "the topic was not read to its end"
        message = consumer.poll(0.5)
        if message is None:
            continue
        if message.error() is None:
            found[message.partition() or 0].append(message)
        else:
            ended.add(message.partition() or 0)
    consumer.close()
    return [message for each in range(partitions) for message in found[each]]


def number_of(message: Message) -> int:
    return int(dict(message.headers() or ())["number"] or b"")


def assert_home(records: Sequence[Message], total: int) -> None:
    """No record is lost, none is doubled, each key is in one partition and in order."""
    assert sorted(map(number_of, records)) == list(range(total))
    of_key: dict[bytes | None, list[tuple[int, int]]] = defaultdict(list)
    for each in records:
        of_key[each.key()].append((each.partition() or 0, number_of(each)))
    for places in of_key.values():
        assert len({partition for partition, _ in places}) == 1
        assert [number for _, number in places] == sorted(number for _, number in places)


def kill_while_copying(command: Sequence[str], folder: Path, moments: random.Random) -> bool:
    """Run a rescue and kill it without warning, before its first transaction or within a random one of the next ten.

    Whether it was killed: it may have come to its end before.
    """
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        if moments.random() < 0.1:
            time.sleep(moments.uniform(0, 1.0))
        else:
            for _ in range(moments.randrange(10)):
                process.stdout.readline()
            time.sleep(moments.uniform(0, 0.02))
        process.send_signal(signal.SIGKILL)
    return process.returncode == -signal.SIGKILL
