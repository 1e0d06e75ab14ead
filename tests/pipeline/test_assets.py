"""The job on a real instance against a real broker: what it writes, what it finds, how it fails."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic, ResourceType

from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.topics.assets import topic_tables
from omni_assets.pipeline.topics.checks import CONTRACTS_VALID, REPLICAS_HEALTHY
from omni_assets.pipeline.topics.history import MOST_PAGES
from omni_assets.pipeline.topics.keys import (
    DECLARED_TOPICS,
    OBSERVED_TOPICS,
    PROVISIONED_TOPICS,
    TABLES,
    TOPIC_DRIFT,
    TOPIC_DRIFT_HISTORY,
)
from omni_assets.pipeline.topics.rules import NOTES, RULES
from omni_assets.projection.store import Projection

pytestmark = pytest.mark.dagster

COMPLETE = "onex.evt.router.routing-complete.v1"
FAILED = "onex.evt.router.routing-failed.v1"
REQUEST = "onex.cmd.router.route-request.v1"

Projects = Callable[..., ProjectResource]
Reconcile = Callable[..., dg.ExecuteInProcessResult]
Writer = Callable[..., Path]


def metadata(result: dg.ExecuteInProcessResult, key: dg.AssetKey) -> dict[str, Any]:
    found = [
        event.materialization.metadata for event in result.get_asset_materialization_events() if event.asset_key == key
    ]
    assert len(found) == 1
    return {name: getattr(value, "value", value) for name, value in found[0].items()}


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {each.check_name: each.passed for each in result.get_asset_check_evaluations()}


def check(result: dg.ExecuteInProcessResult, name: str) -> Any:
    return next(each for each in result.get_asset_check_evaluations() if each.check_name == name)


def materialized(result: dg.ExecuteInProcessResult) -> list[str]:
    return [event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key]


@pytest.mark.broker
def test_what_is_missing_is_created_and_nothing_differs_then(
    project: Projects, reconcile: Reconcile, write_contract: Writer, broker: Any
) -> None:
    write_contract("router", publishes=[COMPLETE, FAILED], subscribes=[REQUEST])
    result = reconcile(project(broker.bootstrap_servers))
    assert result.success
    assert materialized(result) == [key.to_user_string() for key in TABLES]
    assert all(checks(result).values())
    assert {COMPLETE, FAILED, REQUEST} <= set(broker.client.list_topics().topics)
    assert metadata(result, DECLARED_TOPICS)["dagster/row_count"] == 3
    assert metadata(result, PROVISIONED_TOPICS)["created"] == 3
    drift = metadata(result, TOPIC_DRIFT)
    assert (drift["dagster/row_count"], drift["verdict_in_sync"], drift["declared_topics"]) == (0, 3, 3)
    again = reconcile(project(broker.bootstrap_servers))
    assert metadata(again, PROVISIONED_TOPICS)["existed"] == 3


@pytest.mark.broker
def test_each_difference_is_found_by_its_check_with_owner_and_line(
    project: Projects, reconcile: Reconcile, write_contract: Writer, broker: Any
) -> None:
    write_contract("router", publishes=[COMPLETE, FAILED], subscribes=[REQUEST])
    reconcile(project(broker.bootstrap_servers))
    misspelt = COMPLETE.replace("routing-complete", "routing_complete")
    client = broker.client
    longer = ConfigEntry("retention.ms", "2592000000", incremental_operation=AlterConfigOpType.SET)
    changes = [
        *client.create_topics([NewTopic(misspelt, 1, 1)]).values(),
        *client.create_partitions([NewPartitions(FAILED, 4)]).values(),
        *client.incremental_alter_configs(
            [ConfigResource(ResourceType.TOPIC, REQUEST, incremental_configs=[longer])]
        ).values(),
    ]
    for change in changes:
        change.result(10)
    result = reconcile(project(broker.bootstrap_servers))
    assert result.success
    failed = {name for name, passed in checks(result).items() if not passed}
    assert failed == {"no_orphans", "partitions_match", "configs_match"}
    assert check(result, "no_orphans").severity is dg.AssetCheckSeverity.WARN
    orphan = check(result, "no_orphans").metadata["offending_topics"].records[0].data
    assert orphan["topic"] == misspelt
    assert COMPLETE in orphan["why"]
    config = check(result, "configs_match").metadata["offending_topics"].records[0].data
    assert (config["topic"], config["declared"], config["observed"]) == (REQUEST, "7d", "30d")
    assert config["owner"] == "router"
    assert re.search(r"contracts/router/contract\.yaml:\d+$", config["contract"])
    drift = metadata(result, TOPIC_DRIFT)
    assert (drift["kind_orphaned"], drift["kind_partitions"], drift["kind_config"], drift["kind_missing"]) == (
        1,
        1,
        1,
        0,
    )


@pytest.mark.broker
def test_a_run_writes_as_many_events_for_200_topics_as_for_5(
    project: Projects, reconcile: Reconcile, write_contract: Writer, broker: Any, instance: dg.DagsterInstance
) -> None:
    events, paged = [], []
    for topics in (5, 200):
        write_contract("router", publishes=[f"onex.evt.router.event-{number}.v1" for number in range(topics)])
        # Orphans as well: the topics of another project, of which there are more each time.
        for future in broker.client.create_topics(
            [NewTopic(f"other-{topics}-{n}", 1, 1) for n in range(topics)]
        ).values():
            future.result(20)
        result = reconcile(project(broker.bootstrap_servers))
        assert result.success
        assert metadata(result, TOPIC_DRIFT)["kind_orphaned"] >= topics
        paged.append(materialized(result).count(TOPIC_DRIFT_HISTORY.to_user_string()))
        events.append(len(instance.all_logs(result.run_id)) - paged[-1])
    assert events[0] == events[1]
    assert paged == [5, MOST_PAGES], "a page for each topic with news, and no more than a run may write"


@pytest.mark.broker
def test_tables_in_the_metadata_are_bounded_and_say_so(
    project: Projects, reconcile: Reconcile, write_contract: Writer, broker: Any
) -> None:
    write_contract("router", publishes=[f"onex.evt.router.event-{number}.v1" for number in range(130)])
    result = reconcile(project(broker.bootstrap_servers), DECLARED_TOPICS)
    shown = result.get_asset_materialization_events()[0].materialization.metadata
    assert len(shown["declared"].records) == 100
    assert shown["declared_shown"].value.startswith("the first 100 of 130 rows")


@pytest.mark.broker
@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ((TOPIC_DRIFT,), ["topic_drift_history", "topic_drift"]),
        ((OBSERVED_TOPICS,), ["observed_topics"]),
        ((DECLARED_TOPICS,), ["declared_topics"]),
        ((OBSERVED_TOPICS, TOPIC_DRIFT), ["observed_topics", "topic_drift_history", "topic_drift"]),
    ],
)
def test_looking_alone_creates_nothing(
    asked: tuple[dg.AssetKey, ...],
    written: list[str],
    project: Projects,
    reconcile: Reconcile,
    write_contract: Writer,
    broker: Any,
) -> None:
    write_contract("router", publishes=[COMPLETE])
    result = reconcile(project(broker.bootstrap_servers), *asked)
    assert result.success
    assert materialized(result) == written
    assert COMPLETE not in broker.client.list_topics().topics
    assert checks(result).get("none_missing") is (False if TOPIC_DRIFT in asked else None)


@pytest.mark.broker
@pytest.mark.parametrize(
    ("selection", "judged"),
    [
        (dg.AssetSelection.checks_for_assets(TOPIC_DRIFT), {rule.name for rule in (*RULES, *NOTES)}),
        (dg.AssetSelection.checks(dg.AssetCheckKey(TOPIC_DRIFT, "none_missing")), {"none_missing"}),
        (dg.AssetSelection.checks_for_assets(OBSERVED_TOPICS), {REPLICAS_HEALTHY}),
        (dg.AssetSelection.checks(dg.AssetCheckKey(DECLARED_TOPICS, CONTRACTS_VALID)), {CONTRACTS_VALID}),
    ],
)
def test_checks_are_evaluated_without_their_assets(
    selection: dg.AssetSelection,
    judged: set[str],
    project: Projects,
    write_contract: Writer,
    broker: Any,
    instance: dg.DagsterInstance,
) -> None:
    write_contract("router", publishes=[COMPLETE])
    at = project(broker.bootstrap_servers)
    result = dg.materialize(
        [topic_tables(())], selection=selection, instance=instance, resources={"project": at}, raise_on_error=False
    )
    assert result.success
    assert materialized(result) == []
    assert set(checks(result)) == judged
    assert checks(result).get("none_missing", False) is False
    assert COMPLETE not in broker.client.list_topics().topics


def test_a_check_over_the_contracts_needs_no_broker(
    project: Projects, write_contract: Writer, instance: dg.DagsterInstance
) -> None:
    write_contract("router", publishes=[COMPLETE])
    result = dg.materialize(
        [topic_tables(())],
        selection=dg.AssetSelection.checks_for_assets(DECLARED_TOPICS),
        instance=instance,
        resources={"project": project()},
    )
    assert checks(result) == {CONTRACTS_VALID: True}


@pytest.mark.broker
def test_a_read_only_project_is_observed_and_not_provisioned(
    project: Projects, reconcile: Reconcile, write_contract: Writer, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNI_READONLY", "1")
    write_contract("router", publishes=[COMPLETE])
    result = reconcile(project(broker.bootstrap_servers))
    assert result.success
    assert "provisioned_topics" not in materialized(result)
    assert checks(result)["none_missing"] is False
    assert COMPLETE not in broker.client.list_topics().topics


@pytest.mark.broker
def test_contracts_that_disagree_hold_their_topic_back(
    project: Projects, reconcile: Reconcile, write_contract: Writer, broker: Any
) -> None:
    for node, partitions in (("one", 2), ("two", 3)):
        text = f"name: {node}\nevent_bus:\n  publish_topics:\n    - {{topic: {COMPLETE}, partitions: {partitions}}}\n"
        write_contract(node, text=text)
    result = reconcile(project(broker.bootstrap_servers))
    assert result.success
    assert checks(result)["contracts_agree"] is False
    assert checks(result)["contracts_valid"] is False
    assert metadata(result, PROVISIONED_TOPICS)["skipped"] == 1
    assert COMPLETE not in broker.client.list_topics().topics


def test_the_settings_judge_contracts_here_too(
    project: Projects, reconcile: Reconcile, write_contract: Writer, tmp_path: Path
) -> None:
    write_contract("router", publishes=[COMPLETE, "onex.evt.router.Misspelt.v1"])
    assert checks(reconcile(project())) == {"contracts_valid": False}
    (tmp_path / "omni.toml").write_text('[check.severity]\nmalformed-name = "warning"\n')
    result = reconcile(project())
    assert checks(result) == {"contracts_valid": True}
    assert check(result, "contracts_valid").description == "0 errors and 1 warnings in 1 contracts"
    assert metadata(result, DECLARED_TOPICS)["contract_warnings"] == 1


def test_a_broker_that_is_down_fails_the_run_in_one_sentence_and_the_contracts_are_read_all_the_same(
    project: Projects, reconcile: Reconcile, write_contract: Writer, tmp_path: Path
) -> None:
    write_contract("router", publishes=[COMPLETE])
    result = reconcile(project())
    assert not result.success
    assert materialized(result) == ["declared_topics"]
    assert checks(result) == {"contracts_valid": True}
    failure = result.get_step_failure_events()[0].step_failure_data.user_failure_data
    assert failure is not None
    assert (failure.description or "").startswith("no broker answers at 127.0.0.1:1 ")
    assert "omni broker start" in (failure.description or "")
    assert Projection(tmp_path / "state").file.exists()


def test_without_contracts_the_run_fails_and_its_check_says_why(project: Projects, reconcile: Reconcile) -> None:
    result = reconcile(project())
    assert not result.success
    assert materialized(result) == []
    assert checks(result) == {"contracts_valid": False}
    assert "no such file or folder" in check(result, "contracts_valid").description


@pytest.mark.broker
def test_the_column_schema_is_the_table(
    project: Projects, reconcile: Reconcile, write_contract: Writer, broker: Any, tmp_path: Path
) -> None:
    duckdb = pytest.importorskip("duckdb")
    write_contract("router", publishes=[COMPLETE])
    assert reconcile(project(broker.bootstrap_servers)).success
    with duckdb.connect(str(Projection(tmp_path / "state").file), read_only=True) as connection:
        for spec in topic_tables(()).specs:
            table = spec.metadata["dagster/table_name"].rpartition(".")[2]
            columns = [row[0] for row in connection.execute(f"DESCRIBE {table}").fetchall()]
            assert [column.name for column in spec.metadata["dagster/column_schema"].columns] == columns
