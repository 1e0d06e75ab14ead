"""What holds for any contracts and any broker: a plan converges, its hash covers what it rests on and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.broker.capabilities import Capabilities
from omni_assets.broker.snapshot import ConfigSource, ObservedConfig, ObservedTopic
from omni_assets.drift.diff import diff
from omni_assets.drift.plan import (
    EVERYTHING,
    PlanUnreadable,
    build,
    document,
    from_document,
    selected,
    state_hash,
    windows,
)
from omni_assets.drift.policy import BUILT_IN_POLICY, Compare, Fix, Policy, Rule
from omni_assets.drift.verdict import Verdict

MADE = datetime(2026, 2, 1, tzinfo=UTC)
KEYS = ("retention.ms", "retention.bytes", "cleanup.policy", "max.message.bytes", "segment.ms", "min.insync.replicas")

values = st.one_of(st.integers(-1, 10**20).map(str), st.sampled_from(["delete", "compact", "compact,delete", "x\x1b"]))
specs = st.tuples(
    st.none() | st.integers(1, 9),
    st.none() | st.integers(1, 4),
    st.none() | st.booleans(),
    st.dictionaries(st.sampled_from(KEYS), values, max_size=3),
)
entries = st.builds(ObservedConfig, st.none() | values, st.sampled_from(list(ConfigSource)), st.none() | values)
present = st.none() | st.tuples(
    st.lists(st.integers(1, 4), max_size=9).map(tuple),
    st.none() | st.dictionaries(st.sampled_from(KEYS), entries, max_size=5),
    st.booleans(),
    st.sampled_from(["", "not allowed to describe it"]),
)
rules = st.builds(Rule, st.sampled_from(list(Compare)), st.none() | st.sampled_from(list(Fix)))
policies = st.builds(
    Policy,
    config=st.dictionaries(st.sampled_from([*KEYS, "*", "retention.*"]), rules, max_size=3),
    partitions=rules,
    replication_factor=rules,
    missing=rules,
    orphaned=rules,
)
abilities = st.none() | st.builds(
    Capabilities,
    st.just("cluster"),
    no_effect_keys=st.frozensets(st.sampled_from(KEYS), max_size=2),
    rejected_keys=st.frozensets(st.sampled_from(KEYS), max_size=1),
    replication_by_config=st.none() | st.booleans(),
)
worlds = st.lists(st.tuples(specs, present), max_size=5)


@pytest.fixture(scope="session")
def world(topic, manifest, snapshot):
    """Contracts and a broker, from plain data."""

    def build_world(parts):
        topics, seen = [], []
        for number, ((partitions, factor, keyed, config), found) in enumerate(parts):
            name = f"onex.evt.router.event-{number}.v1"
            topics.append(topic(name, partitions=partitions, replication_factor=factor, keyed=keyed, config=config))
            if found is not None:
                replicas, configs, internal, unknown = found
                seen.append(ObservedTopic(name, replicas, internal, f"id-{number}", configs, unknown))
        return manifest(*topics), snapshot(*seen, brokers=3)

    return build_world


def planned(contracts, broker, policy=BUILT_IN_POLICY, capabilities=None, **others):
    drift = diff(contracts, broker, policy, capabilities)
    return build(
        contracts, broker, drift, policy, environment="local", made_at=MADE, capabilities=capabilities, **others
    )


@given(worlds, policies, abilities)
def test_a_plan_with_every_step_approved_leaves_no_step(world, carry_out, parts, policy, capabilities):
    contracts, broker = world(parts)
    plan = planned(contracts, broker, policy, capabilities)
    after = carry_out(contracts, broker, selected(plan, [EVERYTHING]))
    again = planned(contracts, after, policy, capabilities)
    assert again.steps == ()
    assert {(row.topic, row.kind, row.field) for row in again.surfaced} == {
        (row.topic, row.kind, row.field) for row in plan.surfaced
    }


@given(worlds, policies, abilities)
def test_every_difference_is_a_step_or_surfaced_and_none_is_both(world, parts, policy, capabilities):
    contracts, broker = world(parts)
    drift = diff(contracts, broker, policy, capabilities)
    plan = planned(contracts, broker, policy, capabilities)
    told = [(each.topic, each.kind, each.field) for each in (*plan.steps, *plan.surfaced)]
    assert sorted(told) == [(row.topic, row.kind, row.field) for row in drift]
    assert len({step.id for step in plan.steps}) == len(plan.steps)
    for step in plan.steps:
        assert step.verdict in (Verdict.AUTO_FIXABLE, Verdict.NEEDS_APPROVAL)
        assert step.reason.endswith(".")
        assert step.consequence.endswith(".")
        assert (step.reason + step.consequence).isprintable()
    assert [step.action.rank for step in plan.steps] == sorted(step.action.rank for step in plan.steps)


@given(worlds, policies)
def test_what_is_unseen_or_the_brokers_own_is_never_touched(world, parts, policy):
    contracts, broker = world(parts)
    for step in planned(contracts, broker, policy).steps:
        seen = broker.topics.get(step.topic)
        assert seen is None or not seen.internal
        if seen is not None and step.kind == "config":
            assert seen.configs is not None


@given(worlds, policies)
def test_nothing_that_loses_records_runs_unasked_because_of_a_pattern(world, parts, policy):
    contracts, broker = world(parts)
    for step in planned(contracts, broker, policy).steps:
        if step.safe and step.field == "retention.ms" and step.after != step.before:
            named = policy.config.get("retention.ms", Rule()).fix is Fix.AUTO
            keeps_more = step.after == "-1" or (step.before != "-1" and int(step.after) > int(step.before))
            assert named or keeps_more


@given(worlds, policies, abilities, st.randoms(use_true_random=False))
def test_the_hash_depends_on_no_order_and_no_time(world, manifest, snapshot, parts, policy, capabilities, chance):
    contracts, broker = world(parts)
    names = list(contracts.topics)
    first = state_hash(contracts, broker, names, policy, capabilities)
    topics, seen = list(contracts.topics.values()), list(broker.topics.values())
    for each in (topics, seen, names):
        chance.shuffle(each)
    later = replace(
        snapshot(*seen, brokers=3),
        observed_at=broker.observed_at + timedelta(days=3),
        calls=99,
        seconds=7.0,
    )
    well = {name: replace(found, in_sync=(0,), leaderless=1) for name, found in later.topics.items()}
    assert state_hash(manifest(*topics), replace(later, topics=well), names, policy, capabilities) == first


@given(worlds.filter(bool), st.data())
def test_a_change_of_what_a_plan_rests_on_makes_it_stale(world, topic, manifest, parts, data):
    contracts, broker = world(parts)
    name = data.draw(st.sampled_from(sorted(contracts.topics)))
    before = state_hash(contracts, broker, contracts.topics, BUILT_IN_POLICY)
    seen = broker.topics.get(name)
    changed = [
        replace(broker, topics={**broker.topics, name: ObservedTopic(name, (1,) * 10, topic_id="id-other")}),
        replace(broker, topics={key: value for key, value in broker.topics.items() if key != name}),
    ]
    for other in changed if seen is not None else changed[:1]:
        assert state_hash(contracts, other, contracts.topics, BUILT_IN_POLICY) != before
    other_spec = manifest(*{**contracts.topics, name: topic(name, partitions=11)}.values())
    assert state_hash(other_spec, broker, contracts.topics, BUILT_IN_POLICY) != before
    wishes = replace(BUILT_IN_POLICY, partitions=Rule(fix=Fix.NEVER))
    assert state_hash(contracts, broker, contracts.topics, wishes) != before


@given(worlds.filter(lambda parts: len(parts) > 1))
def test_a_change_of_another_topic_does_not(world, parts):
    contracts, broker = world(parts)
    first, *_, last = sorted(contracts.topics)
    moved = replace(broker, topics={**broker.topics, last: ObservedTopic(last, (1,) * 10)})
    assert state_hash(contracts, moved, [first], BUILT_IN_POLICY) == state_hash(
        contracts, broker, [first], BUILT_IN_POLICY
    )


@given(worlds, policies)
def test_a_plan_survives_its_document(world, parts, policy):
    contracts, broker = world(parts)
    plan = planned(contracts, broker, policy)
    assert from_document(json.loads(json.dumps(document(plan)))) == plan


def paths(value, at=()):
    """Every place in a JSON value."""
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from paths(each, (*at, key))


@given(worlds.filter(bool), st.data())
def test_a_document_in_which_anything_was_edited_is_refused(world, parts, data):
    written = json.loads(json.dumps(document(planned(*world(parts)))))
    place = data.draw(st.sampled_from([path for path in paths(written) if path]))
    holder = written
    for key in place[:-1]:
        holder = holder[key]
    new = data.draw(st.sampled_from(["edited", 7, None, [], {}]).filter(lambda each: each != holder[place[-1]]))
    holder[place[-1]] = new
    with pytest.raises(PlanUnreadable):
        from_document(written)


@given(worlds, policies)
def test_records_are_counted_where_they_may_fall_out_and_nowhere_else(world, parts, policy):
    contracts, broker = world(parts)
    drift = diff(contracts, broker, policy)
    asked = windows(drift, broker)
    plan = planned(contracts, broker, policy, records_before=MappingProxyType(dict.fromkeys(asked, 7)))
    for name, before in asked.items():
        assert before <= broker.observed_at
        told = [step.consequence for step in plan.steps if step.topic == name]
        assert any("At most 7 records are" in each for each in told)
    assert {step.topic for step in plan.steps if "7 records" in step.consequence} == set(asked)
