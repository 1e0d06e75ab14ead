"""What the values of flows count, and what they refuse to count."""

from __future__ import annotations

from omni_assets.broker.flows import ObservedGroup, TopicOffsets


def test_records_are_counted_over_all_partitions_and_never_below_zero() -> None:
    assert TopicOffsets((0, 5, 9), (10, 5, 3)).most_records == 10
    assert TopicOffsets((), ()).most_records == 0


def test_a_topic_that_was_not_seen_is_not_empty() -> None:
    assert TopicOffsets((), (), unknown="not authorised").most_records is None


def test_a_group_reads_what_it_committed_and_what_it_is_assigned() -> None:
    group = ObservedGroup("g", "stable", 1, {("read", 0): 1, ("read", 1): 2}, assigned=frozenset({"assigned"}))
    assert group.topics == {"read", "assigned"}
