"""The job ``tidy``: what is old goes, and the run says what went."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.projection.rows import AuditRow
from omni_assets.projection.store import Projection


@pytest.mark.dagster
def test_what_is_old_goes_and_the_run_says_so(
    project: Callable[..., ProjectResource],
    write_contract: Callable[..., Path],
    instance: dg.DagsterInstance,
    tmp_path: Path,
) -> None:
    write_contract("router", publishes=["onex.evt.router.routing-complete.v1"])
    begun = AuditRow("1", datetime(2026, 1, 1, tzinfo=UTC), "ada", "here", "main", "local", "p", "step")
    Projection(tmp_path / "state").record_audit([begun, begun._replace(outcome="applied")])
    job = build(project()).resolve_job_def("tidy")

    def told() -> dict[str, object]:
        ran = job.execute_in_process(instance=instance, raise_on_error=False)
        assert ran.success
        (output,) = (event for event in ran.all_events if event.is_successful_output)
        return {name: value.value for name, value in output.step_output_data.metadata.items()}

    first = told()
    assert (first["lines"], first["runs"]) == ({"audit": 1}, 0)
    assert told()["lines"] == {}
    (tmp_path / "state" / "projection.duckdb").write_bytes(b"no database" * 1000)
    assert not job.execute_in_process(instance=instance, raise_on_error=False).success
