"""The daily summary: figures of the projection as a table, without a broker."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from confluent_kafka.admin import NewTopic

from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource

pytestmark = pytest.mark.dagster

NAME = "onex.evt.router.routing-complete.v1"


@pytest.fixture
def summarize(instance: dg.DagsterInstance) -> Callable[[ProjectResource], dg.ExecuteInProcessResult]:
    def run(project: ProjectResource) -> dg.ExecuteInProcessResult:
        job = build(project).resolve_job_def("summarize_drift")
        return job.execute_in_process(instance=instance, raise_on_error=False)

    return run


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    (event,) = result.get_asset_materialization_events()
    return {name: getattr(value, "value", value) for name, value in event.materialization.metadata.items()}


@pytest.mark.broker
def test_kinds_and_verdicts_are_summed_up_without_a_broker(
    summarize: Callable[..., dg.ExecuteInProcessResult],
    reconcile: Callable[..., dg.ExecuteInProcessResult],
    write_contract: Callable[..., Path],
    project: Callable[..., ProjectResource],
    broker: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_contract("router", publishes=[NAME])
    where = project(broker.bootstrap_servers)
    reconcile(where)
    assert metadata(summarize(where))["summary"] == "Nothing differs, and nothing did in the 1 d before."
    for future in broker.client.create_topics([NewTopic(f"other-{number}", 1, 1) for number in range(3)]).values():
        future.result(20)
    reconcile(where)
    broker.client.delete_topics(["other-0"])["other-0"].result(20)
    reconcile(where)
    said = metadata(summarize(where))
    assert (said["open"], said["opened"], said["resolved"]) == (2, 3, 1)
    lines = said["summary"].splitlines()
    assert lines[0] == "| drift | verdict | open | opened | resolved | oldest |"
    assert lines[2].startswith("| orphaned | needs approval | 2 | 3 | 1 | ")
    assert len(lines) == 3


def test_before_anything_was_observed_it_says_so(
    summarize: Callable[..., dg.ExecuteInProcessResult], project: Callable[..., ProjectResource]
) -> None:
    result = summarize(project())
    (failure,) = result.get_step_failure_events()
    data = failure.step_failure_data.user_failure_data
    assert data is not None
    assert "omni drift" in (data.description or "")


def test_it_runs_every_day_by_itself(project: Callable[..., ProjectResource]) -> None:
    schedule = build(project()).get_repository_def().get_schedule_def("drift_summary_daily")
    assert (schedule.cron_schedule, schedule.job_name) == ("0 6 * * *", "summarize_drift")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
