"""Partitions that a worker is given, and what is committed of them. Pure; imports no client."""

from __future__ import annotations

from typing import NamedTuple


class Partition(NamedTuple):
    """A partition by its ``number`` in the topic, and which time it is assigned here (``assignment``): what was begun
    under another assignment ends nothing.
    """

    topic: str
    number: int
    assignment: int = 0


class Place(NamedTuple):
    """Where a record stands."""

    partition: Partition
    offset: int


class Committed(NamedTuple):
    """What is committed of a partition: its lowest unfinished offset, and as a text what ended above it."""

    offset: int
    metadata: str = ""
