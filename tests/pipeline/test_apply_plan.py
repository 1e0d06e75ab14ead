"""The job that carries out a plan with a person's approvals: what it takes, what it refuses, what it records."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from omni_assets.drift.plan import Known
from omni_assets.operations.memory import Because, meant, trust
from omni_assets.operations.plan import make_plan, write_plan
from omni_assets.operations.provision import provision
from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.topics.apply_plan import PLAN_NOW
from omni_assets.pipeline.topics.history import PAGES
from omni_assets.pipeline.topics.keys import APPLIED_CHANGES, TOPIC_DRIFT_HISTORY
from omni_assets.projection.store import Projection

pytestmark = pytest.mark.dagster

SHORT, LONG = "onex.evt.router.routing-complete.v1", "onex.evt.router.routing-failed.v1"
DAY, WEEK, MONTH = "86400000", "604800000", "2592000000"

Run = Callable[..., dg.ExecuteInProcessResult]


def retain(broker: Any, topic: str, milliseconds: str) -> None:
    entry = ConfigEntry("retention.ms", milliseconds, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    broker.client.incremental_alter_configs([resource])[resource].result(20)


def retention(broker: Any) -> tuple[str, ...]:
    resources = [ConfigResource(ResourceType.TOPIC, topic) for topic in (SHORT, LONG)]
    described = broker.client.describe_configs(resources)
    return tuple(str(described[each].result(20)["retention.ms"].value) for each in resources)


def metadata(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    (found,) = (
        event.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key == APPLIED_CHANGES
    )
    return {name: getattr(value, "value", value) for name, value in found.items()}


def refusal(result: dg.ExecuteInProcessResult) -> str:
    """The one sentence of a run that failed, which nobody retries."""
    assert not result.success
    assert not result.get_asset_materialization_events()
    (failed,) = result.get_step_failure_events()
    data = failed.step_failure_data
    assert data.user_failure_data is not None
    assert data.error is None or (data.error.cause is None and data.error.context is None)
    return str(data.user_failure_data.description)


@pytest.fixture
def drifted(write_contract: Callable[..., Path], project: Callable[..., ProjectResource], broker: Any) -> Any:
    """A project with one difference that is safe to correct, and one that needs an approval."""
    write_contract("router", publishes=[SHORT, LONG])
    where = project(broker.bootstrap_servers)
    provision(where.context(), where.context().manifest())
    retain(broker, SHORT, DAY)
    retain(broker, LONG, MONTH)
    return where


@pytest.fixture
def run(drifted: ProjectResource, instance: dg.DagsterInstance) -> Run:
    def launch(where: ProjectResource = drifted, **config: Any) -> dg.ExecuteInProcessResult:
        job = build(where).resolve_job_def("apply_plan")
        return job.execute_in_process(
            instance=instance, raise_on_error=False, run_config={"ops": {"carry_out_plan": {"config": config}}}
        )

    return launch


@pytest.mark.broker
def test_with_nothing_said_only_what_is_safe_is_carried_out(run: Run, broker: Any) -> None:
    result = run()
    assert result.success
    assert retention(broker) == (WEEK, MONTH)
    said = metadata(result)
    assert (said["applied"], said["left"]) == (1, 1)
    assert said["left_to_people"].records[0].data["topic"] == LONG


@pytest.mark.broker
@pytest.mark.parametrize("by", ["id", "topic"])
def test_a_step_is_approved_by_its_id_or_its_topic(
    by: str, run: Run, drifted: ProjectResource, broker: Any, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    (step,) = (
        each for each in make_plan(drifted.context(), drifted.context().manifest()).plan.steps if each.topic == LONG
    )
    result = run(plan=PLAN_NOW, approve=[getattr(step, by)])
    assert result.success
    assert retention(broker) == (WEEK, WEEK)
    assert (metadata(result)["applied"], metadata(result)["left"]) == (2, 0)
    approvals = [row.detail for row in Projection(tmp_path / "state").audited() if row.event == "approval"]
    assert approvals == [getattr(step, by)]
    assert set(instance.get_dynamic_partitions(PAGES.name or "")) == {SHORT, LONG}
    pages = [each for each in result.get_asset_materialization_events() if each.asset_key == TOPIC_DRIFT_HISTORY]
    assert {each.partition for each in pages} == {SHORT, LONG}


@pytest.mark.broker
def test_a_plan_that_was_written_is_carried_out_whole_once_all_is_approved(
    run: Run, drifted: ProjectResource, broker: Any, tmp_path: Path
) -> None:
    write_plan(str(tmp_path / "plan.json"), make_plan(drifted.context(), drifted.context().manifest()).plan)
    result = run(plan="plan.json", approve=["all"])
    assert result.success
    assert retention(broker) == (WEEK, WEEK)
    assert metadata(result)["applied"] == 2
    again = run(plan="plan.json", approve=["all"])
    assert again.success
    assert metadata(again)["applied"] == 0


@pytest.mark.broker
def test_topics_that_no_pattern_names_are_left(run: Run, broker: Any) -> None:
    result = run(approve=[SHORT, LONG], only=["*failed*"])
    assert result.success
    assert retention(broker) == (DAY, WEEK)


def _edited(document: dict[str, Any]) -> Mapping[str, Any]:
    return {**document, "steps": document["steps"][:1]}


def _of_another_cluster(document: dict[str, Any]) -> Mapping[str, Any]:
    return {**document, "cluster_id": "elsewhere"}


@pytest.mark.broker
@pytest.mark.parametrize("change", [_edited, _of_another_cluster])
def test_a_plan_that_was_edited_is_refused(
    change: Callable[[dict[str, Any]], Mapping[str, Any]],
    run: Run,
    drifted: ProjectResource,
    broker: Any,
    tmp_path: Path,
) -> None:
    path = tmp_path / "plan.json"
    write_plan(str(path), make_plan(drifted.context(), drifted.context().manifest()).plan)
    path.write_text(json.dumps(change(json.loads(path.read_text()))), encoding="utf-8")
    assert "is not carried out" in refusal(run(plan=str(path), approve=["all"]))
    assert retention(broker) == (DAY, MONTH)


@pytest.mark.broker
def test_a_plan_is_refused_once_the_broker_is_another(
    run: Run, drifted: ProjectResource, broker: Any, tmp_path: Path
) -> None:
    path = tmp_path / "plan.json"
    write_plan(str(path), make_plan(drifted.context(), drifted.context().manifest()).plan)
    retain(broker, SHORT, "3600000")
    assert refusal(run(plan=str(path), approve=["all"])).startswith("the plan is stale: ")
    assert retention(broker) == ("3600000", MONTH)


@pytest.mark.broker
@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"plan": "nowhere.json"}, "it cannot be read"),
        ({"approve": ["all"]}, "approves the steps of a plan that was read"),
        ({"approve": ["onex.evt.router.nothing.v1"]}, "the plan has no step and no topic"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(
    config: Mapping[str, Any], sentence: str, run: Run, broker: Any
) -> None:
    assert sentence in refusal(run(**config))
    assert retention(broker) == (DAY, MONTH)


@pytest.mark.broker
def test_a_brake_is_released_by_whoever_launches_it(drifted: ProjectResource, run: Run, broker: Any) -> None:
    trust(drifted.context(), Known(2, "cluster-of-before"), Because.OBSERVED)
    assert "`cluster-of-before` is meant" in refusal(run())
    assert retention(broker) == (DAY, MONTH)
    assert run(acknowledge=True).success
    assert retention(broker) == (WEEK, MONTH)
    assert meant(drifted.context()) == Known(2)


@pytest.mark.broker
def test_a_read_only_project_refuses(run: Run, broker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNI_READONLY", "1")
    assert "OMNI_READONLY" in refusal(run())
    assert retention(broker) == (DAY, MONTH)


def test_the_launchpad_explains_every_field_and_is_filled_in(project: Callable[..., ProjectResource]) -> None:
    job = build(project()).resolve_job_def("apply_plan")
    op = job.get_node_named("carry_out_plan").definition
    fields = op.config_schema.config_type.fields  # type: ignore[union-attr]
    assert set(fields) == {"plan", "approve", "acknowledge", "only"}
    for field in fields.values():
        assert len(field.description or "") > 40
        assert not field.is_required
    assert job.run_config is not None
    filled_in = {"plan": PLAN_NOW, "approve": [], "acknowledge": False, "only": []}
    assert job.run_config["ops"] == {"carry_out_plan": {"config": filled_in}}
