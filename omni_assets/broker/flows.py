"""What moves on a broker: the offsets of logs, and the consumer groups that read them. Pure; imports no client.

What could not be seen is marked on its topic or its group, and hides nothing else: a group that may not be described
is neither absent nor idle, and a topic whose offsets were not seen is neither empty nor still.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

RESCUE_GROUPS = "omni-rescue."
"""How the names of the groups begin in which rescues keep their positions: they read for nobody."""

MIGRATION_GROUPS = "omni-migrate."
"""How the names of the groups begin in which it stands how far something outside was brought into a topic."""

REPLAY_PLANS, REPLAY_GROUPS = "omni-replay.", ".replay."
"""How the names of the groups begin in which it stands what a replay is about, and what stands between the node and the
replay in those in which it stands how far it has come: they come and go."""

WORKERS = "omni-worker."
"""How the names of workers' producers begin, and of the groups in which it stands which of them is the latest."""

_FOR_NOBODY = re.compile(
    rf"(?:{'|'.join(map(re.escape, (RESCUE_GROUPS, MIGRATION_GROUPS, WORKERS)))}).*"
    r"|(?:omni-replay\.|.+\.replay\.)[0-9a-f]{12}",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class TopicOffsets:
    """The first and the next offset of each partition of a topic, in order of partition.

    ``newest_at`` is the largest timestamp of any record, and ``None`` where there is no record or the broker cannot
    say. ``unknown`` says, as a clause, why the offsets were not seen; the tuples are empty then.
    """

    earliest: tuple[int, ...]
    latest: tuple[int, ...]
    newest_at: datetime | None = None
    unknown: str = ""

    @property
    def most_records(self) -> int | None:
        """The most records that the topic can hold, or ``None`` where its offsets were not seen.

        Latest minus earliest offset over all partitions: transaction markers and compacted records count too.
        """
        if self.unknown:
            return None
        return sum(max(0, latest - earliest) for earliest, latest in zip(self.earliest, self.latest, strict=True))


@dataclass(frozen=True, slots=True)
class ObservedGroup:
    """A consumer group.

    ``state`` is Kafka's word in lower case (``stable``, ``empty``, ``dead``, …), empty where it was not seen, and
    ``members`` the number of members that the broker counts as alive. ``committed`` holds the offsets by topic and
    partition, of topics that no longer exist too. ``assigned`` are the topics of which a member holds a partition now.
    ``unknown`` says, as a clause, what could not be seen and why; empty when everything was.
    """

    name: str
    state: str
    members: int
    committed: Mapping[tuple[str, int], int] = field(default_factory=dict)
    unknown: str = ""
    assigned: frozenset[str] = frozenset()

    @property
    def topics(self) -> frozenset[str]:
        """The topics that the group reads or has read."""
        return self.assigned | {topic for topic, _ in self.committed}


@dataclass(frozen=True, slots=True)
class Flows:
    """Everything that one look at logs and groups saw.

    ``unknown`` says, as a clause, why groups may be missing from ``groups``; empty where all were listed.
    """

    observed_at: datetime
    offsets: Mapping[str, TopicOffsets]
    groups: Mapping[str, ObservedGroup]
    unknown: str = ""

    @property
    def readers(self) -> tuple[ObservedGroup, ...]:
        """The groups that read for somebody, in order of their names."""
        return tuple(group for name, group in sorted(self.groups.items()) if not _FOR_NOBODY.fullmatch(name))
