"""The shortest journal that says the same: what lines come to, without those that only led there. Pure.

Replaying what is kept here, and then the lines behind, ends in the same tables as replaying all of them, but for drifts
that were resolved in the lines that are folded: those are forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from omni_assets.projection.episodes import Episodes
from omni_assets.projection.events import ObservedEvent
from omni_assets.projection.rows import DriftKey, HistoryRow


def open_episodes(events: Iterable[ObservedEvent]) -> tuple[HistoryRow, ...]:
    """The drifts that are open after these observations, of all clusters."""
    episodes = Episodes()
    clusters: dict[str, None] = {}
    for event in events:
        episodes.apply(event)
        episodes.take_unwritten()
        clusters[event.cluster] = None
    return tuple(row for cluster in clusters for row in episodes.open_in(cluster))


def retold(rows: Sequence[HistoryRow]) -> Iterator[ObservedEvent]:
    """Observations after which these drifts are open, each with its own first and last moment: two for each moment that
    any of them has, at most."""
    for cluster in dict.fromkeys(row.cluster for row in rows):
        yield from _retold(cluster, [row for row in rows if row.cluster == cluster])


def _retold(cluster: str, rows: Sequence[HistoryRow]) -> Iterator[ObservedEvent]:
    known: set[DriftKey] = set()
    for at in sorted({row.first_seen for row in rows}):
        new = [row for row in rows if row.first_seen == at]
        # Whatever is named as kept was not seen: its last moment stays.
        yield ObservedEvent(cluster, at, opened=tuple(row.drift for row in new), kept=tuple(sorted(known)))
        known |= {row.key for row in new}
    for at in sorted({row.last_seen for row in rows if row.last_seen > row.first_seen}):
        yield ObservedEvent(cluster, at, kept=tuple(sorted(row.key for row in rows if row.last_seen < at)))
