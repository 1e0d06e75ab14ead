"""Where the groups of a stream stand in the topic that its entries were copied to. Pure.

A group of Redis knows of each entry whether it was handed out and whether somebody acknowledged it; a group of Kafka
has one offset in each partition. It is that of the first record which is not known to be done, so that none is left
out: what was acknowledged behind that record is read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from omni_assets.broker.intake import Arrival
from omni_assets.operations.redis_streams.entries import EntryId, Group


@dataclass(frozen=True, slots=True)
class Work:
    """What a group has still to do: the ``pending`` entries up to ``known``, and everything behind that entry."""

    name: str
    known: EntryId
    pending: frozenset[EntryId]

    @classmethod
    def of(cls, group: Group, pending: Sequence[EntryId], most: int) -> Self:
        """From the first ids that are pending, in their order: all of them, where they are fewer than ``most``."""
        known = group.delivered if len(pending) < most else min(group.delivered, pending[-1])
        return cls(group.name, known, frozenset(pending))

    def is_done(self, entry: EntryId) -> bool:
        """Whether the group was given the entry, and it was acknowledged."""
        return entry <= self.known and entry not in self.pending


@dataclass(slots=True)
class Standing:
    """Where a group begins: the offset of each partition, and what it reads from there on: records that are ``open``,
    and those that come ``again`` though they were acknowledged."""

    positions: dict[int, int]
    open: int = 0
    again: int = 0
    _begun: set[int] = field(default_factory=set, compare=False, repr=False)

    def add(self, arrival: Arrival, *, done: bool) -> None:
        """Pass a record, in the order of its partition: before the first that is not done, nothing is read."""
        if done and arrival.partition not in self._begun:
            return
        if arrival.partition not in self._begun:
            self._begun.add(arrival.partition)
            self.positions[arrival.partition] = arrival.offset
        self.open += not done
        self.again += done


def standings(arrivals: Iterable[Arrival], spans: Mapping[int, range], works: Sequence[Work]) -> Mapping[str, Standing]:
    """Where each group stands, by name. ``arrivals`` are the records of ``spans``, in order in each partition.

    Records that came from elsewhere were never given to a group of the stream, and are open.
    """
    found = {work.name: Standing({each: span.stop for each, span in spans.items()}) for work in works}
    for arrival in arrivals:
        entry = None if arrival.id is None else EntryId.read(arrival.id)
        for work in works:
            found[work.name].add(arrival, done=entry is not None and work.is_done(entry))
    return found
