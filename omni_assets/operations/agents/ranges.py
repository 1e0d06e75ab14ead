"""From when to when, or from where to where, records of a topic are worked on again. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from omni_assets.contracts.values import InvalidValue, interval
from omni_assets.errors import InputError

Bound: TypeAlias = datetime | Mapping[int, int]
"""A moment, or an offset for each partition that is meant."""

BEGINNING = "start"
"""How the beginning of a topic is named."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_POSITIONS = re.compile(r"[0-9]{1,9}:[0-9]{1,18}(?:,[0-9]{1,9}:[0-9]{1,18})*")


def read_bound(text: str, now: datetime) -> Bound:
    """A moment (``2026-03-01``, ``2026-03-01T12:00``, in UTC where it names no zone), an age before ``now`` (``2h``),
    ``start``, or positions (``0:1200,2:1180``: an offset for each partition).

    Raises ``InputError``.
    """
    words = text.strip()
    if words == BEGINNING:
        return _EPOCH
    if _POSITIONS.fullmatch(words):
        return _positions(words)
    try:
        return now - timedelta(milliseconds=interval(words))
    except (InvalidValue, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        raise InputError(
            f"`{text}` is no place in a topic.",
            "Give a moment such as 2026-03-01T12:00, an age such as 2h, `start`, or positions such as 0:1200,2:1180 "
            "(partition:offset).",
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def spans(log: Mapping[int, range], start: Mapping[int, int], end: Mapping[int, int]) -> Mapping[int, range]:
    """What of a ``log`` lies from ``start`` up to, and without, ``end``: offsets by partition, where both name it and
    anything is.

    No span reaches beyond the log.
    """
    found = {
        each: range(max(offsets.start, start[each]), min(offsets.stop, end[each]))
        for each, offsets in log.items()
        if each in start and each in end
    }
    return {each: span for each, span in found.items() if span}


def _positions(words: str) -> Mapping[int, int]:
    pairs = [each.split(":") for each in words.split(",")]
    offsets = {int(partition): int(offset) for partition, offset in pairs}
    if len(offsets) < len(pairs):
        raise InputError(f"`{words}` names a partition twice.", "Give one offset for each.")
    return offsets
