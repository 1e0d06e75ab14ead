"""A topic of the broker as one that records are appended to, or read from. Pure."""

from __future__ import annotations

from omni_assets.broker.snapshot import ObservedTopic
from omni_assets.broker.transfer import Target
from omni_assets.errors import BrokerRefused

_LARGEST_BATCH = 1_000_000
_MOST_BYTES = "max.message.bytes"


def target_of(topic: ObservedTopic) -> Target:
    """The topic with the most bytes of a batch that it takes: one that is larger is refused whole."""
    stated = (topic.configs or {}).get(_MOST_BYTES)
    number = stated.value if stated is not None else None
    return Target(topic.name, topic.partitions or 1, int(number) if number and number.isdecimal() else _LARGEST_BATCH)


def readable(topic: ObservedTopic) -> int:
    """How many partitions there are to read. Raises ``BrokerRefused`` where they were not seen: what is hidden is not
    empty.
    """
    if not topic.partitions:
        raise BrokerRefused(f"to show `{topic.name}`", topic.unknown or "it tells of no partition")
    return topic.partitions
