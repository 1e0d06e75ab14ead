"""A run tells traces and metrics, and lines of a log: under the executor of its job, and in `omni up`'s first cycle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import dagster as dg
import pytest

from tests.support.collector import Collector

pytestmark = [pytest.mark.dagster, pytest.mark.broker, pytest.mark.slow]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


def test_a_run_is_a_trace_by_its_own_id(
    collector: Collector, write_contract: Callable[..., Path], broker: Any, tmp_path: Path
) -> None:
    write_contract("router", publishes=["onex.evt.router.routing-complete.v1"])
    home = tmp_path / "dagster"
    home.mkdir()
    (home / "dagster.yaml").touch()
    environ = {
        **os.environ,
        "OMNI_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "OMNI_HOME": str(tmp_path / "state"),
        "OMNI_ENV": "local",
        "DAGSTER_HOME": str(home),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "OMNI_LOG_FORMAT": "json",
        **collector.environ,
    }

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *command], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=150
        )

    first = run("omni_assets.pipeline.reconcile")
    assert first.returncode == 0, first.stderr
    lines = [json.loads(line) for line in first.stderr.splitlines()]
    assert lines
    second = run("dagster", "job", "execute", "-m", "omni_assets.pipeline.definitions", "-j", "summarize_drift")
    assert second.returncode == 0, second.stderr

    with dg.DagsterInstance.from_config(str(home)) as instance:
        found = {each.job_name: each for each in instance.get_runs()}
    assert all(each.tags["omni/lives_as"] == each.run_id for each in found.values())
    runs = {name: UUID(each.run_id).hex for name, each in found.items()}
    assert {line["run"] for line in lines if "run" in line} == {str(UUID(runs["reconcile"]))}
    for job in ("reconcile", "summarize_drift"):
        (span,) = (each for each in collector.spans if each.name == f"run {job}")
        assert (span.trace, span.parent, span.failed) == (runs[job], "", False)
        assert span.attributes == {"cicd.pipeline.name": job, "cicd.pipeline.run.id": str(UUID(runs[job]))}
    admin = [each for each in collector.spans if each.trace == runs["reconcile"] and each.name.startswith("admin ")]
    assert "admin create_topics" in {each.name for each in admin}
    assert collector.value("omni.drift", verdict="in_sync") == 1
