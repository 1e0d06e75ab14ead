"""What is written and read on a broker, by topic. What was not seen is neither. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from omni_assets.broker.flows import Flows, TopicOffsets


@dataclass(frozen=True, slots=True)
class Traffic:
    """``readers`` are the groups that read a topic or have read it, in order; of some topics there may be more, where
    ``unseen`` is set."""

    offsets: Mapping[str, TopicOffsets]
    readers: Mapping[str, tuple[str, ...]]
    unseen: bool

    def written(self, topic: str) -> bool | None:
        """Whether a record was ever written; ``None`` where that was not seen."""
        offsets = self.offsets.get(topic)
        return None if offsets is None or offsets.unknown else any(offsets.latest)

    def read(self, topic: str) -> bool | None:
        """Whether a group reads it or has read it; ``None`` where that was not seen."""
        return True if self.readers.get(topic) else None if self.unseen else False


def traffic(flows: Flows) -> Traffic:
    """The traffic that one look saw."""
    readers: dict[str, list[str]] = {}
    for group in flows.readers:
        for topic in group.topics:
            readers.setdefault(topic, []).append(group.name)
    unseen = bool(flows.unknown) or any(group.unknown for group in flows.readers)
    return Traffic(flows.offsets, {topic: tuple(groups) for topic, groups in readers.items()}, unseen)
