"""Where in which trace something belongs, as it travels: W3C Trace Context, level 2. Pure.

https://www.w3.org/TR/trace-context-2/
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_MEMBERS, MOST_CHARACTERS = 32, 512
"""What a ``tracestate`` may hold; one with more is not passed on."""

_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_KEY = r"[a-z0-9][_0-9a-z*/@-]{0,255}"
_VALUE = r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
_MEMBER = re.compile(rf"({_KEY})={_VALUE}")
_KNOWN_FLAGS = 0x03  # sampled, random trace id


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A place in a trace: what follows from it is below the span ``span_id``. Ids are lower-case hex of 32 and 16
    digits; ``state`` is what tracing systems say to themselves.
    """

    trace_id: str
    span_id: str
    flags: int = 1
    state: str = ""

    @property
    def traceparent(self) -> str:
        """As it is written in a header, in version 00."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"


@dataclass(frozen=True, slots=True)
class NewTrace:
    """The beginning of a trace; its id is 32 lower-case hex digits, or left to chance where it is empty."""

    id: str = ""


def read_trace_context(traceparent: str | None, tracestate: str | None = None) -> TraceContext | None:
    """The place that two headers name; ``None`` where they name none, be it that they are malformed: they are
    anybody's. A malformed ``tracestate`` alone is left out, as the recommendation has it.
    """
    found = _PARENT.fullmatch(traceparent or "")
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not int(trace_id, 16) or not int(span_id, 16):
        return None
    return TraceContext(trace_id, span_id, int(flags, 16) & _KNOWN_FLAGS, _state(tracestate or ""))


def _state(text: str) -> str:
    members = [member for each in text.split(",") if (member := each.strip(" \t"))]
    found = [_MEMBER.fullmatch(each) for each in members]
    keys = {each[1] for each in found if each is not None}
    joined = ",".join(members)
    whole = len(keys) == len(members) <= MOST_MEMBERS and len(joined) <= MOST_CHARACTERS
    return joined if whole else ""
