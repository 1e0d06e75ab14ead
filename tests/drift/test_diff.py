from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.broker.snapshot import ConfigSource, ObservedConfig, ObservedTopic
from omni_assets.drift.diff import diff
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.verdict import Reason, Verdict

DAY = "86400000"
WEEK = "604800000"

configs = st.dictionaries(
    st.sampled_from(["retention.ms", "retention.bytes", "max.message.bytes", "segment.ms"]),
    st.integers(1, 10**12).map(str),
)


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 3), configs), max_size=8))
def test_a_broker_that_has_what_is_declared_has_no_drift(topic, manifest, observed, snapshot, specs):
    topics = [
        topic(f"onex.evt.router.event-{number}.v1", partitions=partitions, replication_factor=factor, config=config)
        for number, (partitions, factor, config) in enumerate(specs)
    ]
    assert diff(manifest(*topics), snapshot(*map(observed, topics), brokers=3)) == ()


@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from([True, False, None]))
def test_every_partition_count_that_differs_is_one_row(topic, manifest, observed, snapshot, declared, present, keyed):
    wanted = topic(partitions=declared, keyed=keyed)
    found = replace(observed(wanted), replicas=(1,) * present)
    rows = diff(manifest(wanted), snapshot(found))
    assert [(row.kind, row.declared, row.observed) for row in rows] == (
        [] if declared == present else [(DriftKind.PARTITIONS, str(declared), str(present))]
    )
    if declared < present:
        assert rows[0].verdict is Verdict.UNFIXABLE
    elif declared > present:
        assert rows[0].verdict is (Verdict.AUTO_FIXABLE if keyed is False else Verdict.NEEDS_APPROVAL)


def test_a_missing_topic_may_be_created_and_names_its_owner(topic, manifest, snapshot):
    (row,) = diff(manifest(topic(partitions=6)), snapshot())
    assert (row.kind, row.verdict, row.reason) == (DriftKind.MISSING, Verdict.AUTO_FIXABLE, Reason.CREATE_IS_SAFE)
    assert (row.declared, row.observed) == ("6 partitions", None)
    assert row.owner == "router"
    assert str(row.location) == "contract.yaml:7:5"


def test_what_could_not_be_observed_is_unknown_and_never_missing(topic, manifest, snapshot):
    wanted = topic(config={"retention.ms": DAY})
    unseen = ObservedTopic(wanted.name, (), configs=None, unknown="not authorised to describe it")
    (row,) = diff(manifest(wanted), snapshot(unseen))
    assert (row.kind, row.verdict, row.detail) == (DriftKind.UNKNOWN, Verdict.UNKNOWN, "not authorised to describe it")


def test_unknown_configs_do_not_hide_a_partition_count_that_was_seen(topic, manifest, snapshot):
    wanted = topic(partitions=3, config={"retention.ms": DAY})
    half_seen = ObservedTopic(wanted.name, (1, 1), configs=None, unknown="its configuration timed out")
    rows = diff(manifest(wanted), snapshot(half_seen))
    assert {row.kind for row in rows} == {DriftKind.UNKNOWN, DriftKind.PARTITIONS}


@pytest.mark.parametrize(
    ("declared", "present", "verdict", "reason"),
    [
        (WEEK, DAY, Verdict.AUTO_FIXABLE, Reason.KEEPS_MORE),
        ("-1", DAY, Verdict.AUTO_FIXABLE, Reason.KEEPS_MORE),
        (DAY, WEEK, Verdict.NEEDS_APPROVAL, Reason.KEEPS_LESS),
        (DAY, "-1", Verdict.NEEDS_APPROVAL, Reason.KEEPS_LESS),
        (DAY, "0", Verdict.NEEDS_APPROVAL, Reason.ZERO_IS_AMBIGUOUS),
    ],
)
def test_retention(topic, manifest, observed, snapshot, declared, present, verdict, reason):
    wanted = topic(config={"retention.ms": declared})
    found = replace(observed(wanted), configs={"retention.ms": ObservedConfig(present, ConfigSource.TOPIC)})
    (row,) = diff(manifest(wanted), snapshot(found))
    assert (row.kind, row.field, row.declared, row.observed) == (DriftKind.CONFIG, "retention.ms", declared, present)
    assert (row.verdict, row.reason) == (verdict, reason)


def test_an_effective_value_that_is_inherited_is_in_sync(topic, manifest, observed, snapshot):
    wanted = topic(config={"retention.ms": WEEK})
    inherited = {"retention.ms": ObservedConfig(WEEK, ConfigSource.DEFAULT)}
    assert diff(manifest(wanted), snapshot(replace(observed(wanted), configs=inherited))) == ()


def test_values_that_mean_the_same_are_in_sync(topic, manifest, observed, snapshot):
    wanted = topic(config={"cleanup.policy": "compact,delete"})
    other_order = {"cleanup.policy": ObservedConfig("delete,compact", ConfigSource.TOPIC)}
    assert diff(manifest(wanted), snapshot(replace(observed(wanted), configs=other_order))) == ()


