"""What the journals say: one JSON object a line, whole or not there. Pure.

``drift.jsonl`` has a line for each observation with every transition that it caused, so that a line that is cut off
takes its whole observation with it. ``provisioning.jsonl`` has a line for each topic and attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from omni_assets.projection.rows import Drift, DriftKey, ProvisionRow

FORMAT = 1
_JOURNALLED = tuple(name for name in Drift._fields if name != "detail")


class ObservedEvent(NamedTuple):
    """An observation of ``cluster`` and its transitions.

    ``kept`` are the open drifts that it could neither confirm nor resolve, since their topics could not be seen.
    """

    cluster: str
    at: datetime
    opened: tuple[Drift, ...] = ()
    changed: tuple[Drift, ...] = ()
    resolved: tuple[DriftKey, ...] = ()
    kept: tuple[DriftKey, ...] = ()


def observed_record(event: ObservedEvent) -> dict[str, object]:
    """The journal record of an observation, without empty lists."""
    record: dict[str, object] = {
        "format": FORMAT,
        "event": "observed",
        "at": event.at.astimezone(UTC).isoformat(),
        "cluster": event.cluster,
        "opened": [_drift_record(each) for each in event.opened],
        "changed": [_drift_record(each) for each in event.changed],
        "resolved": [list(each) for each in event.resolved],
        "kept": [list(each) for each in event.kept],
    }
    return {name: value for name, value in record.items() if value != []}


def observed_event(record: Mapping[str, Any]) -> ObservedEvent:
    """The observation of a journal record. Raises ``ValueError`` where it is not one."""
    _expect(record, "observed")
    return ObservedEvent(
        cluster=_text(record, "cluster"),
        at=_time(record, "at"),
        opened=tuple(_drift(each) for each in record.get("opened", ())),
        changed=tuple(_drift(each) for each in record.get("changed", ())),
        resolved=tuple(_key(each) for each in record.get("resolved", ())),
        kept=tuple(_key(each) for each in record.get("kept", ())),
    )


def provisioned_record(row: ProvisionRow) -> dict[str, object]:
    """The journal record of a provisioning outcome."""
    return {
        "format": FORMAT,
        "event": "provisioned",
        **row._asdict(),
        "attempted_at": row.attempted_at.astimezone(UTC).isoformat(),
    }


def provisioned_row(record: Mapping[str, Any]) -> ProvisionRow:
    """The provisioning outcome of a journal record. Raises ``ValueError`` where it is not one."""
    _expect(record, "provisioned")
    fields: dict[str, Any] = {name: _text(record, name) for name in ProvisionRow._fields if name != "attempted_at"}
    return ProvisionRow(attempted_at=_time(record, "attempted_at"), **fields)


def _drift_record(drift: Drift) -> dict[str, object]:
    return {name: getattr(drift, name) for name in _JOURNALLED}


def _drift(record: object) -> Drift:
    if not isinstance(record, dict) or not set(_JOURNALLED) <= record.keys():
        raise ValueError(f"a drift needs {', '.join(_JOURNALLED)}")
    return Drift(**{name: record[name] for name in _JOURNALLED})


def _key(record: object) -> DriftKey:
    if not isinstance(record, list) or len(record) != 3 or not all(isinstance(part, str) for part in record):
        raise ValueError("a drift is named by topic, kind and field")
    return DriftKey(*record)


def _expect(record: Mapping[str, Any], event: str) -> None:
    if record.get("format") != FORMAT:
        raise ValueError(f"it has format {record.get('format')}, and this omni knows {FORMAT}")
    if record.get("event") != event:
        raise ValueError(f"it is no `{event}` event")


def _text(record: Mapping[str, Any], name: str) -> str:
    match record.get(name):
        case str(value):
            return value
    raise ValueError(f"`{name}` is not text")


def _time(record: Mapping[str, Any], name: str) -> datetime:
    time = datetime.fromisoformat(_text(record, name))
    if time.tzinfo is None:
        raise ValueError(f"`{name}` has no time zone")
    return time.astimezone(UTC)
