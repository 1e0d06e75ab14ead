"""Figures for people: ages, durations, and the calls that they took."""

from __future__ import annotations

from datetime import datetime

from omni_assets.contracts.text import count

_AGES = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def spent(seconds: float, calls: int | None = None) -> str:
    """``(0.21 s, 4 broker calls)``"""
    calls_text = "" if calls is None else f", {count(calls, 'broker call')}"
    return f"({seconds:.2f} s{calls_text})"


def age(since: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits: ``5 min``, ``2 h``, ``3 d``; ``now`` below a second."""
    seconds = int((now - since).total_seconds())
    return next((f"{seconds // width} {unit}" for unit, width in _AGES if seconds >= width), "now")
