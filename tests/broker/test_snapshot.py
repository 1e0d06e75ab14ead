"""What a snapshot counts."""

from __future__ import annotations

from datetime import UTC, datetime

from omni_assets.broker.snapshot import BrokerSnapshot, ObservedTopic


def test_topics_of_the_broker_itself_are_not_public() -> None:
    topics = (
        ObservedTopic("a", (1,)),
        ObservedTopic("b", (1,)),
        ObservedTopic("__consumer_offsets", (1,), internal=True),
    )
    seen = BrokerSnapshot(
        "c", "h:1", datetime(2026, 1, 1, tzinfo=UTC), (1,), {each.name: each for each in topics}, 1, 0.1
    )
    assert seen.public_topics == 2
