"""The report as an asset: the file of ``omni report``, every day, with its figures on the page of the asset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from tests.support.reported import BROKER, HOSTILE, reported

pytestmark = pytest.mark.dagster


@pytest.mark.parametrize("strange", [(), HOSTILE], ids=["plain", "hostile"])
def test_it_is_written_into_the_state_folder_and_its_page_has_the_figures(
    instance: dg.DagsterInstance, tmp_path: Path, strange: tuple[str, ...]
) -> None:
    context = reported(tmp_path, strange)
    project = ProjectResource(home=str(context.home), folder=str(tmp_path), bootstrap_servers=BROKER)
    result = build(project).resolve_job_def("make_report").execute_in_process(instance=instance)
    (event,) = result.get_asset_materialization_events()
    said = {name: value.value for name, value in event.materialization.metadata.items()}
    file = context.home / "report.html"
    assert (said["file"], said["bytes"]) == (str(file), file.stat().st_size)
    assert said["drift"] == 5 + len(strange)
    lines = said["summary"].splitlines()
    assert lines[0].endswith("spent.")
    assert lines[4].startswith(f"| Open drift | {5 + len(strange)} | 1 unfixable, ")
    assert {line.count("|") for line in lines[2:]} == {4}
    assert "<" not in said["summary"]


def test_it_runs_every_day_by_itself(project: Callable[..., ProjectResource]) -> None:
    schedule = build(project()).get_repository_def().get_schedule_def("report_daily")
    assert (schedule.cron_schedule, schedule.job_name) == ("10 6 * * *", "make_report")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
