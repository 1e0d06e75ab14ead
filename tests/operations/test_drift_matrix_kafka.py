"""Each kind of drift on three real Kafka brokers: made by an independent client, found, and settled or surfaced.

Writes are counted by API key in a proxy before the brokers, so that omni is not asked what it did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourcePatternType,
    ResourceType,
)

from omni_assets.drift.diff import Drift
from omni_assets.drift.health import HealthKind
from omni_assets.drift.kinds import FLOWS, DriftKind
from omni_assets.drift.plan import EVERYTHING
from omni_assets.drift.verdict import Reason, Verdict
from omni_assets.errors import BrokerRefused
from omni_assets.operations.apply import StepOutcome, apply, apply_safe
from omni_assets.operations.capabilities import probe
from omni_assets.operations.context import Context
from omni_assets.operations.observe import drift
from omni_assets.operations.outcomes import Outcome
from omni_assets.operations.plan import make_plan
from omni_assets.operations.provision import provision
from tests.support.kafka_cluster import KafkaCluster, wait_until
from tests.support.kafka_secured import ADMIN, LIMITED, environ_of
from tests.support.proxy import Proxy
from tests.support.raw_requests import reassign, set_quota, throttled_ms

Resolve = Callable[..., Context]
Write = Callable[..., Path]

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

TOPIC = "onex.evt.router.scoring-decision.v1"
KEYED = "onex.evt.router.routing-complete.v1"
STRANGER = "onex.evt.stranger.thing-done.v1"
CONTRACT = f"""\
event_bus:
  publish_topics:
    - topic: {TOPIC}
      partitions: 3
      replication_factor: 3
      keyed: false
      retention: 3d
    - topic: {KEYED}
      partitions: 3
      replication_factor: 3
      keyed: true
      retention: 3d
