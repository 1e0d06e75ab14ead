"""What a run corrects by itself, what it leaves to people, what holds it back, and what the audit keeps of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

from omni_assets.drift.plan import Known
from omni_assets.operations.apply import Applied, Carried, StepOutcome
from omni_assets.operations.memory import Because, meant, trust
from omni_assets.operations.observe import drift
from omni_assets.operations.plan import acknowledge, make_plan
from omni_assets.operations.provision import provision
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.topics import changes
from omni_assets.pipeline.topics.assets import topic_tables
from omni_assets.pipeline.topics.changes import SAFE_DRIFT_CORRECTED
from omni_assets.pipeline.topics.creation import MISSING_CREATED
from omni_assets.pipeline.topics.keys import APPLIED_CHANGES, PROVISIONED_TOPICS, TOPIC_DRIFT
from omni_assets.projection.store import Projection
from tests.support.proxy import Proxy

pytestmark = [pytest.mark.dagster, pytest.mark.broker]

Projects = Callable[..., ProjectResource]
Reconcile = Callable[..., dg.ExecuteInProcessResult]
Writer = Callable[..., Path]

NAMES = [f"onex.evt.router.event-{number}.v1" for number in range(8)]
DAY, MONTH = "86400000", "2592000000"


def retain(broker: Any, milliseconds: str, *topics: str) -> None:
    """Change the retention behind omni's back."""
    entry = ConfigEntry("retention.ms", milliseconds, incremental_operation=AlterConfigOpType.SET)
    resources = [ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry]) for topic in topics]
    for future in broker.client.incremental_alter_configs(resources).values():
        future.result(20)


def retention(broker: Any, topic: str) -> str:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    return str(broker.client.describe_configs([resource])[resource].result(20)["retention.ms"].value)


def metadata(result: dg.ExecuteInProcessResult, key: dg.AssetKey = APPLIED_CHANGES) -> dict[str, Any]:
    (found,) = (
        event.materialization.metadata for event in result.get_asset_materialization_events() if event.asset_key == key
    )
    return {name: getattr(value, "value", value) for name, value in found.items()}


def records(value: Any) -> list[Mapping[str, Any]]:
    return [record.data for record in value.records]


def judged(result: dg.ExecuteInProcessResult) -> Any:
    (found,) = (each for each in result.get_asset_check_evaluations() if each.check_name == SAFE_DRIFT_CORRECTED)
    return found


def materialized(result: dg.ExecuteInProcessResult) -> set[str]:
    return {each.asset_key.to_user_string() for each in result.get_asset_materialization_events() if each.asset_key}


def audited(tmp_path: Path) -> list[tuple[str, str, str]]:
    rows = Projection(tmp_path / "state").audited()
    return sorted((row.topic, row.action, row.outcome) for row in rows if row.event == "step")


@pytest.fixture
def provisioned(write_contract: Writer, project: Projects, reconcile: Reconcile, broker: Any) -> ProjectResource:
    """A project in sync with its broker, reconciled once."""
    write_contract("router", publishes=NAMES)
    where = project(broker.bootstrap_servers)
    first = reconcile(where)
    assert first.success
    counts = metadata(first)
    assert [counts[name] for name in ("applied", "failed", "unconfirmed", "left", "waiting")] == [0, 0, 0, 0, 0]
    assert judged(first).passed
    return where


def test_what_is_safe_is_corrected_and_the_rest_waits_with_its_id(
    provisioned: ProjectResource, reconcile: Reconcile, broker: Any, tmp_path: Path
) -> None:
    shorter, longer = NAMES[:2]
    retain(broker, DAY, shorter)
    retain(broker, MONTH, longer)
    result = reconcile(provisioned)
    assert result.success
    assert (retention(broker, shorter), retention(broker, longer)) == ("604800000", MONTH)
    said = metadata(result)
    assert (said["applied"], said["left"], said["waiting"]) == (1, 1, 0)
    (step,) = records(said["steps"])
    assert (step["topic"], step["before"], step["after"], step["outcome"]) == (shorter, "1d", "7d", "applied")
    (left,) = records(said["left_to_people"])
    planned = make_plan(provisioned.context(), provisioned.context().manifest()).plan
    assert (left["id"], left["topic"]) == (planned.steps[0].id, longer)
    assert left["consequence"]
    assert "apply_plan" in said["how_to_approve"]
    assert judged(result).passed, "what needs an approval is not for a run to correct"
    assert metadata(result, TOPIC_DRIFT)["kind_config"] == 1
    assert audited(tmp_path) == [(shorter, "set_config", "applied")]


