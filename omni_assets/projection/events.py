"""What the journals say: one JSON object a line, whole or not there. Pure.

``drift.jsonl`` has a line for each observation with every transition that it caused, so that a line that is cut off
takes its whole observation with it. The other journals have a line for each row of their table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, TypeVar

from omni_assets.projection.journal import NewerFormat
from omni_assets.projection.rows import (
    AlertRow,
    AuditRow,
    CapabilitiesRow,
    Drift,
    DriftKey,
    ProvisionRow,
    PublicationRow,
    RescueRow,
    RetirementRow,
    TrustedRow,
)

_R = TypeVar("_R", bound=tuple[Any, ...])

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
    expect(record, "observed")
    return ObservedEvent(
        cluster=_text(record, "cluster"),
        at=_time(record, "at"),
        opened=tuple(_drift(each) for each in record.get("opened", ())),
        changed=tuple(_drift(each) for each in record.get("changed", ())),
        resolved=tuple(_key(each) for each in record.get("resolved", ())),
        kept=tuple(_key(each) for each in record.get("kept", ())),
    )


@dataclass(frozen=True, slots=True)
class RowForm(Generic[_R]):
    """How rows of a type stand in a journal whose lines are rows: as objects with a name, every field in its place.

    ``times`` are the fields that hold aware times, ``numbers`` those that hold whole numbers; the others are text.
    """

    event: str
    make: Callable[..., _R]
    fields: tuple[str, ...]
    times: frozenset[str]
    numbers: frozenset[str] = frozenset()

    def record(self, row: _R) -> dict[str, object]:
        """The journal record of a row."""
        named = zip(self.fields, row, strict=True)
        values = {name: value.astimezone(UTC).isoformat() if name in self.times else value for name, value in named}
        return record_of(self.event, values)

    def row(self, record: Mapping[str, Any]) -> _R:
        """The row of a journal record. Raises ``ValueError`` where it is not one."""
        expect(record, self.event)
        return self.make(*(self._value(record, name) for name in self.fields))

    def _value(self, record: Mapping[str, Any], name: str) -> datetime | int | str:
        if name in self.times:
            return _time(record, name)
        return _number(record, name) if name in self.numbers else _text(record, name)


PROVISIONED = RowForm("provisioned", ProvisionRow, ProvisionRow._fields, frozenset({"attempted_at"}))
AUDITED = RowForm(
    "audited",
    AuditRow,
    # `event` is what every line calls its own kind.
    tuple("what" if name == "event" else name for name in AuditRow._fields),
    frozenset({"acted_at"}),
)
PROBED = RowForm("probed", CapabilitiesRow, CapabilitiesRow._fields, frozenset({"probed_at"}))
RESCUED = RowForm(
    "rescued",
    RescueRow,
    RescueRow._fields,
    frozenset({"rescued_at"}),
    frozenset({"partition", "position", "records"}),
)
PUBLISHED = RowForm(
    "published",
    PublicationRow,
    PublicationRow._fields,
    frozenset({"published_at"}),
    frozenset({"partition", "position"}),
)
RETIRED = RowForm("retired", RetirementRow, RetirementRow._fields, frozenset({"since", "checked_at"}))
TRUSTED = RowForm("trusted", TrustedRow, TrustedRow._fields, frozenset({"since"}), frozenset({"declared_topics"}))
ALERTED = RowForm("alerted", AlertRow, AlertRow._fields, frozenset({"since", "newest", "decided_at", "told_at"}))


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


def record_of(event: str, values: Mapping[str, object]) -> dict[str, object]:
    """The journal record of an event."""
    return {"format": FORMAT, "event": event, **values}


def expect(record: Mapping[str, Any], event: str) -> None:
    """Raise ``ValueError`` where a journal record is not of this event, and ``NewerFormat`` where a newer omni's may be
    one."""
    found = record.get("format")
    if isinstance(found, int) and found > FORMAT:
        raise NewerFormat(found, FORMAT)
    if found != FORMAT:
        raise ValueError(f"it has format {found}, and this omni knows {FORMAT}")
    if record.get("event") != event:
        raise ValueError(f"it is no `{event}` event")


def _text(record: Mapping[str, Any], name: str) -> str:
    match record.get(name):
        case str(value):
            return value
    raise ValueError(f"`{name}` is not text")


def _number(record: Mapping[str, Any], name: str) -> int:
    value = record.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"`{name}` is no whole number")


def _time(record: Mapping[str, Any], name: str) -> datetime:
    time = datetime.fromisoformat(_text(record, name))
    if time.tzinfo is None:
        raise ValueError(f"`{name}` has no time zone")
    return time.astimezone(UTC)
