"""The command that runs the job in a process of its own and prints one document."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from omni_assets.pipeline import reconcile
from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.run_processes import living_tags

pytestmark = pytest.mark.dagster

COMPLETE = "onex.evt.router.routing-complete.v1"


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def start(bootstrap_servers: str, **variables: str) -> subprocess.CompletedProcess[str]:
        home = tmp_path / "dagster"
        home.mkdir(exist_ok=True)
        given = {"OMNI_BOOTSTRAP_SERVERS": bootstrap_servers, "OMNI_HOME": str(tmp_path / "state"), "OMNI_ENV": "local"}
        return subprocess.run(
            [sys.executable, "-m", "omni_assets.pipeline.reconcile"],
            cwd=tmp_path,
            env={**os.environ, **given, "DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "1", **variables},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return start


@pytest.mark.broker
def test_one_document_on_standard_output_and_a_run_in_the_instance(
    run: Callable[..., subprocess.CompletedProcess[str]],
    write_contract: Callable[..., Path],
    broker: Any,
    tmp_path: Path,
) -> None:
    write_contract("router", publishes=[COMPLETE])
    ended = run(broker.bootstrap_servers)
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    assert document["success"] is True
    assert document["error"] is None
    assert document["provisioned"] == {"created": 1, "existed": 0, "failed": 0, "unconfirmed": 0, "skipped": 0}
    assert document["applied"] == {"applied": 0, "failed": 0, "unconfirmed": 0, "left": 0, "waiting": 0}
    assert document["drift"]["in_sync"] == 1
    assert document["checks"]["failed"] == []
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as instance:
        stored = instance.get_run_by_id(document["run_id"])
        assert stored is not None
        assert (stored.job_name, stored.status) == ("reconcile", dg.DagsterRunStatus.SUCCESS)
        assert document["events"] == len(instance.all_logs(stored.run_id))
        assert instance.get_latest_materialization_event(dg.AssetKey("topic_drift")) is not None


def test_a_broker_that_is_down_is_one_sentence_and_exit_2(
    run: Callable[..., subprocess.CompletedProcess[str]], write_contract: Callable[..., Path]
) -> None:
    write_contract("router", publishes=[COMPLETE])
    ended = run("127.0.0.1:1")
    assert ended.returncode == 2
    document = json.loads(ended.stdout)
    assert document["success"] is False
    assert document["error"].startswith("no broker answers at 127.0.0.1:1 ")
    assert document["materialized"] == ["declared_topics"]
    assert (document["declared_topics"], document["drift"]) == (1, None)


def test_without_an_instance_it_says_so(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    ended = run("127.0.0.1:1", DAGSTER_HOME="")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "omni: DAGSTER_HOME is not set, so the run would be recorded nowhere.\n"


def test_only_a_run_whose_process_ended_on_this_machine_is_closed(
    run: Callable[..., subprocess.CompletedProcess[str]], write_contract: Callable[..., Path], tmp_path: Path
) -> None:
    write_contract("router", publishes=[COMPLETE])
    (tmp_path / "dagster").mkdir()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        ended = living_tags("", process.pid)
    own = living_tags("", os.getpid())
    tags = {
        "ended": ended,
        "its id was given to another": {**ended, "omni/process": str(os.getpid())},
        "lives": own,
        "on another machine": {**ended, "omni/host": "elsewhere"},
        "repeats one that ended": ended,
        "unknown": {},
    }
    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as instance:
        job = build(ProjectResource()).resolve_job_def("reconcile")
        started = {
            name: instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags=given).run_id
            for name, given in tags.items()
        }
        for name, run_id in started.items():
            if name != "repeats one that ended":
                instance.add_run_tags(run_id, {"omni/lives_as": run_id})
        assert run("127.0.0.1:1").returncode == 2
        statuses = {each.run_id: each.status for each in instance.get_runs()}
    assert {name for name, run_id in started.items() if statuses[run_id] is dg.DagsterRunStatus.CANCELED} == {
        "ended",
        "its id was given to another",
    }


def test_a_run_says_which_process_of_which_machine_it_lives_in(
    instance: dg.DagsterInstance, project: Callable[..., ProjectResource], write_contract: Callable[..., Path]
) -> None:
    write_contract("router", publishes=[COMPLETE])
    document = reconcile.run(project(), instance)
    stored = instance.get_run_by_id(document["run_id"])
    assert stored is not None
    assert living_tags(stored.run_id, os.getpid()).items() <= stored.tags.items()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_is_recorded_as_canceled(
    number: signal.Signals, write_contract: Callable[..., Path], tmp_path: Path
) -> None:
    write_contract("router", publishes=[COMPLETE])
    home = tmp_path / "dagster"
    home.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # A broker that accepts and never answers keeps the run busy for some seconds.
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        given = {"OMNI_BOOTSTRAP_SERVERS": address, "OMNI_HOME": str(tmp_path / "state"), "DAGSTER_HOME": str(home)}
        process = subprocess.Popen(
            [sys.executable, "-m", "omni_assets.pipeline.reconcile"],
            cwd=tmp_path,
            env={**os.environ, **given, "OMNI_BROKER_TIMEOUT": "60", "DAGSTER_DISABLE_TELEMETRY": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            silent.settimeout(60)
            connection, _ = silent.accept()
            connection.close()
            process.send_signal(number)
            assert process.wait(60) == 130
        finally:
            process.kill()
            process.wait()
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert [each.status for each in instance.get_runs()] == [dg.DagsterRunStatus.CANCELED]
