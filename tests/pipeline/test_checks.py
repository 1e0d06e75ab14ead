"""The rule checks: each kind of drift fails its own check, and health one that is not about drift."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

from omni_assets.drift.diff import Drift
from omni_assets.drift.health import HealthKind, Unhealthy
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.verdict import Reason, Verdict
from omni_assets.operations.memory import cluster_of
from omni_assets.operations.observe import observe
from omni_assets.operations.provision import provision
from omni_assets.pipeline.markdown import plain
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.topics.checks import MOST_EXPLAINED, REPLICAS_HEALTHY, drift_checks, replicas_healthy
from omni_assets.projection.rows import RetirementRow
from omni_assets.projection.store import Projection

pytestmark = pytest.mark.dagster

NAME = "onex.evt.router.routing-complete.v1"
MISSPELT = "onex.evt.router.routing_complete.v1"

CHECK_OF_KIND = {
    DriftKind.MISSING: "none_missing",
    DriftKind.ORPHANED: "no_orphans",
    DriftKind.RECREATED: "none_recreated",
    DriftKind.PARTITIONS: "partitions_match",
    DriftKind.REPLICATION: "replication_matches",
    DriftKind.CONFIG: "configs_match",
    DriftKind.CONFLICT: "contracts_agree",
    DriftKind.UNKNOWN: "nothing_unknown",
    DriftKind.STRANDED: "no_stranded_records",
    DriftKind.SILENT_READER: "every_subscriber_reads",
    DriftKind.SILENT_WRITER: "every_publisher_writes",
}


def row(topic: str, kind: DriftKind) -> Drift:
    verdict = Verdict.UNKNOWN if kind is DriftKind.UNKNOWN else Verdict.NEEDS_APPROVAL
    return Drift(topic, kind, "", None, None, verdict, Reason.NOT_OBSERVED)


@pytest.mark.parametrize("kind", [kind for kind in DriftKind if kind is not DriftKind.RETIRING])
def test_each_kind_of_drift_fails_its_own_check_and_is_listed_there(kind: DriftKind) -> None:
    results = {each.check_name: each for each in drift_checks([row("a", kind), row("b", kind)])}
    assert {name for name, each in results.items() if not each.passed} == {CHECK_OF_KIND[kind]}
    failed = results[CHECK_OF_KIND[kind]]
    assert (failed.description or "").startswith("2 topics ")
    assert [record.data["topic"] for record in failed.metadata["offending_topics"].value.records] == ["a", "b"]


def test_a_retirement_is_noted_and_fails_nothing() -> None:
    results = {each.check_name: each for each in drift_checks([row("a", DriftKind.RETIRING)])}
    assert all(each.passed for each in results.values())
    assert (results["retirements"].description or "").startswith("1 topic being renamed or ended. a retiring: ")
    assert len(results["retirements"].metadata["offending_topics"].value.records) == 1


def test_the_reason_stands_beside_the_drift_and_of_a_few_in_the_description_too() -> None:
    found = Drift(
        "a*b*\x1b", DriftKind.CONFIG, "retention.ms", "1", "2", Verdict.NEEDS_APPROVAL, Reason.KEEPS_LESS, "router"
    )
    judged = {each.check_name: each for each in drift_checks([found])}["configs_match"]
    schema = judged.metadata["offending_topics"].value.schema
    assert [column.name for column in schema.columns][:4] == ["topic", "drift", "why", "owner"]
    assert [column.name for column in schema.columns][-2:] == ["declared", "observed"]
    assert judged.description == (
        f"1 topic with config values that differ. {plain(found.topic)} config retention.ms: "
        f"{plain(found.explanation)}. `omni plan` says what to do"
    )


def test_of_many_the_description_says_only_where_the_reasons_are() -> None:
    many = [row(f"t{number}", DriftKind.MISSING) for number in range(MOST_EXPLAINED + 1)]
    judged = {each.check_name: each for each in drift_checks(many)}["none_missing"]
    assert judged.description == (
        "4 topics declared and not on the broker; the table says why of each, and `omni plan` what to do"
    )


def test_health_is_a_warning_of_its_own() -> None:
    assert replicas_healthy(()).passed
    found = replicas_healthy(
        [
            Unhealthy("a", HealthKind.LEADERLESS, "1 of 3 partitions without a leader"),
            Unhealthy("a", HealthKind.UNDER_REPLICATED, "2 of 3 partitions with fewer replicas in sync than assigned"),
        ]
    )
    assert (found.passed, found.severity, found.check_name) == (False, dg.AssetCheckSeverity.WARN, REPLICAS_HEALTHY)
    assert found.description == "1 topic with partitions that are not well"
    listed = [record.data["health"] for record in found.metadata["offending_topics"].value.records]
    assert listed == ["leaderless", "under replicated"]


@pytest.mark.broker
def test_what_moves_is_judged_on_a_real_broker(
    project: Callable[..., ProjectResource],
    reconcile: Callable[..., dg.ExecuteInProcessResult],
    write_contract: Callable[..., Path],
    broker: Any,
    tmp_path: Path,
) -> None:
    write_contract("router", publishes=[NAME])
    write_contract("reader", subscribes=[NAME])
    (tmp_path / "omni.toml").write_text(
        '[reconcile]\nsilent_after = "1s"\nsilent_readers = "always"\n', encoding="utf-8"
    )
    where = project(broker.bootstrap_servers)
    provision(where.context(), where.context().manifest())
    for future in broker.client.create_topics([NewTopic(MISSPELT, 1, 1), NewTopic("ending", 1, 1)]).values():
        future.result(20)
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
    producer.produce(MISSPELT, value=b"lost")
    assert producer.flush(20) == 0
    cluster = cluster_of(observe(where.context()))
    now = datetime.now(UTC)
    Projection(tmp_path / "state").record_retirement([RetirementRow(cluster, "ending", NAME, "drain", "{}", now, now)])
    assert reconcile(where).success
    time.sleep(1.1)  # a silence shows from the second look on, where a broker dates no record
    result = reconcile(where)
    judged = {each.check_name: each for each in result.get_asset_check_evaluations()}
    for name, topic in (
        ("no_stranded_records", MISSPELT),
        ("every_subscriber_reads", NAME),
        ("every_publisher_writes", NAME),
        ("retirements", "ending"),
    ):
        assert [each.data["topic"] for each in judged[name].metadata["offending_topics"].value.records] == [topic]
    assert judged["no_stranded_records"].severity is dg.AssetCheckSeverity.ERROR
    assert judged["retirements"].passed
    assert judged[REPLICAS_HEALTHY].passed
