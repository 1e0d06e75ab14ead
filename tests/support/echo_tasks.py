"""Tasks for workers that are killed, and the proof that each ended once, in order."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

from omni_assets.agents.events import Event, from_record, to_record
from omni_assets.agents.task_receipt import TaskReceipt
from omni_assets.broker.transfer import PARTITIONER
from tests.support.echo_worker import topics_of
from tests.support.stranded import committed

PARTITIONS, KEYS = 3, 20
ROOT = Path(__file__).resolve().parents[2]


def begin(broker: Any, node: str) -> None:
    futures = broker.client.create_topics([NewTopic(each, PARTITIONS, 1) for each in topics_of(node)])
    for future in futures.values():
        future.result(20)


def submit(broker: Any, node: str, numbers: Iterable[int]) -> None:
    asked, _, _ = topics_of(node)
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "partitioner": PARTITIONER, "log_level": 0})
    for number in numbers:
        event = Event(f"e{number}", "/tests", asked, data=b"%d" % number)
        key, value, headers = to_record(event, b"key-%d" % (number % KEYS))
        producer.produce(asked, value, key, headers=list(headers))
    assert producer.flush(20) == 0


def worker(broker: Any, node: str, slot: int = 0) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.support.echo_worker", broker.bootstrap_servers, node, str(slot)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def kill(process: subprocess.Popen[bytes], moments: random.Random) -> bool:
    """Kill a worker before it works, or while it works on one of its next records. Whether it was killed."""
    assert process.stdout is not None
    for _ in range(moments.choice([0, *range(2, 40)])):
        process.stdout.readline()
    time.sleep(moments.uniform(0, 0.02))
    process.send_signal(signal.SIGKILL)
    _, complaint = process.communicate(timeout=30)
    assert b"Traceback" not in complaint, complaint.decode()
    return process.returncode == -signal.SIGKILL


def to_end(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        _, complaint = process.communicate(timeout=120)
        assert process.returncode == 0, complaint.decode()


def assert_whole(broker: Any, node: str, total: int) -> None:
    """Each task has one receipt and one result, and those of a key are in order."""
    _, answered, noted = topics_of(node)
    answers = committed(broker.bootstrap_servers, answered, PARTITIONS)
    receipts = [
        TaskReceipt.model_validate_json(each.value() or b"")
        for each in committed(broker.bootstrap_servers, noted, PARTITIONS)
    ]
    assert sorted(int(each.value() or b"") for each in answers) == list(range(total))
    assert sorted(each.event_id for each in receipts) == sorted(f"e{number}" for number in range(total))
    assert {each.outcome for each in receipts} == {"done"}
    named = {result.event_id for each in receipts for result in each.results}
    assert named == {from_record(each.key(), each.value(), each.headers()).id for each in answers}
    of_key = defaultdict(list)
    for each in answers:
        of_key[each.key()].append(int(each.value() or b""))
    assert all(numbers == sorted(numbers) for numbers in of_key.values())
