"""A page for each topic whose drift changed: which topics get one, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

from omni_assets.operations.observe import drift
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.topics import history
from omni_assets.pipeline.topics.history import PAGES
from omni_assets.pipeline.topics.keys import TOPIC_DRIFT, TOPIC_DRIFT_HISTORY

pytestmark = [pytest.mark.dagster, pytest.mark.broker]

NAME = "onex.evt.router.routing-complete.v1"

Reconcile = Callable[..., dg.ExecuteInProcessResult]


def retain(broker: Any, milliseconds: str) -> None:
    entry = ConfigEntry("retention.ms", milliseconds, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, NAME, incremental_configs=[entry])
    broker.client.incremental_alter_configs([resource])[resource].result(20)


def create(broker: Any, *names: str) -> None:
    for future in broker.client.create_topics([NewTopic(name, 1, 1) for name in names]).values():
        future.result(20)


def delete(broker: Any, *names: str) -> None:
    for future in broker.client.delete_topics(list(names)).values():
        future.result(20)


def pages(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    assert result.success
    return {
        event.partition: {
            name: getattr(value, "value", value) for name, value in event.materialization.metadata.items()
        }
        for event in result.get_asset_materialization_events()
        if event.asset_key == TOPIC_DRIFT_HISTORY and event.partition
    }


def drift_metadata(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    (found,) = (
        event.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key == TOPIC_DRIFT
    )
    return {name: getattr(value, "value", value) for name, value in found.items()}


@pytest.fixture
def where(
    write_contract: Callable[..., Path], project: Callable[..., ProjectResource], reconcile: Reconcile, broker: Any
) -> ProjectResource:
    """A project in sync with its broker, reconciled once."""
    write_contract("router", publishes=[NAME])
    at = project(broker.bootstrap_servers)
    assert pages(reconcile(at)) == {}
    return at


def test_a_page_follows_a_drift_from_its_opening_to_its_end(
    where: ProjectResource, reconcile: Reconcile, broker: Any, instance: dg.DagsterInstance
) -> None:
    retain(broker, "2592000000")
    opened = pages(reconcile(where))[NAME]
    assert opened["what_changed"] == "opened: config retention.ms"
    assert opened["verdict"] == "needs approval"
    assert "would be deleted" in opened["reason"]
    assert opened["open"] == 1
    (change,) = opened["changes"].records
    assert (change.data["declared"], change.data["observed"]) == ("7d", "30d")
    assert pages(reconcile(where)) == {}, "nothing is news twice"
    retain(broker, "5184000000")
    changed = pages(reconcile(where))[NAME]
    assert changed["what_changed"] == "changed: config retention.ms"
    assert changed["since"] == opened["since"]
    retain(broker, "604800000")
    ended = pages(reconcile(where))[NAME]
    assert (ended["what_changed"], ended["open"]) == ("resolved: config retention.ms", 0)
    (episode,) = ended["history"].records
    assert episode.data["resolved"]
    key = TOPIC_DRIFT_HISTORY
    assert instance.get_dynamic_partitions(PAGES.name or "") == [NAME]
    events = instance.fetch_materializations(dg.AssetRecordsFilter(key, asset_partitions=[NAME]), limit=10).records
    assert len(events) == 3, "the page of a topic is its history"


def test_a_drift_that_is_put_right_at_once_has_a_page_with_the_step(
    where: ProjectResource, reconcile: Reconcile, broker: Any
) -> None:
    retain(broker, "86400000")
    page = pages(reconcile(where))[NAME]
    assert page["what_changed"] == "1 step carried out"
    assert page["open"] == 0
    (step,) = page["steps"].records
    assert (step.data["before"], step.data["after"], step.data["outcome"]) == ("1d", "7d", "applied")


def test_what_others_observed_meanwhile_is_news_here_too(
    where: ProjectResource, reconcile: Reconcile, broker: Any
) -> None:
    create(broker, "left-behind", "short-lived")
    drift(where.context(), where.context().manifest())
    delete(broker, "short-lived")
    drift(where.context(), where.context().manifest())
    told = {name: page["what_changed"] for name, page in pages(reconcile(where)).items()}
    assert told == {"left-behind": "opened: orphaned", "short-lived": "opened and resolved: orphaned"}


def test_a_run_writes_so_many_pages_and_says_how_many_are_left_out(
    where: ProjectResource, reconcile: Reconcile, broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_PAGES", 2)
    create(broker, *(f"other-{number}" for number in range(5)))
    result = reconcile(where)
    assert set(pages(result)) == {"other-0", "other-1"}
    said = drift_metadata(result)
    assert said["topics_with_news"] == 5
    assert said["pages_shown"].startswith("2 of 5 topics with news got a page")


def test_names_made_up_anew_each_time_do_not_fill_the_list(
    where: ProjectResource,
    reconcile: Reconcile,
    broker: Any,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "MOST_TOPICS", 1)
    retain(broker, "2592000000")
    assert set(pages(reconcile(where))) == {NAME}
    retain(broker, "604800000")
    create(broker, "a-new-one")
    result = reconcile(where)
    assert set(pages(result)) == {NAME}, "a topic that has a page keeps it"
    assert drift_metadata(result)["topics_with_news"] == 2
    assert instance.get_dynamic_partitions(PAGES.name or "") == [NAME]


def test_a_name_that_dagster_does_not_take_has_a_page_all_the_same(
    where: ProjectResource, reconcile: Reconcile, broker: Any
) -> None:
    create(broker, "a...b")
    ((partition, page),) = pages(reconcile(where)).items()
    assert "..." not in partition
    assert page["topic"] == "a...b"
