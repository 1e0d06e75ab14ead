"""The code location loads, whatever the contracts hold."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource

pytestmark = pytest.mark.dagster

TABLES = {"declared_topics", "provisioned_topics", "applied_changes", "observed_topics", "topic_drift"}
OTHERS = {
    "topic_drift_history",
    "drift_summary",
    "report",
    "agents/receipts",
    "agents/tasks",
    "agents/questions",
    "routing_posteriors",
    "routing_economics",
}

Projects = Callable[..., ProjectResource]


def keys(defs: dg.Definitions) -> set[str]:
    return {spec.key.to_user_string() for spec in defs.resolve_all_asset_specs()}


def declared(defs: dg.Definitions) -> dg.AssetSpec:
    return next(spec for spec in defs.resolve_all_asset_specs() if spec.key == dg.AssetKey("declared_topics"))


def loaded(defs: dg.Definitions) -> dg.Definitions:
    dg.Definitions.validate_loadable(defs)
    return defs


def test_tables_job_schedule_and_sensors_are_there(project: Projects, write_contract: Callable[..., Path]) -> None:
    write_contract("a", publishes=["onex.evt.a.happened.v1"])
    defs = loaded(build(project()))
    assert keys(defs) == TABLES | OTHERS | {"nodes/a", "topics/onex.evt.a/happened.v1"}
    repository = defs.get_repository_def()
    assert {sensor.name: sensor.default_status for sensor in repository.sensor_defs} == {
        "contracts_changed": dg.DefaultSensorStatus.RUNNING,
        "topic_missing": dg.DefaultSensorStatus.RUNNING,
        "agent_inbox": dg.DefaultSensorStatus.RUNNING,
        "question_asked": dg.DefaultSensorStatus.RUNNING,
        "run_failure": dg.DefaultSensorStatus.RUNNING,
        "drift_appeared": dg.DefaultSensorStatus.RUNNING,
        "budget_nearly_spent": dg.DefaultSensorStatus.RUNNING,
        "alerts": dg.DefaultSensorStatus.RUNNING,
    }
    assert all(sensor.description for sensor in repository.sensor_defs)
    schedule = repository.get_schedule_def("reconcile_hourly")
    assert schedule.cron_schedule == "0 * * * *"
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert schedule.job_name == "reconcile"


def test_every_table_says_who_owns_it_and_what_it_is(project: Projects) -> None:
    specs = {spec.key.to_user_string(): spec for spec in build(project()).resolve_all_asset_specs()}
    for name in TABLES:
        spec = specs[name]
        assert spec.owners == ["team:platform"]
        assert spec.group_name == "topics"
        assert spec.kinds
        assert spec.description
        columns = spec.metadata["dagster/column_schema"].columns
        assert columns
        assert not [column.name for column in columns if not column.description]


def test_what_the_hourly_run_writes_is_to_be_fresh(project: Projects) -> None:
    specs = {spec.key.to_user_string(): spec for spec in build(project()).resolve_all_asset_specs()}
    # What provisioning did is left out while nothing may be written, and is none the worse for it.
    for name in TABLES - {"provisioned_topics"}:
        policy = specs[name].freshness_policy
        assert isinstance(policy, dg.FreshnessPolicy)
        assert policy.fail_window.to_timedelta() == timedelta(hours=3)
        assert policy.warn_window.to_timedelta() == timedelta(hours=2)


def test_one_run_changes_the_broker_at_a_time(project: Projects) -> None:
    defs = build(project())
    for job, op in (("reconcile", "reconcile_topics"), ("apply_plan", "carry_out_plan")):
        assert {each.pool for each in defs.resolve_job_def(job).all_node_defs if each.name == op} == {"broker"}


def test_the_tables_lead_from_contracts_to_drift(project: Projects, write_contract: Callable[..., Path]) -> None:
    write_contract("a", publishes=["onex.evt.a.happened.v1"])
    graph = build(project()).resolve_asset_graph()
    topic = dg.AssetKey(["topics", "onex.evt.a", "happened.v1"])
    assert graph.get(dg.AssetKey("declared_topics")).parent_keys == {topic}
    assert graph.get(topic).parent_keys == {dg.AssetKey(["nodes", "a"])}
    assert graph.get(dg.AssetKey("topic_drift")).parent_keys == {
        dg.AssetKey("declared_topics"),
        dg.AssetKey("observed_topics"),
    }


def test_nodes_with_handlers_lead_to_tasks(project: Projects, write_contract: Callable[..., Path]) -> None:
    handled = 'handler: {kind: python, entry: "m:f"}\nevent_bus:\n  subscribe_topics: [onex.cmd.a.asked.v1]\n'
    write_contract("a", text=f"name: a\n{handled}")
    write_contract("b", subscribes=["onex.cmd.a.asked.v1"])
    graph = loaded(build(project())).resolve_asset_graph()
    assert graph.get(dg.AssetKey(["agents", "tasks"])).parent_keys == {dg.AssetKey(["nodes", "a"])}


def test_it_loads_without_any_contract_and_says_so(project: Projects) -> None:
    defs = loaded(build(project()))
    assert keys(defs) == TABLES | OTHERS
    assert "could not be read" in (declared(defs).description or "")


def test_it_loads_with_settings_that_cannot_be_used(project: Projects, tmp_path: Path) -> None:
    (tmp_path / "omni.toml").write_text("nonsense = 1\n")
    defs = loaded(build(project()))
    assert "nonsense" in (declared(defs).description or "")


def test_it_loads_with_what_is_readable(project: Projects, write_contract: Callable[..., Path]) -> None:
    write_contract("broken", text="name: [unclosed\n")
    write_contract("list", text="- 1\n")
    write_contract("empty", text="")
    write_contract("well", publishes=["onex.evt.well.happened.v1"])
    defs = loaded(build(project()))
    assert "topics/onex.evt.well/happened.v1" in keys(defs)
    assert "could not be read" not in (declared(defs).description or "")


def test_it_loads_with_the_corpus_cycles_and_all(project: Projects, corpus: Path) -> None:
    defs = loaded(build(project(paths=[str(corpus)])))
    kinds = Counter(key.partition("/")[0] for key in keys(defs))
    assert kinds["nodes"] > 20
    assert kinds["topics"] > 20
    assert kinds["domains"] > 2
    assert defs.resolve_asset_graph().toposorted_asset_keys


def test_dagster_accepts_the_code_location_as_it_is_configured(
    tmp_path: Path, write_contract: Callable[..., Path]
) -> None:
    write_contract("a", publishes=["onex.evt.a.happened.v1"])
    run = subprocess.run(
        [
            Path(sys.executable).with_name("dagster"),
            "definitions",
            "validate",
            "-m",
            "omni_assets.pipeline.definitions",
        ],
        cwd=tmp_path,
        env={**os.environ, "OMNI_HOME": str(tmp_path / "state"), "DAGSTER_DISABLE_TELEMETRY": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
