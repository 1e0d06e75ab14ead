"""Text that is safe to show, and figures with their nouns. Pure."""

from __future__ import annotations

import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


def visible(shown: str) -> str:
    """``shown`` with every control, formatting and line-breaking character written out as an escape."""
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(_escaped(each) if unicodedata.category(each) in _UNSAFE else each for each in shown)


def columns(shown: str) -> int:
    """How many columns of a terminal ``shown`` takes: East Asian wide characters take two, combining marks none."""
    if shown.isascii():
        return len(shown)
    return sum(_columns(each) for each in shown)


def count(number: int, noun: str) -> str:
    """``number`` of something with its noun: ``1 topic``, ``31 topics``, ``1,000 topics``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
