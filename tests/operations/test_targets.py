"""How large a batch a topic takes is what its configs say, where they say it."""

from __future__ import annotations

import pytest

from omni_assets.broker.snapshot import ConfigSource, ObservedConfig, ObservedTopic
from omni_assets.broker.transfer import Target
from omni_assets.errors import BrokerRefused
from omni_assets.operations.targets import readable, target_of


@pytest.mark.parametrize(
    ("stated", "largest"), [("2000", 2_000), (None, 1_000_000), ("", 1_000_000), ("-1", 1_000_000)]
)
def test_what_a_topic_takes_is_what_it_says(stated: str | None, largest: int) -> None:
    configs = {"max.message.bytes": ObservedConfig(stated, ConfigSource.TOPIC)}
    assert target_of(ObservedTopic("t", (1, 1, 1), configs=configs)) == Target("t", 3, largest)


def test_what_was_not_seen_is_taken_for_one_partition_of_the_usual_size() -> None:
    assert target_of(ObservedTopic("t", ())) == Target("t", 1, 1_000_000)


def test_what_is_hidden_is_not_empty() -> None:
    assert readable(ObservedTopic("t", (1, 1, 1), unknown="its configs were not seen")) == 3
    with pytest.raises(BrokerRefused, match="to show `t`: not authorised"):
        readable(ObservedTopic("t", (), unknown="not authorised"))
