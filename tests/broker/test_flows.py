"""What the values of flows count, and what they refuse to count."""

from __future__ import annotations

from datetime import UTC, datetime

from omni_assets.broker.flows import Flows, ObservedGroup, TopicOffsets


def test_records_are_counted_over_all_partitions_and_never_below_zero() -> None:
    assert TopicOffsets((0, 5, 9), (10, 5, 3)).most_records == 10
    assert TopicOffsets((), ()).most_records == 0


def test_a_topic_that_was_not_seen_is_not_empty() -> None:
    assert TopicOffsets((), (), unknown="not authorised").most_records is None


def test_a_group_reads_what_it_committed_and_what_it_is_assigned() -> None:
    group = ObservedGroup("g", "stable", 1, {("read", 0): 1, ("read", 1): 2}, assigned=frozenset({"assigned"}))
    assert group.topics == {"read", "assigned"}


def test_groups_that_keep_the_positions_of_rescues_migrations_replays_and_workers_read_for_nobody() -> None:
    own = (
        "omni-rescue.0123456789abcdef",
        "omni-migrate.0123456789abcdef",
        "omni-replay.0123456789ab",
        "echo.replay.0123456789ab",
        "omni-worker.echo-0",
        "omni-worker.echo.replay.0123456789ab-0",
    )
    others = (
        "echo",
        "echo.replay.yesterday",
        "omni-replay",
        "omni-worker-ledger",
        ".replay.0123456789ab",
        "my.replay.0123456789abc",
    )
    groups = {name: ObservedGroup(name, "empty", 0) for name in (*own, *others)}
    flows = Flows(datetime(2026, 3, 1, tzinfo=UTC), {}, groups)
    assert {each.name for each in flows.readers} == set(others)
