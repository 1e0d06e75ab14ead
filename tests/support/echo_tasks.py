"""A node whose workers are killed, and the proof that each of its tasks ended once, in order."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import Message, Producer

from omni_assets.agents.events import Event, Record, from_record, to_record
from omni_assets.agents.task_receipt import TaskReceipt
from omni_assets.broker.transfer import PARTITIONER
from omni_assets.contracts.model import Manifest
from omni_assets.operations.agents.projecting import project_ledger
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.provision import provision
from omni_assets.operations.rebuild import rebuild
from omni_assets.projection.rows import TaskRow
from omni_assets.projection.store import Projection
from tests.support.echo_worker import Point
from tests.support.kafka_cluster import KafkaCluster
from tests.support.stranded import committed

PARTITIONS, KEYS = 3, 20
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Echo:
    """A node of a project of its own in ``folder``, with a ledger of its own, on a broker that others may use too."""

    broker: Any
    node: str
    folder: Path
    entry: str = "tests.support.echo_node:answer"
    asks: bool = False

    @property
    def asked(self) -> str:
        return f"onex.cmd.{self.node}.asked.v1"

    @property
    def answered(self) -> str:
        return f"onex.evt.{self.node}.answered.v1"

    @property
    def noted(self) -> str:
        return f"onex.evt.{self.node}-ledger.noted.v1"

    @property
    def letters(self) -> str:
        return f"onex.dlq.{self.node}.dead-letter.v1"

    @property
    def requests(self) -> str:
        return f"onex.evt.{self.node}.approval-requested.v1"

    @property
    def answers(self) -> str:
        return f"onex.cmd.{self.node}.answer-approval.v1"

    @cached_property
    def context(self) -> Context:
        return resolve(environ=self.environ, folder=self.folder)

    @cached_property
    def manifest(self) -> Manifest:
        return self.context.manifest()

    def begin(self) -> Echo:
        """Write the project down, and make its topics."""
        handler: dict[str, object] = {"kind": "python", "entry": self.entry}
        if self.asks:
            handler["approvals"] = {"requests": self.requests, "answers": self.answers}
        lists = {
            "subscribe_topics": [self._topic(self.asked), *([self._topic(self.answers)] if self.asks else [])],
            "publish_topics": [self._topic(self.answered), *([self._topic(self.requests)] if self.asks else [])],
            "dlq_topics": [self._topic(self.letters)],
        }
        self._write({"name": self.node, "handler": handler, "event_bus": lists})
        kept = {"config": {"cleanup.policy": "delete", "retention.ms": "unlimited"}}
        lists = {"publish_topics": [{**self._topic(self.noted), **kept}]}
        self._write({"name": f"{self.node}-ledger", "event_bus": lists})
        settings = f'[router]\nledger_node = "{self.node}-ledger"\n'
        (self.folder / "omni.toml").write_text(settings, encoding="utf-8")
        assert provision(self.context, self.manifest).clean
        return self

    def submit(self, numbers: Iterable[int]) -> None:
        """A task for each number, its key one of twenty."""
        events = [(number, Event(f"e{number}", "/tests", self.asked, data=b"%d" % number)) for number in numbers]
        self.write(*(to_record(event, b"key-%d" % (number % KEYS)) for number, event in events))

    def write(self, *records: Record) -> None:
        """Records of tasks, as they are."""
        for key, value, headers in records:
            self._producer.produce(self.asked, value, key, headers=list(headers))
        assert self._producer.flush(20) == 0

    def worker(
        self, slot: int = 0, point: Point | None = None, time: int = 1, send: signal.Signals = signal.SIGKILL
    ) -> subprocess.Popen[bytes]:
        """One that works until nothing is left, or until a signal when it comes to a point for the ``time``-th time."""
        command = [sys.executable, "-m", "tests.support.echo_worker", str(self.folder), self.node, str(slot)]
        where = [] if point is None else [point.value, str(time), str(send.value)]
        environ = {**os.environ, **self.environ}
        return subprocess.Popen(
            [*command, *where], cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def results(self) -> list[Message]:
        return committed(self.broker.bootstrap_servers, self.answered, PARTITIONS)

    def receipts(self) -> list[TaskReceipt]:
        return [TaskReceipt.model_validate_json(each.value() or b"") for each in self._noted()]

    def noted_in(self, partition: int) -> list[tuple[int, str]]:
        """Where the receipts of a partition of the ledger stand, and their ids."""
        found = zip(self._noted(), self.receipts(), strict=True)
        return [(each.offset() or 0, receipt.id) for each, receipt in found if each.partition() == partition]

    def assert_whole(self, total: int) -> None:
        """Each task ended once, in order, and all that is remembered says so."""
        self.assert_ended(total)
        self.assert_remembered()

    def assert_ended(self, total: int) -> None:
        """Each task has one receipt and one result, and those of a key are in order."""
        answers, receipts = self.results(), self.receipts()
        assert sorted(int(each.value() or b"") for each in answers) == list(range(total))
        assert sorted(each.event_id for each in receipts) == sorted(f"e{number}" for number in range(total))
        assert {each.outcome for each in receipts} == {"done"}
        named = {result.event_id for each in receipts for result in each.results}
        assert named == {from_record(each.key(), each.value(), each.headers()).id for each in answers}
        of_key = defaultdict(list)
        for each in answers:
            of_key[each.key()].append(int(each.value() or b""))
        assert all(numbers == sorted(numbers) for numbers in of_key.values())

    def assert_remembered(self) -> None:
        """The projection says what the ledger says, and the same when it is made anew."""
        cluster = self.assert_projected()
        remembered = self._remembered(cluster)
        rebuild(self.context)
        assert self._remembered(cluster) == remembered

    def assert_projected(self) -> str:
        """The projection has each receipt where the ledger has it. Gives the cluster back."""
        projected = project_ledger(self.context, self.manifest)
        assert projected is not None
        found = [
            (each.id, each.event_id, each.outcome, each.ledger_position) for each in self._remembered(projected.cluster)
        ]
        stated = [
            (receipt.id, receipt.event_id, receipt.outcome, each.offset())
            for each, receipt in zip(self._noted(), self.receipts(), strict=True)
        ]
        assert found == stated
        return projected.cluster

    @cached_property
    def _producer(self) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self.broker.bootstrap_servers,
                "enable.idempotence": True,
                "partitioner": PARTITIONER,
                "linger.ms": 0,
                "log_level": 0,
            }
        )

    @property
    def environ(self) -> dict[str, str]:
        return {
            "OMNI_HOME": str(self.folder / "omni"),
            "OMNI_CONTRACTS": str(self.folder / "contracts"),
            "OMNI_BOOTSTRAP_SERVERS": self.broker.bootstrap_servers,
        }

    def _topic(self, name: str) -> dict[str, object]:
        copies = 3 if isinstance(self.broker, KafkaCluster) else 1
        return {"topic": name, "partitions": PARTITIONS, "replication_factor": copies}

    def _write(self, contract: dict[str, object]) -> None:
        folder = self.folder / "contracts" / str(contract["name"])
        folder.mkdir(parents=True)
        (folder / "contract.yaml").write_text(yaml.safe_dump(contract), encoding="utf-8")

    def _noted(self) -> list[Message]:
        return committed(self.broker.bootstrap_servers, self.noted, PARTITIONS)

    def _remembered(self, cluster: str) -> list[TaskRow]:
        projection = Projection(self.context.home)
        return [
            row
            for partition in range(PARTITIONS)
            for row in projection.tasks_behind(cluster, self.noted, partition, -1, 1_000_000)
        ]


def begun(process: subprocess.Popen[bytes], tasks: int) -> None:
    """Wait until a worker has begun some more tasks, or ended."""
    assert process.stdout is not None
    for _ in range(tasks):
        process.stdout.readline()


def kill(process: subprocess.Popen[bytes], moments: random.Random) -> None:
    """Kill a worker before it works, or while it works on one of its next records."""
    begun(process, moments.choice([0, *range(2, 40)]))
    time.sleep(moments.uniform(0, 0.02))
    process.send_signal(signal.SIGKILL)
    assert_killed(process)


def assert_killed(process: subprocess.Popen[bytes]) -> None:
    """It did not come to its end, and complained of nothing."""
    _, complaint = process.communicate(timeout=120)
    assert b"Traceback" not in complaint, complaint.decode()
    assert process.returncode == -signal.SIGKILL


def stopped(process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """A worker once it stands still."""
    found = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    assert found is not None
    assert found.si_code == os.CLD_STOPPED, process.communicate()[1].decode()
    return process


def to_some_end(process: subprocess.Popen[bytes]) -> None:
    """It came to its end, or said in a sentence why it did not."""
    _, complaint = process.communicate(timeout=120)
    assert b"Traceback" not in complaint, complaint.decode()
    assert process.returncode in (0, 1)


def to_end(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        _, complaint = process.communicate(timeout=120)
        assert process.returncode == 0, complaint.decode()
