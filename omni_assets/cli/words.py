"""Text for people: counts, ages, durations, and nothing that could steer a terminal."""

from __future__ import annotations

import unicodedata
from datetime import datetime

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_AGES = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def visible(text: str) -> str:
    """``text`` with every control character written out, so that it can neither colour, move nor forge a line."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        _written_out(character) if unicodedata.category(character) in _UNSAFE else character for character in text
    )


def visible_lines(text: str) -> str:
    """As ``visible``, keeping the line breaks of a text that was laid out on purpose."""
    return "\n".join(visible(line) for line in text.split("\n"))


def count(number: int, noun: str) -> str:
    """``1 topic``, ``31 topics``, ``1,000 topics``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def spent(seconds: float, calls: int | None = None) -> str:
    """``(0.21 s, 4 broker calls)``"""
    calls_text = "" if calls is None else f", {count(calls, 'broker call')}"
    return f"({seconds:.2f} s{calls_text})"


def age(since: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits: ``5 min``, ``2 h``, ``3 d``; ``now`` below a second."""
    seconds = int((now - since).total_seconds())
    return next((f"{seconds // width} {unit}" for unit, width in _AGES if seconds >= width), "now")


def _written_out(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
