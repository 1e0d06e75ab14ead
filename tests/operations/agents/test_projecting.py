"""The ledger comes into the projection: tasks and what models did for them, each once, whatever ends a projection."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from confluent_kafka import Producer

from omni_assets.agents.task_receipt import SCHEMA_NAME, TaskReceipt
from omni_assets.broker.admin import BrokerAdmin
from omni_assets.broker.snapshot import ObservedTopic
from omni_assets.broker.transfer import PARTITIONER
from omni_assets.errors import BrokerRefused, BrokerUnreachable, LedgerReplaced, UnnamedBroker
from omni_assets.operations.agents.projecting import ProjectedPartition, project_ledger
from omni_assets.operations.agents.tasks import caught_up, tasks_behind
from omni_assets.operations.context import BrokerOrigin, Context
from omni_assets.operations.provision import provision
from omni_assets.operations.rebuild import rebuild
from omni_assets.operations.routing.ledger import publish
from omni_assets.operations.routing.recording import record
from omni_assets.projection.store import Projection
from tests.support import receipts as routed
from tests.support.task_receipts import receipt

pytestmark = pytest.mark.broker

LEDGER = "onex.evt.receipt-recorder.receipt-recorded.v1"
RECORDER = f"""\
event_bus:
  publish_topics:
    - topic: {LEDGER}
      partitions: 3
      config: {{cleanup.policy: delete, retention.ms: unlimited}}
"""
ROOT = Path(__file__).resolve().parents[3]
TABLES = ("tasks", "task_repeats", "receipts", "attempts", "publications", "ledger_positions")
DIES = """
import os, signal, sys
from pathlib import Path
from omni_assets.operations.agents import projecting
from omni_assets.operations.context import resolve
from omni_assets.projection import connection, ledgers

folder, point, time = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
environ = {"OMNI_HOME": str(folder / "state"), "OMNI_CONTRACTS": str(folder / "contracts")}
context = resolve(bootstrap_servers=sys.argv[4], environ=environ, folder=folder)
projecting.read_on.__kwdefaults__["most_records"] = 20
left = time

def die(*_):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)

taken, merged = ledgers.take_over, ledgers.merge
def take_over(*given):
    if point == "before": die()
    answer = taken(*given)
    if point == "uncommitted": die()
    return answer
def merge(*given):
    if point == "half": die()
    return merged(*given)