def test_a_key_that_the_broker_does_not_report_has_no_effect_there(topic, manifest, observed, snapshot):
    wanted = topic(config={"min.insync.replicas": "2"})
    (row,) = diff(manifest(wanted), snapshot(replace(observed(wanted), configs={})))
    assert (row.verdict, row.reason) == (Verdict.UNFIXABLE, Reason.NO_EFFECT_HERE)


def test_a_hidden_value_is_unknown(topic, manifest, observed, snapshot):
    wanted = topic(config={"retention.ms": WEEK})
    hidden = {"retention.ms": ObservedConfig(None, ConfigSource.TOPIC)}
    (row,) = diff(manifest(wanted), snapshot(replace(observed(wanted), configs=hidden)))
    assert (row.verdict, row.reason) == (Verdict.UNKNOWN, Reason.VALUE_HIDDEN)


@pytest.mark.parametrize(
    ("found", "reported"),
    [
        (ObservedConfig("5", ConfigSource.TOPIC, "1"), True),
        (ObservedConfig("5", ConfigSource.TOPIC), True),
        (ObservedConfig("1", ConfigSource.TOPIC, "1"), False),
        (ObservedConfig("5", ConfigSource.BROKER, "1"), False),
        (ObservedConfig("5", ConfigSource.DEFAULT), False),
    ],
)
def test_only_a_value_of_the_topics_own_is_an_override(topic, manifest, observed, snapshot, found, reported):
    rows = diff(manifest(topic()), snapshot(replace(observed(topic()), configs={"segment.ms": found})))
    assert [row.reason for row in rows] == [Reason.UNDECLARED_OVERRIDE] * reported


def test_replication_counts_replicas_of_every_partition(topic, manifest, observed, snapshot):
    wanted = topic(partitions=3, replication_factor=3)
    uneven = replace(observed(wanted), replicas=(3, 2, 3))
    (row,) = diff(manifest(wanted), snapshot(uneven, brokers=3))
    assert (row.kind, row.declared, row.observed) == (DriftKind.REPLICATION, "3", "2 to 3")
    assert row.verdict is Verdict.NEEDS_APPROVAL
    (row,) = diff(manifest(wanted), snapshot(uneven, brokers=2))
    assert (row.verdict, row.reason) == (Verdict.UNFIXABLE, Reason.TOO_FEW_BROKERS)


def test_an_orphan_names_the_declared_topic_that_it_nearly_is(topic, manifest, observed, snapshot):
    wanted = topic()
    orphan = ObservedTopic("onex.evt.router.routing_complete.v1", (1,))
    (row,) = diff(manifest(wanted), snapshot(observed(wanted), orphan))
    assert (row.kind, row.verdict, row.owner) == (DriftKind.ORPHANED, Verdict.NEEDS_APPROVAL, None)
    assert row.detail == "near `onex.evt.router.routing-complete.v1` (contract.yaml:7)"


def test_internal_topics_are_never_orphans(manifest, snapshot):
    assert diff(manifest(), snapshot(ObservedTopic("__consumer_offsets", (1,) * 50, internal=True))) == ()


def test_a_blocked_topic_is_a_conflict_and_nothing_else(topic, manifest, snapshot):
    (row,) = diff(manifest(topic(blocked="its contracts disagree on its settings")), snapshot())
    assert (row.kind, row.verdict) == (DriftKind.CONFLICT, Verdict.UNFIXABLE)


def test_with_a_contract_unread_an_orphan_is_unknown(extractor, snapshot, tmp_path: Path):
    broken = tmp_path / "contract.yaml"
    broken.write_text("name: [", encoding="utf-8")
    (row,) = diff(extractor.extract([str(tmp_path)]), snapshot(ObservedTopic("onex.evt.router.started.v1", (1,))))
    assert (row.kind, row.verdict, row.reason) == (DriftKind.ORPHANED, Verdict.UNKNOWN, Reason.MANIFEST_INCOMPLETE)


def test_an_orphan_that_a_contract_misnames_points_there(extractor, snapshot, tmp_path: Path):
    contract = tmp_path / "contract.yaml"
    name = "onex.evt.router.routing_complete.v1"
    contract.write_text(f"name: router\nevent_bus:\n  publish_topics:\n    - {name}\n", encoding="utf-8")
    (row,) = diff(extractor.extract([str(tmp_path)]), snapshot(ObservedTopic(name, (1,))))
    assert row.detail == f"{contract}:4 names it, and it is not read there (malformed-name)"


def test_rows_come_in_a_stable_order(topic, manifest, observed, snapshot):
    first = topic("onex.evt.a.one.v1", config={"retention.ms": DAY, "max.message.bytes": "1"})
    second = topic("onex.evt.b.two.v1")
    changed = replace(
        observed(first),
        replicas=(1,),
        configs=MappingProxyType(
            {
                "retention.ms": ObservedConfig(WEEK, ConfigSource.TOPIC),
                "max.message.bytes": ObservedConfig("2", ConfigSource.TOPIC),
            }
        ),
    )
    rows = diff(manifest(second, first), snapshot(changed))
    assert [(row.topic, row.kind.value, row.field) for row in rows] == [
        (first.name, "config", "max.message.bytes"),
        (first.name, "config", "retention.ms"),
        (first.name, "partitions", "partitions"),
        (second.name, "missing", ""),
    ]
