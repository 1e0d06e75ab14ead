"""Contracts held against offsets and consumer groups: what is silent, what is stranded, what was not seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from omni_assets.broker.flows import Flows, ObservedGroup, TopicOffsets
from omni_assets.broker.snapshot import ObservedTopic
from omni_assets.contracts.model import Location, Outside, Role
from omni_assets.drift.diff import diff
from omni_assets.drift.flow import LOG, Earlier, flow_drift, joined, watched, with_flows
from omni_assets.drift.kinds import FLOW_KINDS, FLOWS, DriftKind
from omni_assets.drift.policy import BUILT_IN_POLICY, Compare, Rule, Watch
from omni_assets.drift.verdict import Reason, Verdict

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
NAME = "onex.evt.router.routing-complete.v1"
SLIP = "onex.evt.router.routing_complete.v1"
HOUR = timedelta(hours=1)


def log(*latest: int, age: timedelta | None = HOUR) -> TopicOffsets:
    return TopicOffsets((0,) * len(latest), latest, None if age is None else NOW - age)


def group(name: str, *committed: int, topic: str = NAME, members: int = 0, unknown: str = "") -> ObservedGroup:
    offsets = {(topic, partition): offset for partition, offset in enumerate(committed)}
    assigned = frozenset({topic}) if members else frozenset()
    return ObservedGroup(name, "stable" if members else "empty", members, offsets, unknown, assigned)


def flows(offsets, *groups, at=NOW, unknown=""):
    return Flows(at, offsets, {each.name: each for each in groups}, unknown)


@pytest.fixture
def found(manifest, snapshot, observed, topic):
    """The rows of one declared topic (and what else is on the broker), as (kind, field, reason)."""

    def rows(seen, earlier=None, policy=BUILT_IN_POLICY, orphans=(), **declared):
        wanted = topic(**declared)
        broker = snapshot(observed(wanted), *(ObservedTopic(name, (1,)) for name in orphans))
        return flow_drift(manifest(wanted), broker, seen, earlier or Earlier(), policy)

    return rows


def told(rows):
    return [(row.kind.value, row.field, row.reason.value) for row in rows]


# Silent readers


def test_a_subscriber_without_a_group_that_reads_is_silent(found):
    rows = found(flows({NAME: log(5)}, group("router", 1, topic="other")), readers=("merger",))
    assert told(rows) == [("silent_reader", "node:merger", "nobody_reads")]
    (row,) = rows
    assert (row.verdict, row.owner, str(row.location)) == (Verdict.UNFIXABLE, "merger", "merger.yaml:4:5")
    assert (row.declared, row.observed) == ("read by merger", None)
    assert row.detail == "no consumer group on the broker belongs to merger"


def test_groups_that_read_something_else_are_named(found):
    (row,) = found(flows({NAME: log(5)}, group("merger-1", 1, topic="other\x1b")), readers=("merger",))
    assert row.detail == "its groups read other topics: `merger-1`"


@pytest.mark.parametrize("reader", [group("merger", 5), group("merger-eu", 0), group("merger", members=1)])
def test_a_group_that_reads_or_has_read_is_no_silence(found, reader):
    assert found(flows({NAME: log(5)}, reader), readers=("merger",)) == ()


@pytest.mark.parametrize(("watch", "rows"), [(Watch.AUTO, 0), (Watch.ALWAYS, 1), (Watch.NEVER, 0)])
def test_before_anything_has_run_only_who_asks_is_told(found, watch, rows):
    wishes = replace(BUILT_IN_POLICY, silent_readers=watch)
    strangers = group("console-consumer-1", 3, topic="other")
    assert len(found(flows({NAME: log(5)}, strangers), policy=wishes, readers=("merger",))) == rows


def test_never_is_never(found):
    wishes = replace(BUILT_IN_POLICY, silent_readers=Watch.NEVER)
    assert found(flows({NAME: log(5)}, group("router", 1, topic="x")), policy=wishes, readers=("merger",)) == ()


def test_a_reader_that_no_contract_names_is_told_while_it_reads(found):
    known, stranger = group("merger", 5), group("spy", 3, members=2)
    rows = found(flows({NAME: log(5)}, known, stranger), readers=("merger",))
    assert told(rows) == [("silent_reader", "group:spy", "reader_undeclared")]
    assert (rows[0].owner, rows[0].detail) == ("router", "2 members of the group `spy`")
    assert found(flows({NAME: log(5)}, known, group("spy", 3)), readers=("merger",)) == ()


def test_a_node_that_reads_without_a_subscription_is_one(found):
    rows = found(flows({NAME: log(5)}, group("merger", 5), group("router", 1, members=1)), readers=("merger",))
    assert told(rows) == [("silent_reader", "group:router", "reader_undeclared")]


def test_readers_outside_that_a_contract_names_are_expected(found):
    outside = (Outside(NAME, Role.SUBSCRIBES, Location("contract.yaml", 9, 1)),)
    seen = flows({NAME: log(5)}, group("merger", 5), group("dashboard", 3, members=1))
    assert found(seen, readers=("merger",), outside=outside) == ()


@pytest.mark.parametrize("hidden", ["groups may not be listed", ""])
def test_what_was_not_seen_is_unknown_and_never_silent(found, hidden):
    groups = () if hidden else (group("merger-1", unknown="not allowed to describe it"),)
    rows = found(flows({NAME: log(5)}, *groups, unknown=hidden), readers=("merger",))
    assert told(rows) == [("unknown", FLOWS, "not_observed")]
    assert rows[0].verdict is Verdict.UNKNOWN
    assert rows[0].detail == (hidden or "its group `merger-1`: not allowed to describe it")


def test_one_reader_unseen_hides_no_other(found):
    seen = flows({NAME: log(5)}, group("merger", unknown="not allowed"), group("router", 1, topic="other"))
    rows = found(seen, readers=("merger", "writer"))
    assert told(rows) == [("silent_reader", "node:writer", "nobody_reads"), ("unknown", FLOWS, "not_observed")]


# Stuck readers


def stuck(before, now, *, apart=timedelta(hours=1), log_before=(10,), log_now=(20,), since=None):
    """An observation, and the one before it."""
    earlier = Earlier(flows({NAME: log(*log_before)}, group("merger", *before), at=NOW - apart), since or {})
    return flows({NAME: log(*log_now)}, group("merger", *now)), earlier


@pytest.mark.parametrize(
    ("case", "rows"),
    [
        (stuck((10,), (10,)), 1),
        (stuck((10,), (11,)), 0),
        (stuck((20,), (20,)), 0),
        (stuck((10,), (10,), log_before=(20,)), 0),
        (stuck((10,), (10,), apart=timedelta(minutes=14)), 0),
        (stuck((10,), (10,), apart=timedelta(minutes=15)), 1),
        (stuck((10,), (10,), apart=timedelta(minutes=1), since={(NAME, "merger"): NOW - HOUR}), 1),
        (
            stuck(
                (10,),
                (10,),
                apart=timedelta(minutes=1),
                log_before=(20,),
                since={(NAME, "merger"): NOW - 2 * HOUR, (NAME, LOG): NOW - HOUR / 2},
            ),
            1,
        ),
        (
            stuck(
                (19,),
                (19,),
                apart=timedelta(minutes=1),
                log_before=(20,),
                since={(NAME, "merger"): NOW - HOUR / 2, (NAME, LOG): NOW - HOUR / 3},
            ),
            0,
        ),
        (
            stuck(
                (10,),
                (10,),
                log_before=(20,),
                since={(NAME, "merger"): NOW - HOUR, (NAME, LOG): NOW - 2 * HOUR},
            ),
            0,
        ),
        (stuck((10, 5), (10, 6), log_before=(10, 9), log_now=(20, 9)), 0),
    ],
)
def test_stuck_is_behind_and_no_further_while_the_log_moves(found, case, rows):
    seen, earlier = case
    assert told(found(seen, earlier, readers=("merger",))) == [("silent_reader", "group:merger", "reader_stuck")] * rows


def test_how_far_behind_and_how_long(found):
    seen, earlier = stuck((10,), (10,))
    (row,) = found(seen, earlier, readers=("merger",))
    assert row.detail == "at most 10 records behind, and no further for 1 h"


def test_without_an_earlier_look_nobody_is_stuck(found):
    assert found(flows({NAME: log(20)}, group("merger", 10)), readers=("merger",)) == ()


# Silent writers

DAILY = replace(BUILT_IN_POLICY, silent_after=timedelta(days=1))
TWO_DAYS = timedelta(days=2)


def quiet_for(lasting, *latest):
    return Earlier(flows({NAME: log(*latest, age=None)}, at=NOW - HOUR), {(NAME, LOG): NOW - lasting})


@pytest.mark.parametrize(
    ("offsets", "earlier", "rows"),
    [
        (log(5, age=TWO_DAYS), Earlier(), 1),
        (log(5, age=HOUR), Earlier(), 0),
        (log(5, age=-HOUR), Earlier(), 0),
        (log(5, age=None), Earlier(), 0),
        (log(0, age=None), Earlier(), 0),
        (log(0, age=None), quiet_for(TWO_DAYS, 0), 1),
        (log(5, age=None), quiet_for(TWO_DAYS, 5), 1),
        (log(5, age=None), quiet_for(HOUR, 5), 0),
        (log(6, age=None), quiet_for(TWO_DAYS, 5), 0),
    ],
)
def test_a_writer_is_silent_where_that_is_proved(found, offsets, earlier, rows):
    assert told(found(flows({NAME: offsets}), earlier, DAILY)) == [("silent_writer", "", "nothing_written")] * rows


def test_no_writer_is_silent_without_a_stated_window(found):
    assert found(flows({NAME: log(5, age=timedelta(days=900))})) == ()


@pytest.mark.parametrize(("every", "rows"), [(3_600_000, 1), (3 * 86_400_000, 0), (2**62, 0)])
def test_what_the_contract_promises_comes_before_the_settings(found, every, rows):
    seen = flows({NAME: log(5, age=TWO_DAYS)})
    assert len(found(seen, policy=DAILY, expected_every=every)) == rows
    assert len(found(seen, expected_every=every)) == rows


def test_what_a_silent_writer_says(found):
    (row,) = found(flows({NAME: log(5, age=TWO_DAYS)}), policy=DAILY)
    assert (row.owner, row.declared, row.detail) == ("router", "a record within 1 d", "no record from router for 2 d")
    (row,) = found(flows({NAME: log(0, age=None)}), quiet_for(TWO_DAYS, 0), DAILY)
    assert row.detail == "no record was ever seen from router for 2 d"


def test_a_log_that_was_not_seen_is_unknown(found):
    rows = found(flows({NAME: TopicOffsets((), (), unknown="timed out")}), policy=DAILY)
    assert told(rows) == [("unknown", FLOWS, "not_observed")]
    assert told(found(flows({}), policy=DAILY)) == [("unknown", FLOWS, "not_observed")]


# Stranded records


def test_records_under_a_name_that_nearly_is_a_declared_one_are_stranded(found):
    (row,) = found(flows({NAME: log(0, age=None), SLIP: log(60, 40)}), orphans=[SLIP])
    assert (row.kind, row.verdict, row.reason) == (
        DriftKind.STRANDED,
        Verdict.NEEDS_APPROVAL,
        Reason.RECORDS_STRANDED,
    )
    assert (row.topic, row.declared, row.observed) == (SLIP, NAME, "<=100 records")
    assert row.detail == (
        f"near `{NAME}` (contract.yaml:7), which holds no record; they differ in `_` and `-`; "
        "newest record at 2026-01-01 11:00:00 UTC"
    )


@pytest.mark.parametrize(
    ("declared", "since", "said"),
    [
        (log(0, age=None), None, "which holds no record;"),
        (log(9, age=3 * HOUR), NOW - 2 * HOUR, "which has had no record since the orphan appeared;"),
        (log(9, age=3 * HOUR), None, "whose newest record is older;"),
        (log(9, age=HOUR / 2), None, "which gets records as well;"),
        (log(9, age=None), None, "whose newest record could not be dated;"),
        (TopicOffsets((), (), unknown="timed out"), None, "whose own records could not be seen;"),
        (None, None, "whose own records could not be seen;"),
    ],
)
def test_what_the_declared_topic_got_meanwhile(found, declared, since, said):
    seen = {SLIP: log(7)} if declared is None else {NAME: declared, SLIP: log(7)}
    earlier = Earlier(orphaned_since={} if since is None else {SLIP: since})
    (row,) = found(flows(seen), earlier, orphans=[SLIP])
    assert said in row.detail


@pytest.mark.parametrize(
    ("orphan", "declared", "stranded"),
    [
        ("onex.evt.router.routing-completed.v1", log(9), True),
        ("onex.evt.router.ruoting-complete.v1", log(9), True),
        ("onex.evt.router.complete-routing.v1", log(9), True),
        ("onex.evt.router.routing-complete.v2", log(0, age=None), False),
        ("onex.evt.gateway.routing-complete.v1", log(9), False),
        ("onex.evt.gateway.routing-complete.v1", log(0, age=None), True),
        ("onex.evt.billing.invoice-sent.v1", log(0, age=None), False),
    ],
)
def test_a_slip_strands_and_another_version_does_not(found, orphan, declared, stranded):
    rows = found(flows({NAME: declared, orphan: log(7)}), orphans=[orphan])
    assert [row.topic for row in rows] == [orphan] * stranded


@pytest.mark.parametrize(
    ("rescued", "shown"),
    [({}, "<=100 records"), ({0: 60}, "<=40 records"), ({0: 60, 1: 39}, "<=1 record"), ({0: 60, 1: 40}, None)],
)
def test_what_was_rescued_is_stranded_no_more(found, rescued, shown):
    rows = found(flows({SLIP: log(60, 40)}), Earlier(rescued={SLIP: rescued}), orphans=[SLIP])
    assert [row.observed for row in rows] == ([] if shown is None else [shown])


def test_nothing_is_stranded_in_an_empty_orphan(found):
    assert found(flows({SLIP: log(0, age=None)}), orphans=[SLIP]) == ()


@pytest.mark.parametrize("offsets", [{}, {SLIP: TopicOffsets((), (), unknown="timed out")}])
def test_an_orphan_that_was_not_seen_may_be_stranded(found, offsets):
    rows = found(flows(offsets), orphans=[SLIP, "onex.evt.billing.invoice-sent.v1"])
    assert [(row.topic, row.kind, row.field, row.verdict) for row in rows] == [
        (SLIP, DriftKind.UNKNOWN, FLOWS, Verdict.UNKNOWN)
    ]
    assert rows[0].detail.startswith(f"near `{NAME}` (contract.yaml:7); ")


def test_who_ignores_orphans_hears_of_no_stranded_ones(found):
    wishes = replace(BUILT_IN_POLICY, orphaned=Rule(Compare.IGNORE))
    assert found(flows({SLIP: log(60)}), policy=wishes, orphans=[SLIP]) == ()


# Beside the other drift


def test_a_stranded_topic_has_no_orphans_row_beside_it(topic, manifest, observed, snapshot):
    wanted = topic()
    other = "onex.evt.billing.invoice-sent.v1"
    broker = snapshot(observed(wanted), ObservedTopic(SLIP, (1,)), ObservedTopic(other, (1,)))
    seen = flows({SLIP: log(60), other: log(3)}, group("spy\x1b", 3, topic=other))
    rows = joined(diff(manifest(wanted), broker), flow_drift(manifest(wanted), broker, seen))
    assert [(row.topic, row.kind) for row in rows] == [(other, DriftKind.ORPHANED), (SLIP, DriftKind.STRANDED)]
    assert rows == joined(rows, rows)
    (orphan, stranded) = with_flows(rows, seen)
    assert (orphan.observed, orphan.detail) == ("<=3 records", "read by `spy\\x1b`")
    assert stranded == rows[1]


def test_the_topics_to_look_at_are_the_declared_and_the_orphans(topic, manifest, observed, snapshot):
    internal = ObservedTopic("__consumer_offsets", (1,), internal=True)
    broker = snapshot(observed(topic()), ObservedTopic(SLIP, (1,)), internal)
    assert sorted(watched(manifest(topic(), topic("onex.evt.a.gone.v1")), broker)) == [NAME, SLIP]


def test_flows_make_rows_of_their_own_kinds_alone(found):
    seen, earlier = stuck((10,), (10,))
    seen = replace(seen, offsets={**seen.offsets, SLIP: log(4)})
    rows = found(seen, earlier, DAILY, orphans=[SLIP], readers=("merger", "writer"))
    assert {row.kind for row in rows} <= FLOW_KINDS | {DriftKind.UNKNOWN}
    assert len(rows) == 3