ledgers.take_over, ledgers.merge = take_over, merge
projected = projecting.project_ledger(context, context.manifest())
print(projected.tasks)
"""


@pytest.fixture
def context(broker, context_of, write_contract) -> Context:
    """The context of a project with its ledger on a broker."""
    write_contract(RECORDER, "receipt-recorder")
    found = context_of(broker.bootstrap_servers)
    assert provision(found, found.manifest()).clean
    return found


@pytest.fixture
def note(context: Context) -> Callable[..., None]:
    """Writes receipts of tasks to the ledger, as workers do: in a transaction."""

    def write(*receipts: TaskReceipt) -> None:
        producer = Producer(
            {
                "bootstrap.servers": context.bootstrap_servers,
                "transactional.id": "tests",
                "partitioner": PARTITIONER,
                "log_level": 0,
            }
        )
        producer.init_transactions(20)
        producer.begin_transaction()
        for each in receipts:
            headers = {"ce_dataschema": SCHEMA_NAME, "ce_omnienvironment": "staging"}
            producer.produce(LEDGER, each.model_dump_json().encode(), each.key, headers=headers)
        producer.commit_transaction(20)

    return write


def many(first: int, last: int) -> list[TaskReceipt]:
    return [receipt(f"t{number}", key=f"k{number % 7}", offset=number) for number in range(first, last)]


def tables(context: Context) -> dict[str, list[Any]]:
    with duckdb.connect(str(context.home / "projection.duckdb"), read_only=True) as connection:
        return {name: connection.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in TABLES}


def projected(context: Context) -> Any:
    return project_ledger(context, context.manifest())


def test_what_is_new_is_projected_in_its_order_and_nothing_twice(context, note):
    note(*many(0, 40))
    first = projected(context)
    assert (first.ledger, first.tasks, first.receipts, first.others) == (LEDGER, 40, 0, 0)
    again = projected(context)
    assert again.partitions == tuple(
        ProjectedPartition(each.partition, each.end, each.end) for each in first.partitions
    )
    note(*many(40, 45))
    assert projected(context).tasks == 5
    rows = [row for each in range(3) for row in tasks_behind(context.home, first.cluster, LEDGER, each)]
    assert sorted(int(row.id[1:]) for row in rows) == list(range(45))
    for key in {row.key for row in rows}:
        numbers = [int(row.id[1:]) for row in rows if row.key == key]
        assert numbers == sorted(numbers)
    assert {row.environment for row in rows} == {"staging"}


def test_what_models_did_for_a_task_is_a_receipt_of_the_router_as_any(context, note):
    told = routed.receipt(1)
    note(receipt("a", routing=told), receipt("b"))
    found = projected(context)
    assert (found.tasks, found.receipts) == (2, 1)
    (task,) = Projection(context.home).tasks_named("a")
    assert task.routing == told.id
    (row,) = Projection(context.home).receipts_of(told.id)
    assert (row.environment, row.task_id) == ("staging", "task-1")
    (place,) = Projection(context.home).publications(told.id)
    assert (place.partition, place.position) == (task.ledger_partition, task.ledger_position)
    assert Projection(context.home).savings()[0].tasks == 1
    record(context, [routed.receipt(2)])
    assert publish(context).published == 1, "what stands in the ledger inside a task's is not published once more"
    assert projected(context).receipts == 1


def test_what_is_no_receipt_is_counted_once_and_left_alone(context, note, broker):
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    whole = receipt("a").model_dump_json().encode()
    headers = {"ce_dataschema": SCHEMA_NAME}
    late = receipt("b").model_dump_json().encode().replace(b'"offset":0', b'"offset":9223372036854775808')
    for value in (b"", b"not JSON", whole[:-1], whole.replace(b'"version":1', b'"version":2'), late):
        producer.produce(LEDGER, value, b"k", headers=headers)
    producer.produce(LEDGER, whole, b"k")
    assert producer.flush(20) == 0
    found = projected(context)
    assert (found.tasks, found.receipts, found.others) == (0, 0, 6)
    note(receipt("a"))
    found = projected(context)
    assert (found.tasks, found.others) == (1, 0)
    assert rebuild(context).not_receipts == 6


def test_only_the_broker_that_is_meant_is_looked_at(context, context_of, closed_port):
    assumed = replace(context, origin=BrokerOrigin.ASSUMED)
    with pytest.raises(UnnamedBroker):
        projected(assumed)
    down = context_of(f"127.0.0.1:{closed_port}", {"OMNI_BROKER_TIMEOUT": "1"})
    assert isinstance(caught_up(down), BrokerUnreachable)
    assert not (context.home / "projection.duckdb").exists() or tables(context)["tasks"] == []


def test_without_a_ledger_there_is_nothing_to_project(broker, context_of, write_contract):
    write_contract("event_bus:\n  publish_topics: [onex.evt.router.done.v1]\n")
    assert projected(context_of(broker.bootstrap_servers)) is None
    write_contract(RECORDER, "receipt-recorder")
    assert projected(context_of(broker.bootstrap_servers)) is None, "it is not there yet, and is not made"


def test_a_ledger_that_could_not_be_seen_is_not_taken_for_none(context, note, monkeypatch):
    note(*many(0, 3))
    snapshot = BrokerAdmin.snapshot

    def blind(admin, *given):
        seen = snapshot(admin, *given)
        return replace(seen, topics={LEDGER: ObservedTopic(LEDGER, (), unknown="not authorised")})

    with monkeypatch.context() as patched:
        patched.setattr(BrokerAdmin, "snapshot", blind)
        with pytest.raises(BrokerRefused, match=f"to show the ledger {LEDGER}: not authorised"):
            projected(context)
    assert projected(context).tasks == 3


def test_a_ledger_that_was_made_anew_is_told_and_rebuild_projects_it(context, note, broker):
    note(*many(0, 9))
    assert projected(context).tasks == 9
    broker.client.delete_topics([LEDGER])[LEDGER].result(20)
    assert provision(context, context.manifest()).clean
    with pytest.raises(LedgerReplaced) as told:
        projected(context)
    assert "is not the one that was projected" in told.value.message
    assert isinstance(caught_up(context), LedgerReplaced)
    assert len(tables(context)["tasks"]) == 9, "what is remembered stays"
    note(*many(20, 22))
    assert rebuild(context).broker is None
    assert [row[0] for row in tables(context)["tasks"]] == ["t20", "t21"]


def test_a_rebuild_gives_the_same_tables(context, note):
    note(*many(0, 12), receipt("t1", key="k1", offset=77))
    record(context, [routed.receipt(5)])
    publish(context)
    note(receipt("z", routing=routed.receipt(6)))
    projected(context)
    before = tables(context)
    assert len(before["task_repeats"]) == 1
    assert rebuild(context).rows["tasks"] == 13
    assert tables(context) == before


def test_two_at_once_project_each_task_once(context, note, tmp_path):
    note(*many(0, 300))
    running = [_start(context, tmp_path, "nowhere", 1) for _ in range(2)]
    told = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], told
    assert sum(int(out) for out, _ in told) == 300
    assert len(tables(context)["tasks"]) == 300
    assert tables(context)["task_repeats"] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "time"), [("before", 2), ("half", 1), ("half", 6), ("uncommitted", 1), ("uncommitted", 3)]
)
def test_a_projection_that_is_killed_loses_and_doubles_nothing(context, note, tmp_path, point, time):
    note(*many(0, 50))
    note(receipt("z", routing=routed.receipt(3)), *many(50, 90))
    killed = _start(context, tmp_path, point, time)
    _, complaint = killed.communicate(timeout=120)
    assert killed.returncode == -signal.SIGKILL, complaint
    projected(context)
    after = tables(context)
    assert len(after["tasks"]) == 91
    assert after["task_repeats"] == []
    rebuild(context)
    assert tables(context) == after


def _start(context: Context, folder: Path, point: str, time: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", DIES, folder, point, time, context.bootstrap_servers]
    return subprocess.Popen([*map(str, arguments)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
