"""What a sensor has tried, and when it may try again. Pure; kept in the sensor's cursor as JSON.

What failed is tried again after a minute, then two, four, and so on up to an hour. One sensor tries missing topics, by
name; the other what is declared, by fingerprint. What no longer matters is forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

FIRST_PAUSE = 60.0
"""Seconds between the first attempt and the second."""

LONGEST_PAUSE = 3600.0
"""Most seconds between two attempts."""


class Attempt(NamedTuple):
    """How often something was tried, and when last, in seconds since 1970."""

    times: int
    at: float

    @property
    def next_at(self) -> float:
        """When it may be tried again, in seconds since 1970."""
        return self.at + min(FIRST_PAUSE * 2.0 ** min(self.times - 1, 20), LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class Attempts:
    """The attempts so far, by the name of what was tried."""

    by_name: Mapping[str, Attempt] = field(default_factory=dict)

    def waits_until(self, names: Iterable[str], now: float) -> float | None:
        """When the first of ``names`` may be tried, in seconds since 1970, as ``now`` is; ``None`` where
        one may be now.
        """
        at = min((self._next_at(name, now) for name in names), default=now)
        return at if at > now else None

    def tried(self, names: Iterable[str], now: float) -> Attempts:
        """The same attempts with one more at each of ``names``, ``now``, in seconds since 1970."""
        more = {name: Attempt(self.by_name.get(name, Attempt(0, now)).times + 1, now) for name in names}
        return Attempts({**self.by_name, **more})

    def only(self, names: Iterable[str]) -> Attempts:
        """The attempts at what still matters."""
        still = set(names)
        return Attempts({name: attempt for name, attempt in self.by_name.items() if name in still})

    def _next_at(self, name: str, now: float) -> float:
        attempt = self.by_name.get(name)
        # An attempt from the future does not count: the clock was set back.
        return now if attempt is None or now < attempt.at else attempt.next_at


def dump(attempts: Attempts) -> str:
    """The cursor: the same attempts give the same text."""
    return json.dumps({name: list(attempts.by_name[name]) for name in sorted(attempts.by_name)})


def parse(cursor: str | None) -> Attempts:
    """The attempts in a cursor; none where there is no cursor, or one that cannot be read."""
    try:
        entries: Any = json.loads(cursor or "{}")
        return Attempts({str(name): Attempt(int(times), float(at)) for name, (times, at) in entries.items()})
    except (ValueError, TypeError, AttributeError):
        return Attempts()
