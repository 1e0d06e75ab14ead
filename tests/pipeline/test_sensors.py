"""The sensors: when they ask for a run, when they do not, and what they say then."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from omni_assets.operations.context import BrokerOrigin
from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.run_processes import living_tags
from omni_assets.pipeline.topics import jobs, sensors
from omni_assets.pipeline.topics.attempts import parse
from omni_assets.pipeline.topics.sensors import contracts_changed, topic_missing

pytestmark = pytest.mark.dagster

COMPLETE = "onex.evt.router.routing-complete.v1"
FAILED = "onex.evt.router.routing-failed.v1"

Projects = Callable[..., ProjectResource]
Writer = Callable[..., Path]
Tick = Callable[..., tuple[int, str, str | None]]


def evaluated(
    sensor: dg.SensorDefinition, project: ProjectResource, instance: dg.DagsterInstance, cursor: str | None
) -> Any:
    context = dg.build_sensor_context(
        instance=instance, cursor=cursor, resources={"project": project}, definitions=build(project)
    )
    return sensor.evaluate_tick(context)


@pytest.fixture
def tick(instance: dg.DagsterInstance) -> Iterator[Tick]:
    """Evaluates a sensor: the number of runs that it asks for, why none, and its next cursor."""

    def evaluate(
        sensor: dg.SensorDefinition, project: ProjectResource, cursor: str | None = None
    ) -> tuple[int, str, str | None]:
        data = evaluated(sensor, project, instance, cursor)
        return len(data.run_requests or []), data.skip_message or "", data.cursor

    return evaluate


@pytest.fixture
def at(project: Projects, write_contract: Writer, broker: Any) -> ProjectResource:
    """A project whose one declared topic is missing on a broker that answers."""
    write_contract("router", publishes=[COMPLETE])
    return project(broker.bootstrap_servers)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000_000.0]
    monkeypatch.setattr(sensors.time, "time", lambda: now[0])
    return now


def test_contracts_are_reconciled_once_for_each_change(tick: Tick, project: Projects, write_contract: Writer) -> None:
    write_contract("router", publishes=[COMPLETE])
    runs, _, first = tick(contracts_changed, project())
    assert runs == 1
    assert tick(contracts_changed, project(), first) == (0, "the contracts have not changed.", first)
    write_contract("router", publishes=[COMPLETE, FAILED])
    runs, _, second = tick(contracts_changed, project(), first)
    assert (runs, second != first) == (1, True)
    write_contract("router", publishes=[COMPLETE])
    runs, _, third = tick(contracts_changed, project(), second)
    assert (runs, list(parse(third).by_name)) == (1, list(parse(first).by_name))


@pytest.mark.broker
def test_contracts_that_were_reconciled_before_the_first_tick_are_no_change(
    tick: Tick, at: ProjectResource, write_contract: Writer, reconcile: Callable[..., dg.ExecuteInProcessResult]
) -> None:
    assert reconcile(at).success
    runs, why, cursor = tick(contracts_changed, at)
    assert (runs, why) == (0, "the contracts have not changed.")
    assert tick(contracts_changed, at, cursor)[:2] == (0, "the contracts have not changed.")
    write_contract("router", publishes=[COMPLETE, FAILED])
    assert tick(contracts_changed, at, cursor)[0] == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('[defaults."*"]\npartitions = 1\n', '[defaults."*"]\npartitions = 2\n'),
        ("", "[environments.local.limits]\npartitions = 1\n"),
    ],
)
def test_other_defaults_or_limits_are_a_change(
    before: str, after: str, tick: Tick, project: Projects, write_contract: Writer, tmp_path: Path
) -> None:
    text = f"name: router\nevent_bus:\n  publish_topics:\n    - {{topic: {COMPLETE}, partitions: 4}}\n    - {FAILED}\n"
    write_contract("router", text=text)
    (tmp_path / "omni.toml").write_text(before)
    _, _, first = tick(contracts_changed, project())
    assert tick(contracts_changed, project(), first)[0] == 0
    (tmp_path / "omni.toml").write_text(after)
    runs, _, second = tick(contracts_changed, project(), first)
    assert (runs, second != first) == (1, True)


@pytest.mark.slow
def test_a_change_whose_run_failed_is_tried_again_and_not_for_ever(
    tick: Tick, project: Projects, write_contract: Writer, instance: dg.DagsterInstance, clock: list[float]
) -> None:
    write_contract("router", publishes=[COMPLETE])
    job = build(project()).resolve_job_def("reconcile")
    cursor, asked, why = None, [], ""
    for second in range(0, 4000, 15):
        clock[0] = 1_000_000.0 + second
        data = evaluated(contracts_changed, project(), instance, cursor)
        cursor = data.cursor
        for request in data.run_requests or []:
            asked.append(second)
            run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=dict(request.tags))
            assert tick(contracts_changed, project(), cursor)[0] == 0
            instance.report_run_failed(run)
        why = data.skip_message or ""
    assert asked == [0, 60, 180, 420, 900, 1860]
    assert "failed, as 5 did before it; the hourly run tries again." in why
    write_contract("router", publishes=[COMPLETE, FAILED])
    assert tick(contracts_changed, project(), cursor)[0] == 1


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED])
def test_a_change_whose_run_did_not_fail_is_not_tried_again(
    status: dg.DagsterRunStatus,
    tick: Tick,
    project: Projects,
    write_contract: Writer,
    instance: dg.DagsterInstance,
    clock: list[float],
) -> None:
    write_contract("router", publishes=[COMPLETE])
    data = evaluated(contracts_changed, project(), instance, None)
    job = build(project()).resolve_job_def("reconcile")
    instance.create_run_for_job(job, status=status, tags=dict((data.run_requests or [])[0].tags))
    clock[0] += 600
    assert tick(contracts_changed, project(), data.cursor)[:2] == (0, "the contracts have not changed.")


@pytest.mark.parametrize("sensor", [contracts_changed, topic_missing])
def test_where_nobody_named_a_broker_no_run_is_asked_for(
    sensor: dg.SensorDefinition,
    tick: Tick,
    project: Projects,
    write_contract: Writer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("OMNI_BOOTSTRAP_SERVERS")
    write_contract("router", publishes=[COMPLETE])
    unnamed = project(None)
    assert unnamed.context().origin is BrokerOrigin.ASSUMED
    runs, why, cursor = tick(sensor, unnamed, "{}")
    assert (runs, cursor) == (0, "{}")
    assert why.startswith("nobody named a broker")
    assert "omni broker start" in why


def test_contracts_that_cannot_be_read_are_a_skip_and_no_change(tick: Tick, project: Projects) -> None:
    runs, why, cursor = tick(contracts_changed, project(), "digest")
    assert (runs, cursor) == (0, "digest")
    assert "no such file or folder" in why


def test_a_broker_that_is_down_is_a_skip_that_says_so(tick: Tick, project: Projects, write_contract: Writer) -> None:
    write_contract("router", publishes=[COMPLETE])
    cursor = '{"kept": [1, 2.0]}'
    runs, why, after = tick(topic_missing, project(), cursor)
    assert (runs, after) == (0, cursor)
    assert why.startswith("no broker answers at 127.0.0.1:1 ")


@pytest.mark.broker
def test_a_missing_topic_asks_for_a_run_and_a_complete_broker_does_not(
    tick: Tick, at: ProjectResource, broker: Any, reconcile: Callable[..., dg.ExecuteInProcessResult]
) -> None:
    runs, _, cursor = tick(topic_missing, at)
    assert (runs, list(parse(cursor).by_name)) == (1, [COMPLETE])
    assert reconcile(at).success
    assert tick(topic_missing, at, cursor) == (0, "no declared topic is missing.", "{}")
    broker.client.delete_topics([COMPLETE])[COMPLETE].result(10)
    assert tick(topic_missing, at, "{}")[0] == 1


@pytest.mark.broker
def test_a_topic_that_cannot_be_created_is_not_tried_at_every_tick(
    tick: Tick, at: ProjectResource, write_contract: Writer, clock: list[float]
) -> None:
    cursor, asked = None, []
    for second in range(0, 600, 30):
        clock[0] = 1_000_000.0 + second
        runs, why, cursor = tick(topic_missing, at, cursor)
        if runs:
            asked.append(second)
        else:
            assert COMPLETE in why
    assert asked == [0, 60, 180, 420]
    write_contract("router", publishes=[COMPLETE, FAILED])
    assert tick(topic_missing, at, cursor)[0] == 1


@pytest.mark.broker
def test_no_second_run_is_asked_for_while_one_is_under_way(
    tick: Tick, at: ProjectResource, instance: dg.DagsterInstance
) -> None:
    job = build(at).resolve_job_def("reconcile")
    run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    runs, why, cursor = tick(topic_missing, at)
    assert (runs, cursor) == (0, "{}")
    assert run.run_id in why
    instance.report_run_failed(run)
    assert tick(topic_missing, at, cursor)[0] == 1


@pytest.mark.broker
def test_a_run_that_never_ended_is_not_waited_for_for_ever(
    tick: Tick, at: ProjectResource, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance.create_run_for_job(build(at).resolve_job_def("reconcile"), status=dg.DagsterRunStatus.STARTED)
    assert tick(topic_missing, at)[0] == 0
    monkeypatch.setattr(jobs, "LONGEST_RUN", timedelta(seconds=-60))
    assert tick(topic_missing, at)[0] == 1


@pytest.mark.broker
def test_a_read_only_project_asks_for_no_run(
    tick: Tick, project: Projects, write_contract: Writer, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_contract("router", publishes=[COMPLETE])
    monkeypatch.setenv("OMNI_READONLY", "1")
    runs, why, _ = tick(topic_missing, project(broker.bootstrap_servers))
    assert runs == 0
    assert why == f"{COMPLETE} is missing, and OMNI_READONLY=1 forbids every write."


def test_the_schedule_asks_for_the_job_every_hour(project: Projects) -> None:
    schedule = build(project()).get_repository_def().get_schedule_def("reconcile_hourly")
    assert (schedule.cron_schedule, schedule.job_name) == ("0 * * * *", "reconcile")
    assert len(schedule.evaluate_tick(dg.build_schedule_context()).run_requests or []) == 1


def test_sensors_look_often_and_briefly_enough() -> None:
    assert 15 <= (contracts_changed.minimum_interval_seconds or 0) <= 30
    assert 15 <= (topic_missing.minimum_interval_seconds or 0) <= 30
    assert sensors.BROKER_SECONDS <= 5


@pytest.mark.parametrize("sensor", [contracts_changed, topic_missing])
def test_a_run_whose_process_was_killed_is_said_to_have_failed(
    tick: Tick, project: Projects, instance: dg.DagsterInstance, sensor: dg.SensorDefinition
) -> None:
    job = build(project()).resolve_job_def("reconcile")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        tags = living_tags("", process.pid)
    killed, lives = (instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED) for _ in range(2))
    instance.add_run_tags(killed.run_id, {**tags, "omni/lives_as": killed.run_id})
    instance.add_run_tags(lives.run_id, living_tags(lives.run_id, os.getpid()))
    tick(sensor, project(None))
    statuses = {each.run_id: each.status for each in instance.get_runs()}
    assert statuses == {killed.run_id: dg.DagsterRunStatus.FAILURE, lives.run_id: dg.DagsterRunStatus.STARTED}
