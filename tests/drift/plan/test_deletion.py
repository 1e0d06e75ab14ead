"""Nothing is deleted that anything says is in use, and nothing without a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from omni_assets.broker.flows import Flows, ObservedGroup, TopicOffsets
from omni_assets.broker.snapshot import ObservedTopic
from omni_assets.drift.plan import Action, build_deletion, judge_deletion, state_hash
from omni_assets.drift.policy import BUILT_IN_POLICY, Fix, Rule
from omni_assets.drift.verdict import Reason, Verdict

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OLD = "onex.evt.router.old-news.v1"


def flows(offsets=None, groups=(), unknown=""):
    return Flows(NOW, {OLD: offsets} if offsets else {}, {each.name: each for each in groups}, unknown)


def held(records: int, age: timedelta | None) -> TopicOffsets:
    return TopicOffsets((0,), (records,), None if age is None else NOW - age)


QUIET = held(12, timedelta(days=8))


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (flows(QUIET), Reason.DELETES_EVERYTHING),
        (flows(held(0, None)), Reason.DELETES_EVERYTHING),
        (flows(held(12, timedelta(days=6))), Reason.STILL_WRITTEN),
        (flows(held(12, timedelta(days=-1))), Reason.STILL_WRITTEN),
        (flows(held(12, None)), Reason.AGE_UNSEEN),
        (flows(TopicOffsets((), (), unknown="timed out")), Reason.NOT_OBSERVED),
        (flows(), Reason.NOT_OBSERVED),
        (flows(QUIET, unknown="not allowed to list groups"), Reason.NOT_OBSERVED),
        (flows(QUIET, [ObservedGroup("g", "", 0, {}, "not allowed")]), Reason.NOT_OBSERVED),
        (flows(QUIET, [ObservedGroup("g", "stable", 1, {(OLD, 0): 12})]), Reason.STILL_READ),
        (flows(QUIET, [ObservedGroup("g", "stable", 1, {}, assigned=frozenset({OLD}))]), Reason.STILL_READ),
        (flows(QUIET, [ObservedGroup("g", "empty", 0, {(OLD, 0): 12})]), Reason.DELETES_EVERYTHING),
    ],
)
def test_only_what_is_provably_out_of_use(manifest, snapshot, seen, reason):
    broker = snapshot(ObservedTopic(OLD, (1,)))
    assert judge_deletion(OLD, manifest(), broker, seen, BUILT_IN_POLICY).reason is reason
    plan = build_deletion([OLD], manifest(), broker, seen, BUILT_IN_POLICY, environment="local", made_at=NOW)
    if reason is Reason.DELETES_EVERYTHING:
        (step,) = plan.steps
        assert (step.action, step.topic, step.safe) == (Action.DELETE, OLD, False)
    else:
        assert plan.steps == ()
        assert [row.reason for row in plan.surfaced] == [reason]


def test_declared_internal_and_unseen_topics_stay(topic, manifest, snapshot):
    def judged(contracts, *seen):
        return judge_deletion(OLD, contracts, snapshot(*seen), flows(QUIET), BUILT_IN_POLICY)

    there = ObservedTopic(OLD, (1,))
    assert judged(manifest(topic(OLD)), there).reason is Reason.STILL_DECLARED
    assert judged(manifest(), replace(there, internal=True)).reason is Reason.INTERNAL_TOPIC
    assert judged(manifest(), replace(there, unknown="not allowed")).verdict is Verdict.UNKNOWN
    assert judged(manifest()).verdict is Verdict.UNKNOWN
    name = "__consumer_offsets"
    found = judge_deletion(name, manifest(), snapshot(ObservedTopic(name, (1,))), flows(QUIET), BUILT_IN_POLICY)
    assert found.reason is Reason.INTERNAL_TOPIC


def test_with_a_contract_unread_nothing_is_deleted(extractor, snapshot, tmp_path):
    (tmp_path / "contract.yaml").write_text("name: [", encoding="utf-8")
    contracts = extractor.extract([str(tmp_path)])
    found = judge_deletion(OLD, contracts, snapshot(ObservedTopic(OLD, (1,))), flows(QUIET), BUILT_IN_POLICY)
    assert (found.verdict, found.reason) == (Verdict.UNKNOWN, Reason.MANIFEST_INCOMPLETE)


@pytest.mark.parametrize("fix", [None, *Fix])
def test_no_wish_makes_a_deletion_safe(manifest, snapshot, fix):
    wishes = replace(BUILT_IN_POLICY, orphaned=Rule(fix=fix))
    found = judge_deletion(OLD, manifest(), snapshot(ObservedTopic(OLD, (1,))), flows(QUIET), wishes)
    assert found.verdict is (Verdict.UNFIXABLE if fix is Fix.NEVER else Verdict.NEEDS_APPROVAL)


def test_a_record_or_a_reader_that_comes_makes_it_stale(manifest, snapshot):
    broker = snapshot(ObservedTopic(OLD, (1,)))
    made = state_hash(manifest(), broker, [OLD], BUILT_IN_POLICY, flows=flows(QUIET))
    reader = ObservedGroup("g", "stable", 1, {(OLD, 0): 1})
    for later in (flows(held(13, timedelta(days=8))), flows(QUIET, [reader])):
        assert state_hash(manifest(), broker, [OLD], BUILT_IN_POLICY, flows=later) != made
    assert state_hash(manifest(), broker, [OLD], BUILT_IN_POLICY, flows=replace(flows(QUIET), observed_at=NOW)) == made


def test_the_consequence_counts_what_is_lost(manifest, snapshot):
    broker = snapshot(ObservedTopic(OLD, (1,)))
    (step,) = build_deletion(
        [OLD], manifest(), broker, flows(QUIET), BUILT_IN_POLICY, environment="local", made_at=NOW
    ).steps
    assert step.consequence.startswith("At most 12 records and all committed offsets are gone for good")
    assert (step.path, step.line) == (None, None)
