"""What is to be said of what is wrong, given what was said before. Pure: rows in, rows out.

A thing that is wrong is told when it appears, when more of it appears, once a day while it lasts, and when it is over.
What passed before anybody was told is never told.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from omni_assets.operations.alerts.alert import ENDED, SILENT, Alert, Kind, Look, Occasion, Severity
from omni_assets.projection.rows import AlertRow
from omni_assets.settings import AlertSettings

REMIND_AFTER = timedelta(days=1)
"""How long something lasts before it is told again."""

_LEAST = {"warning": frozenset(Severity), "error": frozenset({Severity.ERROR})}


def is_wanted(settings: AlertSettings, kind: str, severity: str) -> bool:
    """Whether people want to be told of such a thing."""
    return kind in settings.kinds and severity in _LEAST[settings.least]


def decide(look: Look, rows: Iterable[AlertRow], environment: str, now: datetime) -> tuple[AlertRow, ...]:
    """The rows that are new, or no longer as they were, by their keys; ``rows`` are as they were left last.

    Of two alerts with one key the first counts. What is of a kind that was not looked at stays as it was.
    """
    known = {row.key: row for row in rows}
    alerts: dict[str, Alert] = {}
    for each in look.alerts:
        alerts.setdefault(each.key, each)
    found = {key: _standing(each, known.get(key), environment, now) for key, each in alerts.items()}
    gone = {
        key: _ended(row, now)
        for key, row in known.items()
        if key not in alerts and Kind(row.kind) in look.kinds and row.occasion not in ENDED
    }
    return tuple(row for key, row in sorted({**found, **gone}.items()) if row != known.get(key))


def untold(rows: Iterable[AlertRow], channel: str, now: datetime) -> tuple[AlertRow, ...]:
    """The rows that a channel has still to be told of. What has been over for a day is no news to anybody."""
    return tuple(
        row
        for row in rows
        if row.occasion not in SILENT
        and channel not in row.told.split()
        and not (row.occasion == Occasion.OVER and now - row.decided_at >= REMIND_AFTER)
    )


def heard(row: AlertRow, channel: str, now: datetime) -> AlertRow:
    """The same row, taken by one more channel."""
    return row._replace(told=" ".join(sorted({*row.told.split(), channel})), told_at=now)


def _standing(alert: Alert, row: AlertRow | None, environment: str, now: datetime) -> AlertRow:
    """The row of what is wrong now: a new one where there is something to be said of it."""
    if row is None or row.occasion in ENDED:
        return _row(alert, environment, now, now, Occasion.NOTICED if alert.patience else Occasion.APPEARED)
    occasion = _occasion(alert, row, now)
    return row if occasion is None else _row(alert, environment, row.since, now, occasion)


def _occasion(alert: Alert, row: AlertRow, now: datetime) -> Occasion | None:
    """Why something is to be said of what is known to be wrong; ``None`` where nothing is."""
    if row.occasion == Occasion.NOTICED:
        return Occasion.APPEARED if now - row.since >= alert.patience else None
    if not row.told:
        return None
    if alert.newest is not None and alert.newest > row.newest:
        return Occasion.GREW
    return Occasion.REMINDER if now - row.told_at >= REMIND_AFTER else None


def _row(alert: Alert, environment: str, since: datetime, now: datetime, occasion: Occasion) -> AlertRow:
    return AlertRow(
        environment=environment,
        key=alert.key,
        kind=alert.kind.value,
        severity=alert.severity.value,
        owner=alert.owner,
        title=alert.title,
        text=alert.text,
        since=since,
        newest=alert.newest or since,
        occasion=occasion.value,
        decided_at=now,
        told_at=now,
    )


def _ended(row: AlertRow, now: datetime) -> AlertRow:
    unsaid = row.occasion == Occasion.NOTICED or (row.occasion == Occasion.APPEARED and not row.told)
    ended = Occasion.PASSED if unsaid else Occasion.OVER
    return row._replace(occasion=ended.value, decided_at=now, told_at=now, told="")