def test_nothing_is_written_where_nothing_differs(
    provisioned: ProjectResource, reconcile: Reconcile, tmp_path: Path
) -> None:
    assert metadata(reconcile(provisioned))["applied"] == 0
    assert audited(tmp_path) == []


ASKED = ("DescribeConfigs", "ListGroups", "ListOffsets")


def asked(proxy: Proxy) -> dict[str, int]:
    """How often a broker was asked what only a look asks. A client asks for metadata by itself too."""
    return {name: proxy.requests[name] for name in ASKED}


def test_a_run_that_corrects_nothing_looks_once(
    provisioned: ProjectResource,
    project: Projects,
    reconcile: Reconcile,
    broker: Any,
    proxied: Callable[[str], Proxy],
) -> None:
    proxy = proxied(broker.bootstrap_servers)
    where = project(proxy.bootstrap_servers)
    drift(where.context(), where.context().manifest())
    once = asked(proxy)
    assert once["DescribeConfigs"] == once["ListGroups"] == 1
    proxy.reset()
    result = reconcile(where)
    assert result.success
    assert asked(proxy) == once
    assert proxy.writes == 0
    assert metadata(result, TOPIC_DRIFT)["dagster/row_count"] == 0
    retain(broker, MONTH, NAMES[0])
    proxy.reset()
    result = reconcile(where)
    assert (metadata(result)["applied"], metadata(result)["left"]) == (0, 1)
    assert metadata(result, TOPIC_DRIFT)["kind_config"] == 1
    again = asked(proxy)
    assert again["DescribeConfigs"] == again["ListGroups"] == 1, "what is left to people is no reason to look again"


def test_a_run_that_is_held_back_shows_what_the_plan_was_made_from(
    provisioned: ProjectResource,
    project: Projects,
    reconcile: Reconcile,
    broker: Any,
    proxied: Callable[[str], Proxy],
) -> None:
    retain(broker, DAY, *NAMES)
    proxy = proxied(broker.bootstrap_servers)
    result = reconcile(project(proxy.bootstrap_servers))
    assert metadata(result)["waiting"] == metadata(result, TOPIC_DRIFT)["kind_config"] == 8
    assert proxy.requests["DescribeConfigs"] == 2, "once to be held back, once for what waits and what differs"
    assert proxy.requests["ListGroups"] == 1


