"""A project with the node `echo`, whose broker has its topics, and Dagster's events in files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from confluent_kafka.admin import NewTopic

from omni_assets.agents.task_receipt import TaskReceipt
from omni_assets.operations.agents.submitting import Submission, submit
from omni_assets.operations.dagster_home import prepare
from omni_assets.pipeline.agents.keys import TASKS
from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from tests.support.stranded import committed

ASKED, ANSWERED, LETTERS = "onex.cmd.echo.asked.v1", "onex.evt.echo.answered.v1", "onex.dlq.echo.dead-letter.v1"
LEDGER = "onex.evt.recorder.noted.v1"
PARTITIONS = 3
ECHO = f"""\
name: echo
handler: {{kind: python, entry: "omni_assets.agents.echo:echo"}}
event_bus:
  subscribe_topics:
    - {{topic: {ASKED}, schema: {{type: integer}}}}
  publish_topics: [{ANSWERED}]
  dlq_topics: [{LETTERS}]
"""
RECORDER = f"name: recorder\nevent_bus:\n  publish_topics: [{LEDGER}]\n"

Ask = Callable[..., None]
Events = Callable[[], list[dict[str, Any]]]


def assert_told_once(events: Sequence[Mapping[str, Any]], receipts: Mapping[tuple[int, int], TaskReceipt]) -> None:
    """Each receipt of the ledger is told by one event, or lies within one that sums up, and in its order."""
    told: dict[int, list[int]] = {number: [] for number in range(PARTITIONS)}
    for each in events:
        topic, _, number = each["ledger"].rpartition("/")
        assert topic == LEDGER
        assert each["partition"] == f"{number}@{each['cluster']}"
        first, last = each.get("first_ledger_position", each["ledger_position"]), each["ledger_position"]
        within = [at for partition, at in sorted(receipts) if partition == int(number) and first <= at <= last]
        assert len(within) == each.get("tasks", 1)
        assert receipts[int(number), last].id == each["receipt"]
        told[int(number)] += within
    assert {(number, at) for number, all_of in told.items() for at in all_of} == receipts.keys()
    assert all(all_of == sorted(set(all_of)) for all_of in told.values())


@pytest.fixture
def agents(project: Callable[..., ProjectResource], write_contract: Callable[..., Path], tmp_path: Path, broker: Any):
    write_contract("echo", text=ECHO)
    write_contract("recorder", text=RECORDER)
    (tmp_path / "omni.toml").write_text('[router]\nledger_node = "recorder"\n')
    topics = [NewTopic(each, PARTITIONS, 1) for each in (ASKED, ANSWERED, LETTERS, LEDGER)]
    for future in broker.client.create_topics(topics).values():
        future.result(20)
    return project(broker.bootstrap_servers)


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """The instance that `omni up` makes for the project."""
    with dg.DagsterInstance.from_config(str(prepare(tmp_path / "state"))) as found:
        yield found


@pytest.fixture
def ask(agents: ProjectResource) -> Ask:
    """Gives `echo` tasks: an integer each, which is also its event's id."""

    def give(*numbers: int) -> None:
        lines = tuple(
            Submission.model_validate({"topic": ASKED, "key": f"k{each % 7}", "data": each, "id": f"e{each}"})
            for each in numbers
        )
        assert not submit(agents.context(), lines).failed

    return give


@pytest.fixture
def drain(agents: ProjectResource, instance: dg.DagsterInstance) -> Callable[..., dg.ExecuteInProcessResult]:
    """Runs the job, with what its first step is given."""

    def run(**config: Any) -> dg.ExecuteInProcessResult:
        job = build(agents).resolve_job_def("agent_tasks")
        given: Mapping[str, Any] = {"ops": {"work_on_tasks": {"config": config}}}
        return job.execute_in_process(instance=instance, raise_on_error=False, run_config=given)

    return run


@pytest.fixture
def events(instance: dg.DagsterInstance) -> Events:
    """What Dagster has been told of tasks: the metadata of each event, in order of the log."""

    def all_told() -> list[dict[str, Any]]:
        wanted = dg.AssetRecordsFilter(asset_key=TASKS)
        found = instance.fetch_materializations(wanted, limit=10_000, ascending=True).records
        return [
            {
                "partition": each.partition_key,
                **{name: value.value for name, value in each.asset_materialization.metadata.items()},
            }
            for each in found
        ]

    return all_told


@pytest.fixture
def ledger(broker: Any) -> Callable[[], dict[tuple[int, int], TaskReceipt]]:
    """The receipts that the ledger has, by partition and position."""

    def whole() -> dict[tuple[int, int], TaskReceipt]:
        return {
            (each.partition(), each.offset()): TaskReceipt.model_validate_json(each.value() or b"")
            for each in committed(broker.bootstrap_servers, LEDGER, PARTITIONS)
        }

    return whole
