"""Streams as Redis tells of them: immutable values. Pure; imports no client.

Names are bytes to Redis. Here they are text, in which a byte that is no UTF-8 stands as a lone surrogate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple, Self

_ID = re.compile(r"([0-9]{1,20})(?:-([0-9]{1,20}))?")
_LARGEST = 2**64 - 1
_ID_BYTES = 16


class EntryId(NamedTuple):
    """Where an entry stands in its stream: by default the milliseconds since 1970 at which it was added, and a number
    among those of that millisecond."""

    milliseconds: int
    sequence: int

    @classmethod
    def read(cls, text: str) -> Self:
        """The id that a text states, as Redis writes it; ``1700000000000`` is ``1700000000000-0``.

        Raises ``ValueError``.
        """
        found = _ID.fullmatch(text)
        parts = (0, 0) if found is None else (int(found[1]), int(found[2] or 0))
        if found is None or max(parts) > _LARGEST:
            raise ValueError(f"`{text}` is no id of an entry")
        return cls(*parts)

    @property
    def previous(self) -> EntryId:
        """The largest id before this one; of the smallest, itself."""
        if self.sequence:
            return EntryId(self.milliseconds, self.sequence - 1)
        return EntryId(self.milliseconds - 1, _LARGEST) if self.milliseconds else self

    @property
    def next(self) -> EntryId:
        """The smallest id behind this one; of the largest, itself."""
        if self.sequence < _LARGEST:
            return EntryId(self.milliseconds, self.sequence + 1)
        return EntryId(self.milliseconds + 1, 0) if self.milliseconds < _LARGEST else self

    def __str__(self) -> str:
        return f"{self.milliseconds}-{self.sequence}"


BEGINNING, END = EntryId(0, 0), EntryId(_LARGEST, _LARGEST)
"""Before the first entry that there can be, and the last that there can be."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a stream: its fields with their values, in their order, a name as often as it stands there."""

    id: EntryId
    fields: tuple[tuple[bytes, bytes], ...]

    @property
    def size(self) -> int:
        """The bytes of names, values and id."""
        return _ID_BYTES + sum(len(name) + len(value) for name, value in self.fields)


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group of a stream: the last entry that was handed out, and how many of those handed out are
    ``pending``, which is to say that nobody has acknowledged them."""

    name: str
    delivered: EntryId
    pending: int
    consumers: int


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream. ``last`` is the last id that it gave, ``first`` that of the first entry left in it, ``None`` where it
    is empty. ``added`` is how many entries it ever had, ``None`` where Redis is older than 7.0 and does not count."""

    name: str
    length: int
    first: EntryId | None
    last: EntryId
    added: int | None
    groups: tuple[Group, ...] = ()