def test_a_read_only_project_changes_nothing_and_says_what_waits(
    provisioned: ProjectResource, reconcile: Reconcile, broker: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    retain(broker, DAY, NAMES[0])
    monkeypatch.setenv("OMNI_READONLY", "1")
    result = reconcile(provisioned)
    assert result.success
    assert retention(broker, NAMES[0]) == DAY
    said = metadata(result)
    assert (said["applied"], said["waiting"]) == (0, 1)
    assert "OMNI_READONLY" in said["held_back"]
    check = judged(result)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert [row["topic"] for row in records(check.metadata["waiting"].value)] == [NAMES[0]]
    assert metadata(result, TOPIC_DRIFT)["kind_config"] == 1
    assert audited(tmp_path) == []


def test_too_many_changes_are_held_back_and_the_drift_is_shown_all_the_same(
    provisioned: ProjectResource, reconcile: Reconcile, broker: Any, tmp_path: Path
) -> None:
    retain(broker, DAY, *NAMES)
    for _ in range(2):
        result = reconcile(provisioned)
        assert result.success
        check = judged(result)
        assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
        assert "8 of 8 declared topics would change" in check.description
        assert metadata(result)["waiting"] == 8
        assert metadata(result, TOPIC_DRIFT)["kind_config"] == 8
    assert {retention(broker, name) for name in NAMES} == {DAY}
    assert audited(tmp_path) == []


def test_what_a_brake_compares_with_is_for_a_person_to_change(
    provisioned: ProjectResource, reconcile: Reconcile, write_contract: Writer, broker: Any
) -> None:
    write_contract("router", publishes=NAMES[:1])
    retain(broker, DAY, NAMES[0])
    where = provisioned.context()
    for _ in range(2):
        result = reconcile(provisioned)
        assert result.success
        assert metadata(result, TOPIC_DRIFT)["kind_config"] == 1, "it is shown all the same, which releases nothing"
        assert not judged(result).passed
        assert "the contracts declare 1 topic, and 8 are meant" in judged(result).description
        assert "omni plan --acknowledge" in judged(result).description
        assert retention(broker, NAMES[0]) == DAY
        drift(where, where.manifest())
    acknowledge(where, make_plan(where, where.manifest()))
    assert judged(reconcile(provisioned)).passed
    assert retention(broker, NAMES[0]) == "604800000"


def created(result: dg.ExecuteInProcessResult) -> Any:
    (found,) = (each for each in result.get_asset_check_evaluations() if each.check_name == MISSING_CREATED)
    return found


def test_nothing_is_created_on_another_cluster_until_a_person_says_so(
    provisioned: ProjectResource, reconcile: Reconcile, write_contract: Writer, broker: Any
) -> None:
    """An embedded broker reports no id of its own, so it is none of those that do."""
    where = provisioned.context()
    trust(where, Known(len(NAMES), "cluster-of-before"), Because.OBSERVED)
    new = "onex.evt.router.new.v1"
    write_contract("router", publishes=[*NAMES, new])
    for _ in range(2):
        result = reconcile(provisioned)
        assert result.success
        assert new not in broker.client.list_topics(timeout=10).topics
        said = metadata(result, PROVISIONED_TOPICS)
        assert "1 missing topic not created" in said["held_back"]
        assert "`cluster-of-before` is meant" in said["held_back"]
        assert said["created"] == 0
        assert (created(result).passed, created(result).severity) == (False, dg.AssetCheckSeverity.ERROR)
        assert created(result).description == said["held_back"]
        assert not judged(result).passed
        assert metadata(result, TOPIC_DRIFT)["kind_missing"] == 1
    assert provision(where, where.manifest()).counts["created"] == 1, "a person who asks for it is obeyed"
    assert created(reconcile(provisioned)).passed, "nothing is missing, so nothing is held back"
    assert meant(where).cluster_id == "cluster-of-before"


def test_what_is_missing_shows_without_creating_it(
    provisioned: ProjectResource, reconcile: Reconcile, write_contract: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_contract("router", publishes=[*NAMES, "onex.evt.router.new.v1"])
    monkeypatch.setenv("OMNI_READONLY", "1")
    check = created(reconcile(provisioned))
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.description == "1 topic to be created"


def test_the_check_alone_plans_and_changes_nothing(
    provisioned: ProjectResource, broker: Any, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    retain(broker, DAY, NAMES[0])
    result = dg.materialize(
        [topic_tables(())],
        selection=dg.AssetSelection.checks_for_assets(APPLIED_CHANGES),
        instance=instance,
        resources={"project": provisioned},
    )
    assert materialized(result) == set()
    assert judged(result).description == "1 safe step to be done"
    assert not judged(result).passed
    assert retention(broker, NAMES[0]) == DAY
    assert audited(tmp_path) == []


def test_a_step_that_did_not_work_fails_the_check_by_name(
    provisioned: ProjectResource, reconcile: Reconcile, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    retain(broker, DAY, NAMES[0])
    (step,) = make_plan(provisioned.context(), provisioned.context().manifest()).plan.steps
    refused = Carried(step, StepOutcome.FAILED, "the broker refused it")
    # No embedded broker refuses a change that it may make.
    monkeypatch.setattr(changes, "apply_safe", lambda *_args, **_named: Applied((refused,), (), None, 3, 0.1))
    result = reconcile(provisioned)
    check = judged(result)
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert f"1 of 1 step did not take effect; failed on {NAMES[0]}: the broker refused it." in check.description
    assert metadata(result)["failed"] == 1
    assert metadata(result, TOPIC_DRIFT)["kind_config"] == 1, "it was observed all the same"


def test_a_run_writes_as_many_events_however_many_steps_it_carries_out(
    project: Projects,
    reconcile: Reconcile,
    write_contract: Writer,
    broker: Any,
    instance: dg.DagsterInstance,
    tmp_path: Path,
) -> None:
    names = [f"onex.evt.router.event-{number}.v1" for number in range(60)]
    write_contract("router", publishes=names)
    (tmp_path / "omni.toml").write_text("[reconcile]\nmax_changed_share = 1.0\n", encoding="utf-8")
    where = project(broker.bootstrap_servers)
    reconcile(where)
    events = []
    for number in (3, 60):
        retain(broker, DAY, *names[:number])
        result = reconcile(where)
        assert metadata(result)["applied"] == number
        pages = sum(
            event.asset_key == dg.AssetKey("topic_drift_history") for event in result.get_asset_materialization_events()
        )
        events.append((len(instance.all_logs(result.run_id)) - pages, pages))
    assert events == [(events[0][0], 3), (events[0][0], 50)]


def test_orphans_are_left_to_people(provisioned: ProjectResource, reconcile: Reconcile, broker: Any) -> None:
    broker.client.create_topics([NewTopic("somebody-elses", 1, 1)])["somebody-elses"].result(20)
    result = reconcile(provisioned)
    assert result.success
    assert "somebody-elses" in broker.client.list_topics().topics
    assert metadata(result)["applied"] == 0