"""


class Case(NamedTuple):
    """What somebody else does to the brokers, and what omni must say of it."""

    name: str
    induce: Callable[[KafkaCluster], None]
    topic: str
    what: tuple[DriftKind, str]
    verdict: Verdict
    reason: Reason


def delete(topic: str) -> Callable[[KafkaCluster], None]:
    def induce(cluster: KafkaCluster) -> None:
        cluster.client.delete_topics([topic])[topic].result()
        wait_until(lambda: not any(topic in listed for listed in cluster.listings()), 20, "the topic to be gone")

    return induce


def create(topic: str, partitions: int = 3, config: dict[str, str] | None = None) -> Callable[[KafkaCluster], None]:
    def induce(cluster: KafkaCluster) -> None:
        cluster.client.create_topics([NewTopic(topic, partitions, 3, config=config or {})])[topic].result()
        wait_until(lambda: all(topic in listed for listed in cluster.listings()), 20, "the topic to be listed")

    return induce


def recreate(topic: str, partitions: int) -> Callable[[KafkaCluster], None]:
    def induce(cluster: KafkaCluster) -> None:
        delete(topic)(cluster)
        create(topic, partitions, {"retention.ms": "259200000"})(cluster)

    return induce


def set_config(key: str, value: str, topic: str = TOPIC) -> Callable[[KafkaCluster], None]:
    def induce(cluster: KafkaCluster) -> None:
        entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
        cluster.client.incremental_alter_configs([resource])[resource].result()

        def known(client: AdminClient) -> bool:
            (described,) = client.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
            return bool(described.result()[key].value == value)

        wait_until(lambda: all(cluster.each(known)), 20, "the value to be known")

    return induce


def add_partitions(cluster: KafkaCluster) -> None:
    cluster.client.create_partitions([NewPartitions(TOPIC, 6)])[TOPIC].result()
    wait_until(lambda: all(len(listed[TOPIC].partitions) == 6 for listed in cluster.listings()), 20, "more partitions")


def move(replicas: dict[int, list[int]]) -> Callable[[KafkaCluster], None]:
    def induce(cluster: KafkaCluster) -> None:
        reassign(cluster.address(1), TOPIC, replicas)

        def moved() -> bool:
            return all(
                sorted(listed[TOPIC].partitions[each].replicas) == sorted(brokers)
                for listed in cluster.listings()
                for each, brokers in replicas.items()
            )

        wait_until(moved, 30, "the replicas to move")

    return induce


SAFE, ASK, NEVER = Verdict.AUTO_FIXABLE, Verdict.NEEDS_APPROVAL, Verdict.UNFIXABLE
MISSING, ORPHANED = (DriftKind.MISSING, ""), (DriftKind.ORPHANED, "")
RETENTION, CLEANUP = (DriftKind.CONFIG, "retention.ms"), (DriftKind.CONFIG, "cleanup.policy")
PARTITIONS, REPLICAS = (DriftKind.PARTITIONS, "partitions"), (DriftKind.REPLICATION, "replication_factor")
CASES = (
    Case("a topic deleted", delete(TOPIC),
         TOPIC, MISSING, SAFE, Reason.CREATE_IS_SAFE),
    Case("a topic that nobody declares", create(STRANGER),
         STRANGER, ORPHANED, ASK, Reason.UNDECLARED_TOPIC),
    Case("retention cut", set_config("retention.ms", "3600000"),
         TOPIC, RETENTION, SAFE, Reason.KEEPS_MORE),
    Case("retention raised", set_config("retention.ms", "-1"),
         TOPIC, RETENTION, ASK, Reason.KEEPS_LESS),
    Case("a key that nobody declares", set_config("cleanup.policy", "compact"),
         TOPIC, CLEANUP, ASK, Reason.UNDECLARED_OVERRIDE),
    Case("partitions over", add_partitions,
         TOPIC, PARTITIONS, NEVER, Reason.PARTITIONS_CANNOT_SHRINK),
    Case("partitions under", recreate(TOPIC, 1),
         TOPIC, PARTITIONS, SAFE, Reason.UNKEYED_PARTITIONS_GROW),
    Case("partitions under, keyed", recreate(KEYED, 1),
         KEYED, PARTITIONS, ASK, Reason.KEYED_ORDER_CHANGES),
    Case("replicas from three to two", move({0: [1, 2], 1: [2, 3], 2: [3, 1]}),
         TOPIC, REPLICAS, ASK, Reason.REPLICATION_MOVES_DATA),
    Case("replicas of one partition", move({1: [2]}),
         TOPIC, REPLICAS, ASK, Reason.REPLICATION_MOVES_DATA),
)  # fmt: skip

BY_HAND = [case for case in CASES if case.verdict is NEVER or case.what in (ORPHANED, REPLICAS)]
"""What no plan of corrections settles: an end is a plan of its own, and Kafka moves replicas with its own tool."""


@pytest.fixture
def proxy(kafka: KafkaCluster, proxied: Callable[[str], Proxy]) -> Proxy:
    return proxied(kafka.bootstrap_servers)


@pytest.fixture
def context(proxy: Proxy, write_contract: Write, context_of: Resolve) -> Context:
    """A project of two topics, seen through the proxy."""
    write_contract(CONTRACT)
    return context_of(proxy.bootstrap_servers)


@pytest.fixture
def provisioned(context: Context, kafka: KafkaCluster) -> Context:
    """The same, with both topics on all three brokers and seen once."""
    assert provision(context, context.manifest()).clean
    wait_until(lambda: all(listed.keys() == {TOPIC, KEYED} for listed in kafka.listings()), 20, "both to be known")
    assert found(context) == []
    return context


def found(context: Context) -> list[Drift]:
    return [row.drift for row in drift(context, context.manifest()).rows]


def told(context: Context) -> list[tuple[str, tuple[DriftKind, str], Verdict, Reason]]:
    """What is found, as ``Case`` puts it; that a topic was made again is a test of its own."""
    rows = (row for row in found(context) if row.kind is not DriftKind.RECREATED)
    return [(row.topic, (row.kind, row.field), row.verdict, row.reason) for row in rows]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_drift_is_found_settled_and_then_left_alone(
    case: Case, kafka: KafkaCluster, provisioned: Context, proxy: Proxy
) -> None:
    manifest = provisioned.manifest()
    case.induce(kafka)
    proxy.reset()
    assert told(provisioned) == [case[2:]]
    planned = make_plan(provisioned, manifest).plan
    assert proxy.writes == 0, proxy.requests

    safely = apply_safe(provisioned, manifest)
    if case.verdict is SAFE:
        assert safely.clean
    else:
        assert proxy.writes == 0, proxy.requests
        approved = apply(provisioned, manifest, planned, approvals=[EVERYTHING])
        assert approved.clean is (case not in BY_HAND or not planned.steps)
    assert told(provisioned) == ([case[2:]] if case in BY_HAND else [])

    proxy.reset()
    again = apply_safe(provisioned, manifest)
    assert again.carried == ()
    assert proxy.writes == 0, proxy.requests


def test_replicas_that_were_taken_away_are_surfaced_with_the_way_out_and_gone_when_they_are_back(
    kafka: KafkaCluster, provisioned: Context
) -> None:
    with provisioned.admin() as admin:
        probe(provisioned, admin, admin.snapshot())
    move({0: [1, 2]})(kafka)
    assert told(provisioned) == [(TOPIC, REPLICAS, NEVER, Reason.REPLICATION_BY_REASSIGNMENT)]
    move({0: [1, 2, 3]})(kafka)
    assert told(provisioned) == []


def test_a_broker_killed_while_applying_leaves_the_truth_and_a_second_run_goes_on(
    kafka: KafkaCluster, provisioned: Context, proxy: Proxy
) -> None:
    hasty = replace(provisioned, connection=replace(provisioned.connection, timeout=6.0))
    manifest = hasty.manifest()
    with hasty.admin() as admin:
        probe(hasty, admin, admin.snapshot())
    recreate(TOPIC, 1)(kafka)
    set_config("retention.ms", "3600000", KEYED)(kafka)
    assert {row.kind for row in found(hasty)} == {DriftKind.PARTITIONS, DriftKind.CONFIG, DriftKind.RECREATED}
    killed = kill_at(proxy, kafka, "IncrementalAlterConfigs")
    first = apply_safe(hasty, manifest)
    assert len(killed) == 1
    kafka.wait_for({1, 2, 3} - set(killed))
    really = {(row.topic, row.field) for row in found(hasty)}
    for each in first.carried:
        assert ((each.step.topic, each.step.field) in really) is (each.outcome is not StepOutcome.APPLIED)
    apply_safe(hasty, manifest)
    assert found(hasty) == []
    proxy.reset()
    assert apply_safe(hasty, manifest).carried == ()
    assert proxy.writes == 0, proxy.requests


def test_a_topic_made_again_is_told_by_its_id(kafka: KafkaCluster, provisioned: Context) -> None:
    recreate(KEYED, 3)(kafka)
    (row,) = found(provisioned)
    assert (row.topic, row.kind, row.verdict) == (KEYED, DriftKind.RECREATED, NEVER)


def test_a_broker_down_is_ill_health_and_no_drift(kafka: KafkaCluster, provisioned: Context) -> None:
    kafka.kill(3)
    kafka.wait_for({1, 2})
    report = drift(provisioned, provisioned.manifest())
    assert report.rows == ()
    assert {(each.topic, each.kind) for each in report.unhealthy if not each.topic.startswith("__")} == {
        (TOPIC, HealthKind.UNDER_REPLICATED),
        (KEYED, HealthKind.UNDER_REPLICATED),
    }


@pytest.mark.parametrize("request_name", ["DescribeConfigs", "ListOffsets"])
def test_a_broker_killed_while_looking_makes_nothing_missing(
    request_name: str, kafka: KafkaCluster, provisioned: Context, proxy: Proxy
) -> None:
    hasty = replace(provisioned, connection=replace(provisioned.connection, timeout=6.0))
    killed = kill_at(proxy, kafka, request_name)
    rows = found(hasty)
    assert {row.kind for row in rows} <= {DriftKind.UNKNOWN}, rows
    assert len(killed) == 1
    kafka.wait_for({1, 2, 3} - set(killed))
    assert found(hasty) == []


def kill_at(proxy: Proxy, cluster: KafkaCluster, request_name: str) -> list[int]:
    """Kill the broker that the next request of that name is bound for, as it comes; who it was, once it is done."""
    killed: list[int] = []

    def kill() -> None:
        broker = cluster.at(proxy.addressed[request_name])
        cluster.kill(broker)
        killed.append(broker)

    proxy.before(request_name, kill)
    return killed


@pytest.fixture
def rights(secured_kafka: KafkaCluster) -> Iterator[Callable[..., None]]:
    """Gives rights on topics to the limited user; they end with the test."""
    given: list[AclBinding] = []

    def give(operation: AclOperation, *topics: str) -> None:
        bindings = [
            AclBinding(
                ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{LIMITED}", "*",
                operation, AclPermissionType.ALLOW,
            )
            for topic in topics
        ]  # fmt: skip
        for created in secured_kafka.client.create_acls(bindings).values():
            created.result()
        given.extend(bindings)

    yield give
    filters = [
        AclBindingFilter(
            each.restype, each.name, each.resource_pattern_type, each.principal, each.host,
            each.operation, each.permission_type,
        )
        for each in given
    ]  # fmt: skip
    for deleted in secured_kafka.client.delete_acls(filters).values() if filters else ():
        deleted.result()


@pytest.fixture
def secured(secured_kafka: KafkaCluster, write_contract: Write, context_of: Resolve) -> Context:
    """Both topics on the broker that asks who one is, provisioned by who may do everything; the user may see one."""
    write_contract(CONTRACT.replace("replication_factor: 3", "replication_factor: 1"))
    admin = context_of(secured_kafka.bootstrap_servers, environ_of(secured_kafka, ADMIN))
    assert provision(admin, admin.manifest()).clean
    return admin


def test_a_topic_that_rights_hide_is_unknown_and_never_missing(
    secured_kafka: KafkaCluster, secured: Context, rights: Callable[..., None], context_of: Resolve
) -> None:
    rights(AclOperation.DESCRIBE, TOPIC)
    rights(AclOperation.DESCRIBE_CONFIGS, TOPIC)
    limited = context_of(secured_kafka.bootstrap_servers, environ_of(secured_kafka, LIMITED))

    def seen() -> bool:
        return all(row.topic != TOPIC for row in found(limited) if row.field != FLOWS)

    wait_until(seen, 10, "the rights to be known")
    rows = [row for row in found(limited) if row.field != FLOWS]
    assert [(row.topic, row.kind, row.verdict) for row in rows] == [(KEYED, DriftKind.UNKNOWN, Verdict.UNKNOWN)]
    assert "not authorised" in rows[0].detail


def test_a_hidden_topic_is_neither_created_nor_called_created(
    secured_kafka: KafkaCluster, secured: Context, rights: Callable[..., None], context_of: Resolve
) -> None:
    rights(AclOperation.DESCRIBE, TOPIC)
    limited = context_of(secured_kafka.bootstrap_servers, environ_of(secured_kafka, LIMITED))
    outcomes = {each.topic: each for each in provision(limited, limited.manifest()).topics}
    assert outcomes[KEYED].outcome is Outcome.FAILED
    assert "not authorised" in outcomes[KEYED].error
    assert found(secured) == []


def test_a_wrong_password_is_said_to_be_one(secured_kafka: KafkaCluster, secured: Context, context_of: Resolve) -> None:
    stranger = context_of(secured_kafka.bootstrap_servers, environ_of(secured_kafka, LIMITED, "wrong"))
    with pytest.raises(BrokerRefused, match="authentication"):
        drift(stranger, stranger.manifest())
    assert found(secured) == []


def test_throttled_it_claims_nothing_that_is_not_so_and_goes_on_later(
    kafka: KafkaCluster, proxy: Proxy, write_contract: Write, context_of: Resolve
) -> None:
    names = [f"onex.evt.router.step-{number}.v1" for number in range(50)]
    write_contract("event_bus:\n  publish_topics:\n" + "".join(f"    - {name}\n" for name in names))
    context = context_of(proxy.bootstrap_servers, {"OMNI_BROKER_TIMEOUT": "3"})
    spent = (f"spent-{number}" for number in range(99))
    set_quota(kafka.address(1), "controller_mutation_rate", 5.0)
    try:
        wait_until(lambda: throttled_ms(kafka.address(1), next(spent), 50) > 0, 20, "the quota to be used up")
        done = provision(context, context.manifest())
        claimed = {each.topic for each in done.topics if each.outcome in (Outcome.CREATED, Outcome.EXISTED)}
        assert claimed <= kafka.client.list_topics(timeout=10).topics.keys()
    finally:
        set_quota(kafka.address(1), "controller_mutation_rate", None)
    wait_until(lambda: provision(context, context.manifest()).clean, 30, "the rest to be created")
    proxy.reset()
    assert {row.kind for row in found(context)} == {DriftKind.ORPHANED}
    assert proxy.writes == 0


@pytest.mark.timeout(420)
def test_two_thousand_topics_while_a_broker_restarts(
    kafka: KafkaCluster, proxy: Proxy, write_contract: Write, context_of: Resolve
) -> None:
    names = [f"onex.evt.router.step-{number}.v1" for number in range(2_000)]
    stated = "".join(f"    - {{topic: {name}, partitions: 1, replication_factor: 2}}\n" for name in names)
    write_contract(f"event_bus:\n  publish_topics:\n{stated}")
    context = context_of(proxy.bootstrap_servers)
    proxy.before("CreateTopics", lambda: restart(kafka, 2))
    provision(context, context.manifest())
    wait_until(lambda: provision(context, context.manifest()).clean, 120, "all topics to be created and listed")
    proxy.before("DescribeConfigs", lambda: restart(kafka, 3))
    during = found(context)
    assert {row.kind for row in during} <= {DriftKind.UNKNOWN}
    kafka.wait_for({1, 2, 3})
    wait_until(lambda: found(context) == [], 60, "every broker to know every topic again")
    proxy.reset()
    assert found(context) == []
    assert proxy.writes == 0
    assert sum(proxy.requests.values()) < 150, proxy.requests


def restart(cluster: KafkaCluster, broker: int) -> None:
    """Kill a broker and start it again without waiting for it."""
    cluster.kill(broker)
    cluster.launch(broker)
