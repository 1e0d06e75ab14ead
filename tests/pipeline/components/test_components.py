"""What components add to a project, and on which project of omni they work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from pydantic import ValidationError

from omni_assets.pipeline.components import OmniAgentsComponent, OmniTopicsComponent
from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource

pytestmark = pytest.mark.dagster

TOPICS = {
    "declared_topics",
    "provisioned_topics",
    "applied_changes",
    "observed_topics",
    "topic_drift",
    "topic_drift_history",
    "drift_summary",
}
AGENTS = {"agents/tasks", "agents/questions"}

Component = type[OmniTopicsComponent] | type[OmniAgentsComponent]


def added(component: Component, attributes: Mapping[str, Any]) -> dg.Definitions:
    context = dg.ComponentTree.for_test().load_context
    return component.from_attributes_dict(attributes=dict(attributes), context=context).build_defs(context)


def keys(defs: dg.Definitions) -> set[str]:
    return {spec.key.to_user_string() for spec in defs.resolve_all_asset_specs()}


def test_both_together_are_loadable_and_mean_one_project(tmp_path: Path, write_contract: Callable[..., Path]) -> None:
    write_contract("a", publishes=["onex.evt.a.happened.v1"])
    attributes = {"folder": str(tmp_path), "environment": "local"}
    topics, agents = (added(each, attributes) for each in (OmniTopicsComponent, OmniAgentsComponent))
    assert keys(topics) == TOPICS | {"nodes/a", "topics/onex.evt.a/happened.v1"}
    assert keys(agents) >= AGENTS

    @dg.asset
    def theirs() -> None: ...

    whole = dg.Definitions.merge(dg.Definitions([theirs], executor=dg.in_process_executor), topics, agents)
    dg.Definitions.validate_loadable(whole)
    assert keys(whole) == {"theirs"} | TOPICS | AGENTS | {"nodes/a", "topics/onex.evt.a/happened.v1"}
    assert {job.name for job in whole.resolve_all_job_defs()} >= {"reconcile", "apply_plan", "agent_tasks"}


def test_they_add_what_the_code_location_has(tmp_path: Path, write_contract: Callable[..., Path]) -> None:
    write_contract("a", publishes=["onex.evt.a.happened.v1"])
    whole = build(ProjectResource(folder=str(tmp_path))).get_repository_def()
    for component in (OmniTopicsComponent, OmniAgentsComponent):
        part = added(component, {"folder": str(tmp_path)}).get_repository_def()
        for kind in ("sensor_defs", "schedule_defs"):
            assert {each.name for each in getattr(part, kind)} <= {each.name for each in getattr(whole, kind)}
        spec = component.get_spec()
        made = {"sensor": part.sensor_defs, "schedule": part.schedule_defs}
        assert {kind for kind, each in made.items() if each} == set(spec.produces) & made.keys()


def test_folders_are_from_the_root_of_the_dagster_project() -> None:
    root = dg.ComponentTree.for_test().load_context.project_root
    here = added(OmniTopicsComponent, {}).resources or {}
    assert here["project"].folder == str(root)
    stated = {"folder": "bus", "home": "state", "environment": "local", "bootstrap_servers": "broker:9092"}
    project = (added(OmniAgentsComponent, stated).resources or {})["project"]
    assert (project.folder, project.home) == (str(root / "bus"), str(root / "state"))
    assert (project.environment, project.bootstrap_servers) == ("local", "broker:9092")


def test_contracts_that_cannot_be_read_keep_nobody_from_loading(tmp_path: Path) -> None:
    (tmp_path / "omni.toml").write_text("nonsense = 1\n")
    for component in (OmniTopicsComponent, OmniAgentsComponent):
        dg.Definitions.validate_loadable(added(component, {"folder": str(tmp_path)}))


def test_an_attribute_that_there_is_none_of_is_refused() -> None:
    with pytest.raises(ValidationError, match="nonsense"):
        added(OmniTopicsComponent, {"nonsense": 1})
