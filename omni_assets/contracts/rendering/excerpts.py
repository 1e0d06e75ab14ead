"""The line that a finding is about, safe to show, with the place in it. Pure: whoever asks has read the file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from omni_assets.contracts.model import Finding
from omni_assets.contracts.text import columns, visible

TAB = "    "
CUT = "…"

# The line breaks of YAML 1.1, which is how marks count lines.
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_QUOTED = re.compile(r"""(["'])(?:(?!\1).)*\1?""")
_LONGEST = 1000
_WORD = re.compile(r"[^\s,\[\]{}]+")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One line of a file, as it may be shown: what comes before the place, the place, and what comes after."""

    line: int
    parts: tuple[str, str, str]

    @property
    def start(self) -> int:
        """How many columns of a terminal come before the place."""
        return columns(self.parts[0])

    @property
    def length(self) -> int:
        """How many columns the place takes, at least one."""
        return max(columns(self.parts[1]), 1)


def lines_of(content: bytes) -> Sequence[str]:
    """The lines of a file without its byte order mark; bytes that are not UTF-8 become U+FFFD."""
    return _BREAK.split(content.decode("utf-8-sig", "replace"))


def excerpt(finding: Finding, lines: Sequence[str], room: int) -> Excerpt | None:
    """The line of ``finding`` among ``lines``, in at most ``room`` columns; ``None`` where there is nothing to see."""
    number, at = finding.location.line, finding.location.column - 1
    if number > len(lines):
        return None
    # A line may be as long as a file: only what can be shown is looked at.
    begin = max(0, at - room)
    window = lines[number - 1][begin : at + _LONGEST].rstrip()
    start, end = _span(window, at - begin, finding.topic)
    if not window[start:end].strip():
        return None
    before = (CUT if begin else "") + _shown(window[:start])
    return _fitted(number, before, _shown(window[start:end]), _shown(window[end : end + room]), room)


def _span(line: str, start: int, topic: str | None) -> tuple[int, int]:
    """From where to where the carets go: the topic where the line names it, else the value or word at the place."""
    named = line.find(topic, start) if topic else -1
    if topic and named >= 0:
        return named, named + len(topic)
    found = _QUOTED.match(line, start) or _WORD.match(line, start)
    return (start, found.end()) if found else (start, start + 1)


def _fitted(number: int, before: str, place: str, after: str, room: int) -> Excerpt:
    place = _beginning(place, room)
    left = room - columns(place)
    if columns(before) + columns(after) > left:
        # Half of what is left goes before the place, so that a reader sees what leads there.
        before = _end(before, max(left // 2, left - columns(after)))
        after = _beginning(after, left - columns(before))
    return Excerpt(number, (before, place, after))


def _beginning(text: str, room: int) -> str:
    if columns(text) <= room:
        return text
    return text[: _fitting(text, room - 1)] + CUT if room > 0 else ""


def _end(text: str, room: int) -> str:
    if columns(text) <= room:
        return text
    return CUT + text[len(text) - _fitting(text[::-1], room - 1) :] if room > 0 else ""


def _fitting(text: str, room: int) -> int:
    """How many characters of ``text`` fit into ``room`` columns."""
    for number, taken in enumerate(accumulate(map(columns, text))):
        if taken > room:
            return number
    return len(text)


def _shown(text: str) -> str:
    return visible(text.replace("\t", TAB))
