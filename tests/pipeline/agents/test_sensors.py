"""The sensor that looks at what waits: when it asks for a run, when it does not, and what it says then."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from omni_assets.operations.agents.working import work
from omni_assets.pipeline.agents import sensors
from omni_assets.pipeline.agents.runs import LONGEST_RUN, group_tags, runs_of, worked_tags
from omni_assets.pipeline.agents.sensors import agent_inbox
from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.run_processes import living_tags
from tests.pipeline.agents.conftest import ASKED, PARTITIONS, Ask

pytestmark = [pytest.mark.dagster, pytest.mark.broker]

Drain = Callable[..., dg.ExecuteInProcessResult]
Tick = Callable[..., tuple[list[dict[str, Any]], str]]
OTHERS = group_tags(["others"], 0)


@pytest.fixture
def tick(instance: dg.DagsterInstance, agents: ProjectResource) -> Tick:
    """Evaluates the sensor: the tags and config of each run that it asks for, and why none."""

    def evaluate(project: ProjectResource = agents) -> tuple[list[dict[str, Any]], str]:
        context = dg.build_sensor_context(instance=instance, resources={"project": project}, definitions=build(project))
        data = agent_inbox.evaluate_tick(context)
        asked = [{**each.tags, **each.run_config["ops"]["work_on_tasks"]["config"]} for each in data.run_requests or []]
        assert not any(each.run_key for each in data.run_requests or [])
        return asked, data.skip_message or ""

    return evaluate


@pytest.fixture
def started(instance: dg.DagsterInstance, agents: ProjectResource) -> Callable[..., dg.DagsterRun]:
    job = build(agents).resolve_job_def("agent_tasks")

    def create(status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTED, **tags: str) -> dg.DagsterRun:
        return instance.create_run_for_job(job, status=status, tags={**OTHERS, **tags})

    return create


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [sensors.time.time()]
    monkeypatch.setattr(sensors.time, "time", lambda: now[0])
    return now


def test_an_idle_topic_launches_nothing_and_tasks_launch_one_run_for_all_of_them(
    tick: Tick, ask: Ask, drain: Drain
) -> None:
    assert tick() == ([], "nothing waits.")
    ask(*range(20))
    [asked], _ = tick()
    assert (asked["omni.agents/others"], asked["omni/slot"], asked["omni/because"]) == ("works", "0", "agent_inbox")
    assert (asked["nodes"], asked["slot"]) == (["echo"], 0)
    assert drain(nodes=asked["nodes"], slot=asked["slot"]).success
    assert tick() == ([], "nothing waits.")
    ask(20)
    assert len(tick()[0]) == 1


def test_markers_are_no_lag(tick: Tick, broker: Any) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "transactional.id": "t", "log_level": 0})
    producer.init_transactions(10)
    for commits in (False, True):
        producer.begin_transaction()
        for partition in range(PARTITIONS):
            producer.produce(ASKED, b"1", b"k", partition=partition)
        producer.flush(10)
        (producer.commit_transaction if commits else producer.abort_transaction)(10)
        assert len(tick()[0]) == int(commits)
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "echo", "log_level": 0})
    ends = [consumer.get_watermark_offsets(TopicPartition(ASKED, each), 5)[1] for each in range(PARTITIONS)]
    assert ends == [4] * PARTITIONS
    behind = [TopicPartition(ASKED, each, end - 1) for each, end in enumerate(ends)]
    consumer.commit(offsets=behind, asynchronous=False)
    consumer.close()
    assert tick() == ([], "nothing waits.")


def test_one_run_of_a_group_at_a_time(
    tick: Tick, ask: Ask, started: Callable[..., dg.DagsterRun], instance: dg.DagsterInstance
) -> None:
    ask(*range(20))
    run = started(dg.DagsterRunStatus.NOT_STARTED)
    asked, why = tick()
    assert not asked
    assert why == f"3 partitions with tasks, on which {run.run_id} is at work."
    instance.add_run_tags(run.run_id, worked_tags(["others"]))  # it has only to tell of what it did
    assert len(tick()[0]) == 1


def test_more_slots_are_filled_while_more_partitions_wait(
    tick: Tick, ask: Ask, started: Callable[..., dg.DagsterRun], tmp_path: Path, drain: Drain
) -> None:
    with (tmp_path / "omni.toml").open("a") as settings:
        settings.write("[agents]\nslots = 2\n")
    ask(1)
    started()
    assert tick()[0] == []
    ask(*range(20))
    assert [each["slot"] for each in tick()[0]] == [1]
    started(**{"omni/slot": "1"})
    asked, why = tick()
    assert not asked
    assert why.endswith("are at work.")


def test_groups_have_runs_of_their_own(tick: Tick, ask: Ask, tmp_path: Path, write_contract: Any, broker: Any) -> None:
    ask(1)
    asked_too = "onex.cmd.other.asked.v1"
    text = (
        'name: other\nhandler: {kind: python, entry: "omni_assets.agents.echo:echo"}\n'
        f"event_bus:\n  subscribe_topics: [{asked_too}]\n"
    )
    write_contract("other", text=text)
    with (tmp_path / "omni.toml").open("a") as settings:
        settings.write('[agents.groups]\nfirst = ["echo"]\n')
    [asked], why = tick()
    assert (asked["omni.agents/first"], asked["nodes"]) == ("works", ["echo"])
    asyncio.run(work_off(broker, ["echo"], tmp_path))
    asked, why = tick()
    assert not asked
    assert why == f"first: nothing waits. others: {asked_too} is not at the broker, so nothing is worked on."


async def work_off(broker: Any, nodes: list[str], folder: Path) -> None:
    context = ProjectResource(
        paths=[str(folder / "contracts")],
        home=str(folder / "state"),
        environment="local",
        bootstrap_servers=broker.bootstrap_servers,
        folder=str(folder),
    ).context()
    await work(context, nodes=nodes, drain=True)


def test_failed_runs_are_followed_by_ever_longer_pauses(
    tick: Tick,
    ask: Ask,
    started: Callable[..., dg.DagsterRun],
    instance: dg.DagsterInstance,
    clock: list[float],
) -> None:
    ask(1)
    run = None
    for failures, pause in ((1, 60), (2, 120), (3, 240)):
        run = started()
        instance.report_run_failed(run)
        ended = max(each.end_time for each in instance.get_run_records())
        clock[0] = ended + pause - 1
        asked, why = tick()
        assert not asked
        as_well = f", as did {failures - 1} before it" if failures > 1 else ""
        assert why.startswith(f"run {run.run_id} failed{as_well}; the next one comes after ")
        clock[0] = ended + pause + 1
        assert len(tick()[0]) == 1
    untold = started(**worked_tags(["others"]))
    instance.report_run_failed(untold)
    assert runs_of(instance, "others").failures.times == 0
    clock[0] = 0.0
    assert len(tick()[0]) == 1


def test_a_run_whose_process_was_killed_holds_nobody_back_for_long(
    tick: Tick,
    ask: Ask,
    started: Callable[..., dg.DagsterRun],
    instance: dg.DagsterInstance,
    clock: list[float],
) -> None:
    ask(1)
    tags = tags_of_an_ended_process()
    killed = started()
    instance.add_run_tags(killed.run_id, {**tags, "omni/lives_as": killed.run_id})
    repeats_it = started(**{**tags, "omni/lives_as": killed.run_id})
    assert tick()[0] == []
    statuses = {each.run_id: each.status for each in instance.get_runs()}
    assert statuses[killed.run_id] is dg.DagsterRunStatus.FAILURE
    assert statuses[repeats_it.run_id] is dg.DagsterRunStatus.STARTED
    instance.report_run_canceled(repeats_it)
    instance.delete_run(repeats_it.run_id)
    asked, why = tick()
    assert not asked
    assert why.startswith(f"run {killed.run_id} failed; the next one comes after ")
    clock[0] += 200
    assert len(tick()[0]) == 1


def tags_of_an_ended_process() -> dict[str, str]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        return living_tags("", process.pid)


def test_a_run_that_lives_says_so(instance: dg.DagsterInstance, started: Callable[..., dg.DagsterRun]) -> None:
    run = started()
    instance.add_run_tags(run.run_id, living_tags(run.run_id, os.getpid()))
    assert instance.get_run_by_id(run.run_id).tags["omni/process"] == str(os.getpid())
    found = runs_of(instance, "others")
    assert (found.active, found.bereft, found.free_slot) == ({0: run.run_id}, (), 1)


def test_a_run_that_never_ended_is_not_waited_for_for_ever(
    instance: dg.DagsterInstance, started: Callable[..., dg.DagsterRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    started()
    monkeypatch.setattr("omni_assets.pipeline.agents.runs.LONGEST_RUN", -LONGEST_RUN)
    assert runs_of(instance, "others").active == {}


def test_a_broker_that_is_down_or_that_nobody_named_is_a_skip_that_says_so(
    tick: Tick, project: Callable[..., ProjectResource], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, why = tick(project("127.0.0.1:1"))
    assert not asked
    assert why.startswith("no broker answers at 127.0.0.1:1 ")
    monkeypatch.setenv("OMNI_READONLY", "1")
    assert tick() == ([], "OMNI_READONLY=1 forbids every write, so nothing is worked on.")
    monkeypatch.delenv("OMNI_BOOTSTRAP_SERVERS")
    asked, why = tick(project(None))
    assert not asked
    assert why.startswith("nobody named a broker")


def test_contracts_without_handlers_or_that_cannot_be_used_are_a_skip(
    tick: Tick, write_contract: Callable[..., Path], tmp_path: Path
) -> None:
    with (tmp_path / "omni.toml").open("a") as settings:
        settings.write('[agents.groups]\nfirst = ["ecko"]\n')
    assert tick()[1].startswith("no contract names a node or a topic `ecko`.")
    (tmp_path / "omni.toml").write_text("")
    write_contract("echo", subscribes=[ASKED])
    assert tick() == ([], "no contract names a handler, so there is nothing to work for.")
