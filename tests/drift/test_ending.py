"""Where the end of a topic stands follows from what is seen: nothing counts before it is proved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omni_assets.broker.flows import RESCUE_GROUPS, Flows, ObservedGroup, TopicOffsets
from omni_assets.broker.snapshot import ObservedTopic
from omni_assets.contracts.model import Finding, Location, Severity
from omni_assets.contracts.rules import UNREAD_RULES
from omni_assets.drift.earlier import LOG, Earlier
from omni_assets.drift.ending import Evidence, Stage, Standing, proofs, quiet_since, stage_of
from omni_assets.drift.policy import Policy

OLD, HEIR = "onex.evt.router.routing-complete.v1", "onex.evt.router.routing-complete.v2"
NOW = datetime(2026, 11, 25, tzinfo=UTC)
DAY = timedelta(days=1)
ORDER = list(Stage)
DRAINED = {(OLD, 0): 10}
MOVED = ObservedGroup("router", "stable", 1, {**DRAINED, (HEIR, 0): 3}, assigned=frozenset({HEIR}))


@pytest.fixture(scope="session")
def evidence(topic, manifest, snapshot):
    """Everything is proved, and only the delete is left: what a test changes is what it is about."""

    def build(**changes) -> Evidence:
        groups = changes.pop("groups", (MOVED,))
        declared = changes.pop("declared", (topic(HEIR),))
        present = changes.pop("present", (OLD, HEIR))
        offsets = {
            OLD: TopicOffsets((0,), (10,), NOW - 30 * DAY),
            HEIR: TopicOffsets((0,), (5,), NOW),
            **changes.pop("offsets", {}),
        }
        found = Evidence(
            OLD,
            HEIR,
            0,
            manifest(*declared),
            snapshot(*(ObservedTopic(name, (1,)) for name in present)),
            Flows(NOW, offsets, {group.name: group for group in groups}, changes.pop("unknown", "")),
            Policy(),
            NOW - 2 * DAY,
            DAY,
        )
        return replace(found, **changes)

    return build


def standing(evidence, stage):
    return next((each.standing, each.seen) for each in proofs(evidence) if each.stage is stage)


def test_when_all_is_proved_only_the_delete_is_left(evidence):
    proved = proofs(evidence())
    assert [each.standing for each in proved] == [Standing.DONE] * 4 + [Standing.OPEN]
    assert stage_of(proved) is Stage.DELETE
    assert "--delete --approve" in proved[-1].remedy
    assert all(bool(each.remedy) == (each.standing is not Standing.DONE) for each in proved)


def test_a_topic_without_an_heir_has_no_new_topic_to_wait_for(evidence):
    alone = replace(evidence(groups=()), heir="")
    assert [each.stage for each in proofs(alone)] == [Stage.MOVE_READERS, Stage.DRAIN, Stage.DELETE]
    assert stage_of(proofs(alone)) is Stage.DELETE


@pytest.mark.parametrize("heir", ["", HEIR])
def test_a_topic_that_is_gone_has_ended(evidence, heir):
    assert stage_of(proofs(replace(evidence(present=(HEIR,)), heir=heir))) is Stage.ENDED


def test_a_topic_that_is_hidden_has_not_ended(evidence):
    hidden = evidence(present=(HEIR,), hidden="not authorised")
    assert standing(hidden, Stage.DELETE) == (
        Standing.UNKNOWN,
        "whether it is still there was not seen: not authorised",
    )
    assert stage_of(proofs(hidden)) is not Stage.ENDED


def test_each_stage_says_what_is_left(evidence, topic):
    cases = [
        (evidence(declared=()), Stage.PROVISION, "no contract declares"),
        (evidence(present=(OLD,)), Stage.PROVISION, "is not on the broker"),
        (evidence(declared=(topic(HEIR, blocked="contracts disagree"),)), Stage.PROVISION, "must be left alone"),
        (evidence(heir_before=5), Stage.WRITE_BOTH, "nothing was written to"),
        (
            evidence(declared=(topic(HEIR), topic(OLD, readers=("audit",)))),
            Stage.MOVE_READERS,
            "`audit` (audit.yaml:4)",
        ),
        (evidence(groups=(replace(MOVED, assigned=frozenset({OLD, HEIR})),)), Stage.MOVE_READERS, "still reads it"),
        (evidence(groups=(ObservedGroup("late", "empty", 0, DRAINED),)), Stage.MOVE_READERS, "does not read"),
        (evidence(declared=(topic(HEIR), topic(OLD))), Stage.DRAIN, "`router` (contract.yaml:7) declares it"),
        (evidence(groups=(replace(MOVED, committed={(OLD, 0): 7, (HEIR, 0): 3}),)), Stage.DRAIN, "3 records to read"),
        (evidence(quiet_since=NOW - DAY / 2), Stage.DRAIN, "quiet for 12 h of 1 d"),
        (evidence(quiet_since=None), Stage.DRAIN, "nobody has looked before"),
    ]
    for found, stage, words in cases:
        assert stage_of(proofs(found)) is stage, words
        seen = standing(found, stage)
        assert seen[0] is Standing.OPEN
        assert words in seen[1]


def test_what_was_not_seen_is_unknown(evidence):
    unread = Finding(next(iter(UNREAD_RULES)), "cannot be read", Location("x.yaml"), Severity.ERROR)
    whole = evidence()
    cases = [
        (evidence(unknown="not allowed"), Stage.MOVE_READERS),
        (evidence(groups=(MOVED, ObservedGroup("x", "", 0, unknown="not allowed"))), Stage.MOVE_READERS),
        (evidence(groups=(ObservedGroup("x", "preparing_rebalance", 2, DRAINED),)), Stage.MOVE_READERS),
        (evidence(offsets={HEIR: TopicOffsets((), (), unknown="timed out")}), Stage.WRITE_BOTH),
        (evidence(offsets={OLD: TopicOffsets((), (), unknown="timed out")}), Stage.DRAIN),
        (replace(whole, manifest=replace(whole.manifest, findings=(unread,))), Stage.MOVE_READERS),
    ]
    for found, stage in cases:
        assert standing(found, stage)[0] is Standing.UNKNOWN, stage
        assert stage_of(proofs(found)) is stage


def test_records_that_are_too_young_are_not_deleted(evidence):
    young = evidence(offsets={OLD: TopicOffsets((0,), (10,), NOW - 2 * DAY)})
    assert stage_of(proofs(young)) is Stage.DELETE
    assert "min_age_to_delete" in standing(young, Stage.DELETE)[1]


def test_where_rescues_keep_their_positions_nobody_reads(evidence):
    rescue = ObservedGroup(f"{RESCUE_GROUPS}0123", "empty", 0, {(OLD, 0): 1})
    assert stage_of(proofs(evidence(groups=(MOVED, rescue)))) is Stage.DELETE


GROUPS = st.builds(
    ObservedGroup,
    st.sampled_from(["a", "b", "c"]),
    st.just("stable"),
    st.integers(0, 2),
    st.dictionaries(st.sampled_from([(OLD, 0), (HEIR, 0)]), st.integers(0, 10)),
    st.sampled_from(["", "", "", "not allowed"]),
    st.frozensets(st.sampled_from([OLD, HEIR])),
)
LOOKS = st.fixed_dictionaries(
    {
        "groups": st.lists(GROUPS, max_size=3, unique_by=lambda group: group.name),
        "present": st.sets(st.sampled_from([OLD, HEIR])),
        "heir_before": st.sampled_from([0, 5]),
        "quiet_since": st.none() | st.timedeltas(timedelta(0), 3 * DAY).map(lambda ago: NOW - ago),
        "unknown": st.sampled_from(["", "", "", "not allowed"]),
        "hidden": st.sampled_from(["", "", "not allowed"]),
    }
)


@settings(max_examples=300, deadline=None)
@given(look=LOOKS)
def test_nothing_is_deleted_before_everything_is_proved(evidence, look):
    found = evidence(**look)
    if stage_of(proofs(found)) is not Stage.DELETE or OLD not in look["present"]:
        return
    assert not look["unknown"]
    assert look["heir_before"] == 0
    assert look["quiet_since"] <= NOW - DAY
    for group in look["groups"]:
        assert not group.unknown
        if OLD in group.topics:
            assert OLD not in group.assigned
            assert group.committed.get((OLD, 0), 0) == 10
            assert HEIR in group.topics


@settings(max_examples=300, deadline=None)
@given(look=LOOKS, another=GROUPS)
def test_another_reader_never_brings_it_forward(evidence, look, another):
    named = replace(another, name="another")
    before = stage_of(proofs(evidence(**look)))
    after = stage_of(proofs(evidence(**{**look, "groups": [*look["groups"], named]})))
    assert ORDER.index(after) <= ORDER.index(before)


@settings(max_examples=300, deadline=None)
@given(look=LOOKS)
def test_the_stage_is_the_first_that_is_not_done(evidence, look):
    proved = proofs(evidence(**look))
    stage = stage_of(proved)
    if stage is Stage.ENDED:
        assert OLD not in look["present"]
        assert not look["hidden"]
    else:
        done = [each.standing is Standing.DONE for each in proved]
        assert proved[done.index(False)].stage is stage


def test_how_long_it_was_quiet_is_told_from_every_look(evidence):
    seen = evidence().flows
    before = Flows(NOW - DAY, {OLD: TopicOffsets((0,), (10,))}, {})
    assert quiet_since(OLD, seen, Earlier()) is None
    assert quiet_since(OLD, seen, Earlier(before)) == NOW - DAY
    assert quiet_since(OLD, seen, Earlier(before, {(OLD, LOG): NOW - 3 * DAY})) == NOW - 3 * DAY
    moved = Earlier(replace(before, offsets={OLD: TopicOffsets((0,), (9,))}), {(OLD, LOG): NOW - 3 * DAY})
    assert quiet_since(OLD, seen, moved) == NOW
    unseen = replace(seen, offsets={OLD: TopicOffsets((), (), unknown="timed out")})
    assert quiet_since(OLD, unseen, Earlier(before)) is None
