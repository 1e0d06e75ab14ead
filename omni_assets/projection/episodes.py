"""The life of each drift: opened, changed, resolved. Pure; the same rules decide, record and replay.

A drift is (cluster, topic, kind, field). Unknown is unknown: while a topic's state could not be seen, its other open
drifts stay open, neither confirmed nor resolved. Where its offsets and groups alone could not, those told from them do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from omni_assets.projection.events import ObservedEvent
from omni_assets.projection.rows import FLOW_KINDS, FLOWS, UNKNOWN, Drift, DriftKey, HistoryRow


class Unwritten(NamedTuple):
    """A history row that the table does not have yet. ``replaces_open``: it has an older, open state of the row."""

    row: HistoryRow
    replaces_open: bool


class Episodes:
    """The open drifts of all clusters, and the history rows that are not written yet."""

    def __init__(self, stored: Iterable[HistoryRow] = ()) -> None:
        """``stored`` are the open rows of the history as the table has them."""
        self._open: dict[str, dict[DriftKey, HistoryRow]] = {}
        for row in stored:
            self._open.setdefault(row.cluster, {})[row.key] = row
        self._stored = {(row.cluster, row.key) for rows in self._open.values() for row in rows.values()}
        self._touched: set[tuple[str, DriftKey]] = set()
        self._closed: list[Unwritten] = []

    def decide(self, cluster: str, at: datetime, drift: Iterable[Drift]) -> ObservedEvent:
        """What an observation that found ``drift`` means. Changes nothing.

        Raises ``ValueError`` where a drift is given twice.
        """
        found: dict[DriftKey, Drift] = {}
        for each in drift:
            if found.setdefault(each.key, each) is not each:
                raise ValueError(f"the drift {each.key} was given twice")
        unseen: dict[str, set[str]] = {}
        for key in found:
            if key.kind == UNKNOWN:
                unseen.setdefault(key.topic, set()).add(key.field)
        known = self._open.get(cluster, {})
        gone = [key for key in known if key not in found]
        kept = [key for key in gone if _hidden(key, unseen.get(key.topic, frozenset()))]
        return ObservedEvent(
            cluster=cluster,
            at=at,
            opened=tuple(found[key] for key in sorted(found.keys() - known.keys())),
            changed=tuple(
                found[key] for key in sorted(found.keys() & known.keys()) if _state(found[key]) != _state(known[key])
            ),
            resolved=tuple(sorted(set(gone) - set(kept))),
            kept=tuple(sorted(kept)),
        )

    def apply(self, event: ObservedEvent) -> None:
        """Take an observation over. A journal with a line missing is taken as it stands: the next one mends it."""
        known = self._open.setdefault(event.cluster, {})
        for key in event.resolved:
            if key in known:
                self._close(event.cluster, known.pop(key)._replace(resolved=event.at))
        for drift in (*event.opened, *event.changed):
            before = known.get(drift.key)
            first, last = (before.first_seen, before.last_seen) if before else (event.at, event.at)
            known[drift.key] = HistoryRow(event.cluster, *drift[:-1], first_seen=first, last_seen=last, resolved=None)
        kept = set(event.kept)
        for key, row in known.items():
            if key not in kept:
                known[key] = row._replace(last_seen=max(row.last_seen, event.at))
                self._touched.add((event.cluster, key))

    def open_in(self, cluster: str) -> Iterator[HistoryRow]:
        """The open drifts of a cluster, by topic, kind and field."""
        known = self._open.get(cluster, {})
        return (known[key] for key in sorted(known))

    @property
    def waiting(self) -> int:
        """How many resolved drifts are not written yet."""
        return len(self._closed)

    def take_unwritten(self) -> tuple[Unwritten, ...]:
        """The rows to write now; they count as written from here on."""
        rows = [*self._closed]
        for cluster, key in sorted(self._touched):
            rows.append(Unwritten(self._open[cluster][key], (cluster, key) in self._stored))
        self._stored |= self._touched
        self._closed, self._touched = [], set()
        return tuple(rows)

    def _close(self, cluster: str, row: HistoryRow) -> None:
        name = (cluster, row.key)
        self._closed.append(Unwritten(row, name in self._stored))
        self._stored.discard(name)
        self._touched.discard(name)


def _hidden(key: DriftKey, unseen: Collection[str]) -> bool:
    """Whether a drift that was not found may be there all the same, by the fields of its topic that say ``unknown``."""
    if key.kind == UNKNOWN or not unseen:
        return False
    return key.kind in FLOW_KINDS or set(unseen) != {FLOWS}


def _state(row: Drift | HistoryRow) -> tuple[str | None, ...]:
    return (row.declared, row.observed, row.verdict, row.reason)
