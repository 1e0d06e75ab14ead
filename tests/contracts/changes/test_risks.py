"""Settings that changed, and what the change can do."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts.changes.risks import SettingChange, in_a_new_topic, setting_changes
from omni_assets.contracts.model import Role, TopicSpec


def spec(partitions: int | None = 1, replicas: int | None = 1, keyed: bool | None = None, **config: str) -> TopicSpec:
    named = {key.replace("_", "."): value for key, value in config.items()}
    return TopicSpec(partitions, replicas, keyed, MappingProxyType(named))


def change(before: TopicSpec, after: TopicSpec) -> SettingChange:
    """The one setting that differs."""
    (only,) = setting_changes(before, after)
    return only


HURTS = [
    (spec(3), spec(2), "no broker takes partitions away"),
    (spec(3, keyed=True), spec(6, keyed=True), "a key's new records go to another partition"),
    (spec(3), spec(6), "if it is keyed, a key's new records go to another partition"),
    (spec(keyed=True), spec(keyed=False), "no longer keep their order"),
    (spec(replicas=3), spec(replicas=1), "fewer lost brokers"),
    (spec(retention_ms="604800000"), spec(retention_ms="86400000"), "more than 1d behind loses records"),
    (spec(retention_ms="-1"), spec(retention_ms="86400000"), "more than 1d behind loses records"),
    (spec(retention_ms="86400000"), spec(), "left to the broker"),
    (spec(retention_bytes="2048"), spec(retention_bytes="1024"), "more than 1 KiB behind loses records"),
    (spec(), spec(retention_bytes="1024"), "more than 1 KiB behind loses records"),
    (spec(), spec(cleanup_policy="compact"), "only the last record is kept"),
    (spec(cleanup_policy="delete"), spec(cleanup_policy="compact,delete"), "only the last record is kept"),
    (spec(cleanup_policy="compact"), spec(cleanup_policy="delete"), "records go with age or size"),
    (spec(), spec(min_insync_replicas="2"), "publishing fails"),
    (spec(max_message_bytes="2048"), spec(max_message_bytes="1024"), "larger records are refused"),
]
HARMLESS = [
    (spec(3, keyed=False), spec(6, keyed=False)),
    (spec(None), spec(3)),
    (spec(3), spec(None)),
    (spec(keyed=False), spec(keyed=True)),
    (spec(keyed=True), spec(keyed=None)),
    (spec(replicas=1), spec(replicas=3)),
    (spec(replicas=None), spec(replicas=1)),
    (spec(retention_ms="86400000"), spec(retention_ms="604800000")),
    (spec(retention_ms="86400000"), spec(retention_ms="-1")),
    (spec(), spec(retention_ms="86400000")),
    (spec(retention_bytes="1024"), spec()),
    (spec(), spec(cleanup_policy="delete")),
    (spec(min_insync_replicas="2"), spec(min_insync_replicas="1")),
    (spec(max_message_bytes="1024"), spec(max_message_bytes="2048")),
    (spec(max_message_bytes="1024"), spec()),
    (spec(compression_type="zstd"), spec(compression_type="lz4")),
]


@pytest.mark.parametrize(("before", "after", "risk"), HURTS)
def test_a_change_that_hurts_says_what_it_does(before: TopicSpec, after: TopicSpec, risk: str) -> None:
    assert risk in change(before, after).risk


@pytest.mark.parametrize(("before", "after"), HARMLESS)
def test_a_change_that_hurts_nobody_is_told_without_a_risk(before: TopicSpec, after: TopicSpec) -> None:
    assert change(before, after).risk == ""


def test_what_refuses_records_hurts_publishers_and_all_else_subscribers() -> None:
    assert change(spec(), spec(min_insync_replicas="2")).hurts == (Role.PUBLISHES,)
    assert change(spec(max_message_bytes="2"), spec(max_message_bytes="1")).hurts == (Role.PUBLISHES,)
    assert change(spec(2), spec(1)).hurts == (Role.SUBSCRIBES,)


def test_retention_matters_only_where_records_are_deleted() -> None:
    longer, shorter = {"retention_ms": "2000"}, {"retention_ms": "1000"}
    compacted, both = {"cleanup_policy": "compact"}, {"cleanup_policy": "compact,delete"}
    assert change(spec(**longer, **compacted), spec(**shorter, **compacted)).risk == ""
    assert change(spec(**longer, **both), spec(**shorter, **both)).risk != ""


def test_a_change_reads_as_people_write_settings() -> None:
    assert str(change(spec(retention_ms="604800000"), spec(retention_ms="86400000"))) == "retention.ms 7d -> 1d"
    assert str(change(spec(None), spec(3))) == "partitions - -> 3"


def test_a_topic_that_takes_anothers_place_has_no_records_to_move() -> None:
    changes = setting_changes(spec(3, keyed=True, retention_ms="2000"), spec(6, keyed=True, retention_ms="1000"))
    assert [bool(each.risk) for each in changes] == [True, True]
    assert [bool(each.risk) for each in in_a_new_topic(changes)] == [False, True]


whole = st.none() | st.integers(1, 9)
specs = st.builds(
    lambda partitions, replicas, keyed, config: TopicSpec(partitions, replicas, keyed, MappingProxyType(config)),
    whole,
    whole,
    st.none() | st.booleans(),
    st.fixed_dictionaries(
        {},
        optional={
            "retention.ms": st.integers(-1, 10**12).map(str),
            "retention.bytes": st.integers(-1, 10**12).map(str),
            "cleanup.policy": st.sampled_from(["compact", "delete", "compact,delete"]),
            "min.insync.replicas": st.integers(1, 5).map(str),
            "max.message.bytes": st.integers(0, 10**7).map(str),
        },
    ),
)


@given(specs)
def test_nothing_differs_from_itself(one: TopicSpec) -> None:
    assert setting_changes(one, one) == ()


@given(specs, specs)
def test_there_and_back_names_the_same_settings_the_other_way_round(one: TopicSpec, other: TopicSpec) -> None:
    there = {(each.name, each.before, each.after) for each in setting_changes(one, other)}
    back = {(each.name, each.after, each.before) for each in setting_changes(other, one)}
    assert there == back
    assert all(before != after for _, before, after in there)
