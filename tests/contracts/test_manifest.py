"""From contracts to one spec a topic."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import pytest

from omni_assets.contracts import ContractTopicExtractor, Limits, Manifest, SpecPolicy, TopicSettings

TOPIC = "onex.evt.a.b.v1"
Assemble = Callable[..., Manifest]


def publishes(settings: str = "") -> str:
    return f"event_bus:\n  publish_topics:\n    - topic: {TOPIC}\n" + "".join(
        f"      {line}\n" for line in settings.splitlines()
    )


def subscribes(settings: str = "") -> str:
    return publishes(settings).replace("publish_topics", "subscribe_topics")


def policy(limits: Limits | None = None, **config: str) -> SpecPolicy:
    defaults = TopicSettings(
        3, 2, None, MappingProxyType({key.replace("_", "."): value for key, value in config.items()})
    )
    return SpecPolicy(lambda kind: defaults if kind == "evt" else TopicSettings(), limits or Limits())


def test_the_spec_is_what_a_publisher_states(assemble: Assemble) -> None:
    manifest = assemble(
        publishes("partitions: 6\nreplication_factor: 3\nkeyed: false\nretention: 1d\nexpected_every: 1h"), subscribes()
    )
    topic = manifest.topics[TOPIC]
    assert manifest.findings == ()
    assert (topic.spec.partitions, topic.spec.replication_factor, topic.spec.keyed) == (6, 3, False)
    assert topic.spec.config == {"retention.ms": "86400000"}
    assert topic.spec.expected_every == 3_600_000
    assert (topic.owner.node, [each.node for each in topic.subscribers], topic.blocked) == ("node-0", ["node-1"], "")
    assert topic.parts.event == "b"


def test_without_settings_the_broker_decides(assemble: Assemble) -> None:
    spec = assemble(publishes()).topics[TOPIC].spec
    assert (spec.partitions, spec.replication_factor, spec.keyed, dict(spec.config)) == (None, None, None, {})


def test_defaults_fill_what_is_not_stated(assemble: Assemble) -> None:
    spec = (
        assemble(publishes("partitions: 6"), policy=policy(retention_ms="1", max_message_bytes="2")).topics[TOPIC].spec
    )
    assert (spec.partitions, spec.replication_factor) == (6, 2)
    assert spec.config == {"max.message.bytes": "2", "retention.ms": "1"}
    assert list(spec.config) == sorted(spec.config)


def test_default_retention_is_left_out_under_pure_compaction(assemble: Assemble) -> None:
    defaults = policy(retention_ms="1", retention_bytes="2")
    compacted = assemble(publishes("config: {cleanup.policy: compact}"), policy=defaults).topics[TOPIC].spec
    assert compacted.config == {"cleanup.policy": "compact"}
    both = assemble(publishes("config: {cleanup.policy: [compact, delete]}"), policy=defaults).topics[TOPIC].spec
    assert both.config == {"cleanup.policy": "compact,delete", "retention.bytes": "2", "retention.ms": "1"}
    stated = assemble(publishes("config: {cleanup.policy: compact, retention: 1d}"), policy=defaults).topics[TOPIC].spec
    assert stated.config == {"cleanup.policy": "compact", "retention.ms": "86400000"}
    by_default = policy(retention_ms="1", cleanup_policy="compact")
    assert assemble(publishes(), policy=by_default).topics[TOPIC].spec.config == {"cleanup.policy": "compact"}


def test_limits_cut_down_and_never_raise(assemble: Assemble) -> None:
    limits = Limits(partitions=4, replication_factor=1)
    large = assemble(publishes("partitions: 6\nreplication_factor: 3"), policy=policy(limits)).topics[TOPIC].spec
    assert (large.partitions, large.replication_factor) == (4, 1)
    small = assemble(publishes("partitions: 2"), policy=policy(limits)).topics[TOPIC].spec
    assert (small.partitions, small.replication_factor) == (2, 1)
    unstated = assemble(publishes(), policy=SpecPolicy(limits=limits)).topics[TOPIC].spec
    assert (unstated.partitions, unstated.replication_factor) == (None, None)


def test_a_limit_on_replicas_holds_for_replicas_in_sync_too(assemble: Assemble) -> None:
    text = publishes("replication_factor: 3\nconfig: {min.insync.replicas: 2}")
    local = assemble(text, policy=policy(Limits(replication_factor=1))).topics[TOPIC].spec
    assert local.config == {"min.insync.replicas": "1"}
    assert assemble(text).topics[TOPIC].spec.config == {"min.insync.replicas": "2"}


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ("partitions: 3", "partitions: 6", "partitions 3 here and 6 in"),
        ("replication_factor: 1", "replication_factor: 3", "replication_factor 1 here and 3 in"),
        ("keyed: true", "keyed: false", "keyed True here and False in"),
        ("expected_every: 7d", "expected_every: 36h", "expected_every 7d here and 36h in"),
        ("retention: 7d", "retention: 1d", "retention.ms 7d here and 1d in"),
    ],
)
def test_publishers_that_disagree_hold_the_topic_back(one: str, other: str, message: str, assemble: Assemble) -> None:
    manifest = assemble(publishes(one), publishes(other), publishes())
    (finding,) = manifest.errors
    assert (finding.rule.name, finding.topic) == ("conflicting-settings", TOPIC)
    assert message in finding.message
    assert finding.location.path.endswith("node-0/contract.yaml")
    assert [place.path.endswith("node-1/contract.yaml") for place, _ in finding.related] == [True]
    assert manifest.topics[TOPIC].blocked == "its contracts disagree on its settings"


def test_publishers_that_state_the_same_in_other_words_agree(assemble: Assemble) -> None:
    manifest = assemble(
        publishes("retention: 7d"), publishes("config: {retention.ms: 604800000}"), publishes("partitions: 3")
    )
    assert manifest.findings == ()
    spec = manifest.topics[TOPIC].spec
    assert (spec.partitions, dict(spec.config)) == (3, {"retention.ms": "604800000"})


def test_settings_of_a_subscriber_count_only_while_nobody_publishes(assemble: Assemble, tmp_path: Path) -> None:
    alone = assemble(subscribes("partitions: 6"))
    assert (alone.findings, alone.topics[TOPIC].spec.partitions) == ((), 6)
    assert alone.topics[TOPIC].owner.node == "node-0"
    manifest = assemble(subscribes("partitions: 6\nretention: 7d"), publishes("retention: 7d"))
    (finding,) = manifest.findings
    assert (finding.rule.name, finding.severity) == ("unused-settings", "warning")
    assert finding.message == f"partitions 6 of `{TOPIC}` is stated by a subscriber and is not used."
    assert finding.fix == f"state it in {tmp_path}/node-1/contract.yaml"
    assert manifest.topics[TOPIC].spec.partitions is None


def test_a_setting_that_cannot_be_used_holds_the_topic_back(assemble: Assemble) -> None:
    manifest = assemble(publishes("partitions: none"), subscribes())
    assert manifest.topics[TOPIC].blocked.startswith("a setting in ")
    assert manifest.topics[TOPIC].blocked.endswith("node-0/contract.yaml:4:19 cannot be used")


def test_nodes_of_one_name_are_reported_and_both_kept(assemble: Assemble) -> None:
    manifest = assemble(f"name: twin\n{publishes()}", f"name: twin\n{subscribes()}", "name: twin\n")
    assert [(each.rule.name, each.severity) for each in manifest.findings] == [("duplicate-node", "error")] * 2
    assert manifest.findings[0].location.path.endswith("node-1/contract.yaml")
    assert len(manifest.topics[TOPIC].publishers) == len(manifest.topics[TOPIC].subscribers) == 1


def test_topics_and_findings_are_in_order(assemble: Assemble) -> None:
    manifest = assemble(
        "event_bus: {publish_topics: [onex.evt.z.a.v1, bad, onex.evt.a.a.v1]}\n", "event_bus: {dlq_topics: [worse]}\n"
    )
    assert list(manifest.topics) == ["onex.evt.a.a.v1", "onex.evt.z.a.v1"]
    assert [each.topic for each in manifest.findings] == ["bad", "worse"]


def test_the_digest_follows_the_bytes(assemble: Assemble, tmp_path: Path) -> None:
    first = assemble(publishes()).digest
    assert assemble(publishes()).digest == first
    assert assemble(publishes("partitions: 3")).digest != first
    (tmp_path / "node-0" / "contract.yaml").rename(tmp_path / "contract.yaml")
    assert ContractTopicExtractor().extract([str(tmp_path)]).digest != first


def test_a_config_key_that_the_environment_does_not_take_is_left_out_and_noted(assemble: Assemble) -> None:
    contract = publishes("config: {redpanda.remote.read: true, retention.ms: 1d}")
    manifest = assemble(contract, policy=SpecPolicy(limits=Limits(unsupported_config=("redpanda.*",))))
    assert manifest.topics[TOPIC].spec.config == {"retention.ms": "86400000"}
    (finding,) = manifest.findings
    assert (finding.rule.code, finding.severity, finding.topic) == ("OM109", "note", TOPIC)
    assert finding.message.startswith("redpanda.remote.read of")
    assert dict(assemble(contract).topics[TOPIC].spec.config) == {
        "redpanda.remote.read": "true",
        "retention.ms": "86400000",
    }
