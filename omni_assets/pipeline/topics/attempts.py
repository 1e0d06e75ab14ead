"""What the sensor on missing topics has tried, and when it may try again. Pure; kept in the sensor's cursor as JSON.

A topic that cannot be created is tried again after a minute, then two, four, and so on up to an hour. A topic that is
there again is forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

FIRST_PAUSE = 60.0
"""Seconds between the first attempt at a topic and the second."""

LONGEST_PAUSE = 3600.0
"""Most seconds between two attempts at a topic."""


class Attempt(NamedTuple):
    """How often a topic was tried, and when last, in seconds since 1970."""

    times: int
    at: float

    @property
    def next_at(self) -> float:
        """When the topic may be tried again."""
        return self.at + min(FIRST_PAUSE * 2.0 ** min(self.times - 1, 20), LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts at topics that were missing, by name."""

    by_topic: Mapping[str, Attempt] = field(default_factory=dict)

    def due(self, missing: Iterable[str], now: float) -> tuple[str, ...]:
        """The missing topics that may be tried now. An attempt from the future (a clock set back) does not count."""
        return tuple(topic for topic in missing if self._due(topic, now))

    def next_at(self, missing: Iterable[str]) -> float | None:
        """When the first of the missing topics that were tried may be tried again."""
        return min((self.by_topic[topic].next_at for topic in missing if topic in self.by_topic), default=None)

    def tried(self, topics: Iterable[str], now: float) -> Attempts:
        """The same attempts with one more at each of ``topics``."""
        more = {topic: Attempt(self.by_topic.get(topic, Attempt(0, now)).times + 1, now) for topic in topics}
        return Attempts({**self.by_topic, **more})

    def only(self, missing: Iterable[str]) -> Attempts:
        """The attempts at topics that are still missing."""
        still = set(missing)
        return Attempts({topic: attempt for topic, attempt in self.by_topic.items() if topic in still})

    def _due(self, topic: str, now: float) -> bool:
        attempt = self.by_topic.get(topic)
        return attempt is None or now >= attempt.next_at or now < attempt.at


def dump(attempts: Attempts) -> str:
    """The cursor: the same attempts give the same text."""
    return json.dumps({topic: list(attempts.by_topic[topic]) for topic in sorted(attempts.by_topic)})


def parse(cursor: str | None) -> Attempts:
    """The attempts in a cursor; none where there is no cursor, or one that cannot be read."""
    try:
        entries: Any = json.loads(cursor or "{}")
        return Attempts({str(topic): Attempt(int(times), float(at)) for topic, (times, at) in entries.items()})
    except (ValueError, TypeError, AttributeError):
        return Attempts()
