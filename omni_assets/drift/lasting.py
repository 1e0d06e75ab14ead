"""How long something lasts, for people. Pure."""

from __future__ import annotations

from datetime import timedelta

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


def lasting(time: timedelta) -> str:
    """``90 s``, ``15 min``, ``36 h``, ``3 d``: the largest unit of which there are two, or an exact one."""
    seconds = int(time.total_seconds())
    for unit, width in _UNITS:
        if seconds >= 2 * width or seconds == width:
            return f"{seconds // width} {unit}"
    return f"{seconds} s"
