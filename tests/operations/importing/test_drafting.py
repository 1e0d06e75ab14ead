"""Drafts of contracts from what a look at a broker saw: read back by the extractor, they declare just that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given

from omni_assets.broker.flows import Flows, ObservedGroup, TopicOffsets
from omni_assets.broker.snapshot import BrokerSnapshot, ConfigSource, ObservedConfig, ObservedTopic
from omni_assets.contracts import ContractTopicExtractor, Manifest
from omni_assets.contracts.manifest import SpecPolicy
from omni_assets.contracts.model import Role
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.rules import MALFORMED_NAME, UNKNOWN_SETTING
from omni_assets.drift.diff import diff
from omni_assets.drift.flow import flow_drift
from omni_assets.drift.kinds import DriftKind
from omni_assets.operations.importing.drafting import Drafts, Manner, drafted
from omni_assets.operations.importing.nodes import OUTSIDE_THE_GRAMMAR
from omni_assets.operations.importing.notices import Notice, NoticeKind
from omni_assets.operations.importing.text import draft_text
from tests.support.foreign_clusters import NOW, clusters, policies

PATTERNS = ("{node}", "{node}[-._:]*")
GRAMMAR = Grammar()
NOTHING = Manifest((), {}, ())
COMPLETE, SLIP = "onex.evt.router.routing-complete.v1", "onex.evt.router.routing_complete.v1"
REQUEST = "onex.cmd.router.route-request.v1"


def manner(policy: SpecPolicy | None = None) -> Manner:
    return Manner(GRAMMAR, policy or SpecPolicy(), PATTERNS)


def extracted(found: Drafts, policy: SpecPolicy | None = None) -> Manifest:
    """What the drafts declare, read by the extractor as contracts of their own."""
    extractor = ContractTopicExtractor(GRAMMAR, policy)
    texts = {f"contracts/{number}/contract.yaml": draft_text(each) for number, each in enumerate(found.drafts)}
    manifest = extractor.assemble(extractor.parsed(path, text.encode()) for path, text in texts.items())
    assert [each.node for each in manifest.contracts] == [each.node for each in found.drafts]
    return manifest


@given(clusters(), policies())
def test_the_drafts_of_any_cluster_declare_it_as_it_is(
    cluster: tuple[BrokerSnapshot, Flows], policy: SpecPolicy
) -> None:
    snapshot, flows = cluster
    found = drafted(NOTHING, snapshot, flows, manner(policy))
    manifest = extracted(found, policy)
    seen = {name: topic for name, topic in snapshot.topics.items() if not topic.internal}

    assert set(manifest.topics) == {name for name in seen if GRAMMAR.matches(name)}
    assert {each.rule for each in manifest.findings} <= {MALFORMED_NAME, UNKNOWN_SETTING}
    for name, topic in manifest.topics.items():
        assert (topic.spec.partitions, topic.spec.replication_factor) == (
            seen[name].partitions,
            seen[name].replication_factor,
        )
    declared = [topic for draft in found.drafts for topic in (*draft.publishes, *draft.subscribes)]
    assert {topic.name for topic in declared} <= seen.keys()
    remarks = {(topic.name, remark) for topic in declared for remark in topic.remarks}
    for row in diff(manifest, snapshot):
        if row.kind is DriftKind.ORPHANED:
            assert not GRAMMAR.matches(row.topic)
        else:
            assert (row.topic, f"its own value of `{row.field}` cannot stand in a contract") in remarks


@given(clusters(), policies())
def test_what_was_drafted_is_not_drafted_again(cluster: tuple[BrokerSnapshot, Flows], policy: SpecPolicy) -> None:
    snapshot, flows = cluster
    manifest = extracted(drafted(NOTHING, snapshot, flows, manner(policy)), policy)
    assert drafted(manifest, snapshot, flows, manner(policy)).drafts == ()


def cluster(
    topics: Mapping[str, int | None], readers: Mapping[str, tuple[str, ...]] | None = None, age: int = 0
) -> tuple[BrokerSnapshot, Flows]:
    """Topics with so many records, ``None`` where that was not seen, and groups with the topics that each reads."""
    observed = {name: ObservedTopic(name, (1, 1, 1)) for name in topics}
    offsets = {
        name: TopicOffsets((), (), unknown="timed out")
        if records is None
        else TopicOffsets((0,), (records,), NOW - timedelta(days=age) if records else None)
        for name, records in topics.items()
    }
    groups = {
        group: ObservedGroup(group, "empty", 0, {(topic, 0): 1 for topic in read})
        for group, read in (readers or {}).items()
    }
    return BrokerSnapshot("c", "broker:9092", NOW, (1,), observed, 3, 0.1), Flows(NOW, offsets, groups)


def test_an_event_is_published_by_its_producer_and_a_command_is_read_by_it() -> None:
    snapshot, flows = cluster({COMPLETE: 3, REQUEST: 3}, {"router": (REQUEST,), "merger.v2": (COMPLETE,)})
    found = drafted(NOTHING, snapshot, flows, manner())
    merger, router = found.drafts
    assert (merger.node, router.node) == ("merger.v2", "router")
    assert [(each.name, each.origin, bool(each.settings)) for each in router.publishes] == [
        (COMPLETE, "guess: by its name", True)
    ]
    assert [(each.name, each.origin, bool(each.settings)) for each in router.subscribes] == [
        (REQUEST, "read by `router`", True)
    ]
    assert [(each.name, bool(each.settings)) for each in merger.subscribes] == [(COMPLETE, False)]
    manifest = extracted(found)
    assert flow_drift(manifest, snapshot, flows) == ()
    assert found.notices == ()


def test_a_command_that_nobody_reads_is_guessed_to_be_handled_by_the_node_in_its_name() -> None:
    (draft,) = drafted(NOTHING, *cluster({REQUEST: 0}), manner()).drafts
    assert (draft.node, draft.publishes) == ("router", ())
    assert draft.subscribes[0].origin == "guess: by its name, no consumer group reads it"
    assert draft.subscribes[0].settings.partitions == 3


def test_names_outside_the_grammar_are_a_node_of_their_own() -> None:
    found = drafted(NOTHING, *cluster({"orders": 3}, {"billing": ("orders",)}), manner())
    billing, outside = found.drafts
    assert (billing.node, [each.name for each in billing.subscribes]) == ("billing", ["orders"])
    assert (outside.node, [each.name for each in outside.publishes]) == (OUTSIDE_THE_GRAMMAR, ["orders"])
    assert [each.kind for each in found.notices] == [NoticeKind.OUTSIDE_THE_GRAMMAR]


def test_what_a_contract_names_is_left_alone_well_formed_or_not() -> None:
    snapshot, flows = cluster({COMPLETE: 3, "orders": 3, REQUEST: 1}, {"merger": (COMPLETE,)})
    extractor = ContractTopicExtractor()
    text = f"name: router\npublish_topics: [{COMPLETE}, orders]\n"
    manifest = extractor.assemble([extractor.parsed("contracts/router/contract.yaml", text.encode())])
    found = drafted(manifest, snapshot, flows, manner())
    assert [(each.node, [topic.name for topic in each.subscribes]) for each in found.drafts] == [("router", [REQUEST])]
    assert (found.topics, found.declared) == (1, 2)


def test_a_slip_of_a_declared_name_is_told_before_it_becomes_a_contract() -> None:
    extractor = ContractTopicExtractor()
    text = f"name: router\npublish_topics: [{COMPLETE}]\n"
    manifest = extractor.assemble([extractor.parsed("contracts/router/contract.yaml", text.encode())])
    found = drafted(manifest, *cluster({COMPLETE: 0, SLIP: 9}), manner())
    assert found.notices == (
        Notice(
            NoticeKind.NEAR_MISS,
            SLIP,
            f"near `{COMPLETE}`: they differ in `_` and `-`; it is written and nobody reads it",
        ),
    )
    assert found.drafts[0].publishes[0].remarks == (f"near miss: {found.notices[0].detail}",)


@pytest.mark.parametrize(
    ("records", "readers", "age", "dead"),
    [
        (0, {}, 0, "it holds no record, and nobody reads it"),
        (5, {}, 31, "it had no record since 2026-01-29, and nobody reads it"),
        (5, {}, 29, None),
        (0, {"merger": (COMPLETE,)}, 0, None),
        (5, {"merger": (COMPLETE,)}, 99, None),
        (None, {}, 0, None),
    ],
)
def test_a_topic_is_dead_where_nobody_reads_it_and_no_record_came_for_long(
    records: int | None, readers: Mapping[str, tuple[str, ...]], age: int, dead: str | None
) -> None:
    found = drafted(NOTHING, *cluster({COMPLETE: records}, readers, age), manner())
    assert [each.detail for each in found.notices if each.kind is NoticeKind.DEAD] == ([dead] if dead else [])


def test_an_empty_topic_of_dead_letters_is_not_dead() -> None:
    assert drafted(NOTHING, *cluster({"onex.dlq.router.route-request.v1": 0}), manner()).notices == ()


def test_where_groups_could_not_be_seen_nothing_is_called_dead_or_unread() -> None:
    snapshot, flows = cluster({COMPLETE: 0, "onex.evt.router.routings-complete.v1": 9})
    hidden = Flows(flows.observed_at, flows.offsets, {}, "not authorised")
    found = drafted(NOTHING, snapshot, hidden, manner())
    assert found.notices == (Notice(NoticeKind.UNSEEN, "consumer groups", "not authorised"),)


def test_where_one_group_could_not_be_seen_no_topic_is_said_to_have_no_reader() -> None:
    snapshot, flows = cluster({COMPLETE: 5, "onex.evt.router.routings-complete.v1": 9}, {"merger": (COMPLETE,)})
    assert [each.kind for each in drafted(NOTHING, snapshot, flows, manner()).notices] == [NoticeKind.NEAR_MISS]
    groups = {**flows.groups, "hidden": ObservedGroup("hidden", "", 0, unknown="not authorised")}
    found = drafted(NOTHING, snapshot, Flows(flows.observed_at, flows.offsets, groups), manner())
    assert found.notices == (Notice(NoticeKind.UNSEEN, "hidden", "this consumer group: not authorised"),)


def test_what_cannot_be_stated_is_said_in_the_draft() -> None:
    configs = {
        "follower.replication.throttled.replicas": ObservedConfig("", ConfigSource.TOPIC, "*"),
        "confluent.key": ObservedConfig(None, ConfigSource.TOPIC),
        "retention.ms": ObservedConfig("1000", ConfigSource.TOPIC, "604800000"),
    }
    _, flows = cluster({COMPLETE: 1})
    topic = ObservedTopic(COMPLETE, (3, 2), configs=configs, unknown="")
    snapshot = BrokerSnapshot("c", "broker:9092", NOW, (1,), {COMPLETE: topic}, 3, 0.1)
    (draft,) = drafted(NOTHING, snapshot, flows, manner()).drafts
    (published,) = draft.publishes
    assert published.remarks == (
        "its own value of `follower.replication.throttled.replicas` cannot stand in a contract",
        "the broker does not show its value of `confluent.key`",
        "some of its partitions have 2 replicas, others 3",
    )
    assert (published.settings.replication_factor, dict(published.settings.config)) == (3, {"retention.ms": "1000"})


def test_a_topic_that_could_not_be_seen_is_drafted_without_settings() -> None:
    _, flows = cluster({COMPLETE: 1})
    topic = ObservedTopic(COMPLETE, (), unknown="not authorised to describe it")
    snapshot = BrokerSnapshot("c", "broker:9092", NOW, (1,), {COMPLETE: topic}, 3, 0.1)
    found = drafted(NOTHING, snapshot, flows, manner())
    assert not found.drafts[0].publishes[0].settings
    assert [(each.kind, each.subject) for each in found.notices] == [(NoticeKind.UNSEEN, COMPLETE)]
    assert {each.role for each in extracted(found).topics[COMPLETE].publishers} == {Role.PUBLISHES}
