"""The owner's wishes: what they can change, and what they cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.broker.capabilities import Capabilities
from omni_assets.broker.snapshot import ConfigSource, ObservedConfig, ObservedTopic
from omni_assets.drift.diff import diff
from omni_assets.drift.judgement import Judgement, judge_replication
from omni_assets.drift.policy import BUILT_IN_POLICY, Compare, Fix, Policy, Rule, overruled
from omni_assets.drift.verdict import Reason, Verdict

DAY, WEEK = "86400000", "604800000"
judgements = st.builds(Judgement, st.sampled_from(list(Verdict)), st.sampled_from(list(Reason)))
fixes = st.none() | st.sampled_from(list(Fix))


@given(judgements, fixes)
def test_a_wish_changes_only_what_can_be_corrected(judgement, fix):
    found = overruled(judgement, fix)
    if judgement.verdict not in (Verdict.AUTO_FIXABLE, Verdict.NEEDS_APPROVAL):
        assert found == judgement
    elif fix is Fix.NEVER:
        assert found.verdict is Verdict.UNFIXABLE
    elif fix is Fix.ASK:
        assert found.verdict is Verdict.NEEDS_APPROVAL
    assert overruled(found, fix) == found


@given(fixes)
def test_no_wish_applies_a_zero_or_a_deletion_unasked(fix):
    for reason in (Reason.ZERO_IS_AMBIGUOUS, Reason.DELETES_EVERYTHING, Reason.UNDECLARED_TOPIC):
        judged = overruled(Judgement(Verdict.NEEDS_APPROVAL, reason), fix)
        assert judged.verdict is not Verdict.AUTO_FIXABLE


@pytest.mark.parametrize(
    ("config", "verdict"),
    [
        ({}, Verdict.NEEDS_APPROVAL),
        ({"retention.ms": Rule(fix=Fix.AUTO)}, Verdict.AUTO_FIXABLE),
        ({"retention.*": Rule(fix=Fix.AUTO)}, Verdict.NEEDS_APPROVAL),
        ({"*": Rule(fix=Fix.AUTO)}, Verdict.NEEDS_APPROVAL),
        ({"retention.*": Rule(fix=Fix.NEVER)}, Verdict.UNFIXABLE),
        ({"*": Rule(fix=Fix.NEVER), "retention.*": Rule(fix=Fix.ASK)}, Verdict.NEEDS_APPROVAL),
        ({"retention.*": Rule(fix=Fix.NEVER), "retention.ms": Rule(fix=Fix.AUTO)}, Verdict.AUTO_FIXABLE),
    ],
)
def test_what_loses_records_runs_unasked_only_by_its_own_name(topic, manifest, observed, snapshot, config, verdict):
    wanted = topic(config={"retention.ms": DAY})
    seen = replace(observed(wanted), configs={"retention.ms": ObservedConfig(WEEK, ConfigSource.TOPIC)})
    (row,) = diff(manifest(wanted), snapshot(seen), Policy(config=config))
    assert row.verdict is verdict
    if row.reason is not Reason.KEEPS_LESS:
        assert row.detail.endswith(
            "without the settings it would be `needs approval`: records that are kept now would be deleted"
        )


@pytest.mark.parametrize(
    ("compare", "source", "value", "reasons"),
    [
        (Compare.INHERIT, ConfigSource.DEFAULT, WEEK, []),
        (Compare.PIN, ConfigSource.TOPIC, WEEK, []),
        (Compare.PIN, ConfigSource.UNKNOWN, WEEK, []),
        (Compare.PIN, ConfigSource.DEFAULT, WEEK, [Reason.NOT_PINNED]),
        (Compare.PIN, ConfigSource.BROKER, WEEK, [Reason.NOT_PINNED]),
        (Compare.PIN, ConfigSource.BROKER, DAY, [Reason.KEEPS_MORE]),
        (Compare.IGNORE, ConfigSource.TOPIC, DAY, []),
    ],
)
def test_how_a_key_is_compared(topic, manifest, observed, snapshot, compare, source, value, reasons):
    wanted = topic(config={"retention.ms": WEEK})
    seen = replace(observed(wanted), configs={"retention.ms": ObservedConfig(value, source)})
    rows = diff(manifest(wanted), snapshot(seen), Policy(config={"retention.ms": Rule(compare)}))
    assert [row.reason for row in rows] == reasons


def test_an_override_that_is_ignored_makes_no_row(topic, manifest, observed, snapshot):
    seen = replace(
        observed(topic()), configs={"redpanda.iceberg.mode": ObservedConfig("on", ConfigSource.TOPIC, "off")}
    )
    broker = snapshot(seen)
    assert len(diff(manifest(topic()), broker)) == 1
    assert diff(manifest(topic()), broker, Policy(config={"redpanda.*": Rule(Compare.IGNORE)})) == ()


def test_whole_topics_can_be_ignored_or_left(topic, manifest, observed, snapshot):
    gone = topic("onex.evt.a.gone.v1")
    wanted = topic(partitions=6, replication_factor=3)
    seen = replace(observed(wanted), replicas=(2,) * 3)
    broker = snapshot(seen, ObservedTopic("onex.evt.b.orphan.v1", (1,)), brokers=3)
    contracts = manifest(gone, wanted)
    ignore, leave = Rule(Compare.IGNORE), Rule(fix=Fix.NEVER)
    names = ("missing", "orphaned", "partitions", "replication_factor")
    assert len(diff(contracts, broker)) == 4
    assert diff(contracts, broker, replace(BUILT_IN_POLICY, **dict.fromkeys(names, ignore))) == ()
    left = diff(contracts, broker, replace(BUILT_IN_POLICY, **dict.fromkeys(names, leave)))
    assert {row.reason for row in left} == {Reason.SETTINGS_NEVER}
    assert len(left) == 4


@pytest.mark.parametrize(
    ("no_effect", "rejected", "seen", "reason"),
    [
        ({"retention.ms"}, set(), DAY, Reason.NO_EFFECT_HERE),
        (set(), {"retention.ms"}, DAY, Reason.KEY_REFUSED_HERE),
        (set(), {"retention.ms"}, None, Reason.KEY_REFUSED_HERE),
        (set(), set(), None, Reason.NO_EFFECT_HERE),
        ({"segment.ms"}, {"segment.bytes"}, DAY, Reason.KEEPS_MORE),
        ({"retention.ms"}, {"retention.ms"}, WEEK, None),
    ],
)
def test_what_the_broker_does_not_honour_is_never_written(
    topic, manifest, observed, snapshot, no_effect, rejected, seen, reason
):
    wanted = topic(config={"retention.ms": WEEK})
    configs = {} if seen is None else {"retention.ms": ObservedConfig(seen, ConfigSource.DEFAULT)}
    able = Capabilities("c", no_effect_keys=frozenset(no_effect), rejected_keys=frozenset(rejected))
    rows = diff(manifest(wanted), snapshot(replace(observed(wanted), configs=configs)), capabilities=able)
    assert [row.reason for row in rows] == ([] if reason is None else [reason])


@pytest.mark.parametrize(
    ("declared", "brokers", "by_config", "reason"),
    [
        (3, 3, None, Reason.REPLICATION_MOVES_DATA),
        (3, 3, True, Reason.REPLICATION_MOVES_DATA),
        (2, 3, True, Reason.REPLICATION_MUST_BE_ODD),
        (2, 3, False, Reason.REPLICATION_BY_REASSIGNMENT),
        (3, 1, True, Reason.TOO_FEW_BROKERS),
    ],
)
def test_replicas_need_brokers_and_a_way(declared, brokers, by_config, reason):
    assert judge_replication(declared, brokers, by_config).reason is reason


@pytest.mark.parametrize(
    ("now", "earlier", "reported"),
    [("b", "a", True), ("a", "a", False), ("a", None, False), (None, "a", False), (None, None, False)],
)
def test_a_topic_with_another_id_was_recreated_and_without_ids_nothing_is_said(
    topic, manifest, observed, snapshot, now, earlier, reported
):
    wanted = topic()
    broker = snapshot(replace(observed(wanted), topic_id=now))
    rows = diff(manifest(wanted), broker, earlier_ids={} if earlier is None else {wanted.name: earlier})
    assert [(row.reason, row.declared, row.observed) for row in rows] == [(Reason.TOPIC_RECREATED, "a", "b")] * reported


def test_internal_topics_are_never_touched_even_where_a_contract_declares_them(topic, manifest, observed, snapshot):
    wishes = replace(BUILT_IN_POLICY, missing=Rule(fix=Fix.AUTO), partitions=Rule(fix=Fix.AUTO))
    for broker in (snapshot(), snapshot(replace(observed(topic("__own")), replicas=(1,)))):
        (row,) = diff(manifest(topic("__own")), broker, wishes)
        assert (row.verdict, row.reason) == (Verdict.UNFIXABLE, Reason.INTERNAL_TOPIC)
    marked = replace(observed(topic()), replicas=(1,), internal=True)
    (row,) = diff(manifest(topic()), snapshot(marked), wishes)
    assert (row.verdict, row.reason) == (Verdict.UNFIXABLE, Reason.INTERNAL_TOPIC)
