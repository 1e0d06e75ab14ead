"""Events as they travel: CloudEvents 1.0 in Kafka's binary mode, with what they belong to and what they follow from.

The attributes stand in the headers ``ce_<attribute>``, the type of the data in ``content-type``, the data in the value
(https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md). The two extensions
``correlationid`` and ``causationid`` are those of the specification's list of extensions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from omni_assets.broker.headers import are_unreadable
from omni_assets.errors import ExtraMissing

if TYPE_CHECKING:
    from types import ModuleType

    from cloudevents.core.base import BaseCloudEvent

JSON = "application/json"

_PREFIX = "ce_"
_CONTENT_TYPE = "content-type"
_CORRELATION, _CAUSATION = "correlationid", "causationid"
_REQUIRED = ("id", "source", "type", "specversion")
_OWN = frozenset({*_REQUIRED, "subject", "time", "datacontenttype", _CORRELATION, _CAUSATION})
_NAME = re.compile(r"[a-z0-9]+")
_LONGEST_REASON = 300


def source_of(node: str) -> str:
    """The source of the events that a node publishes."""
    return f"/omni-assets/{node}"


class NotAnEvent(ValueError):
    """A record that is no event, or an event that no record can be; ``str()`` is a clause that says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Record(NamedTuple):
    """A record of a topic: what a producer takes, and what a consumer gives."""

    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, or that is asked for. ``data`` are the bytes of the payload, of type ``content_type``.

    ``correlation_id`` is the same for all that came of one beginning, ``causation_id`` the id of the event that this
    one follows from. ``time`` has a zone. ``extensions`` are all other attributes, by their names.
    """

    id: str
    source: str
    type: str
    subject: str | None = None
    time: datetime | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    data: bytes = b""
    content_type: str | None = JSON
    extensions: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def to_record(event: Event, key: bytes | None) -> Record:
    """The record that carries ``event``. Raises ``NotAnEvent`` where an attribute is none that an event may have, and
    for a key that is no bytes; ``ExtraMissing``.
    """
    if not isinstance(key, bytes | None):
        raise NotAnEvent(f"its key is of the type `{type(key).__name__}`, and keys are bytes")
    stated = {
        **event.extensions,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time,
        _CORRELATION: event.correlation_id,
        _CAUSATION: event.causation_id,
        "datacontenttype": event.content_type,
    }
    for name in event.extensions:
        if name in _OWN or name == "data" or _NAME.fullmatch(name) is None:
            raise NotAnEvent(f"`{name[:60]}` is no name of an extension")
    attributes = {name: value for name, value in stated.items() if value is not None}
    kafka = _kafka()
    try:
        if event.time is not None:
            attributes["time"] = event.time.astimezone(UTC)
        message = kafka.to_binary_event(_made(attributes, event.data), key_mapper=lambda _: key)
    except (ValueError, OverflowError, TypeError) as error:
        raise NotAnEvent(_clause(error)) from None
    headers = message.headers if event.time is not None else _without_time(message.headers)
    return Record(key, message.value, tuple(headers.items()))


def from_record(key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes | None]] | None) -> Event:  # noqa: ARG001 - as it is read
    """The event that a record carries; the key is no part of it.

    Raises ``NotAnEvent`` where it carries none, whatever it holds: nothing that is missing is made up;
    ``ExtraMissing``.
    """
    if value is None:
        raise NotAnEvent("it is a tombstone: it has no value")
    attributes: dict[str, bytes] = {}
    stated = tuple(headers or ())
    if are_unreadable(stated):
        raise NotAnEvent("a name among its headers is no UTF-8, so nobody can read them")
    for name, content in stated:
        known = name.lower()
        if known != _CONTENT_TYPE and not known.startswith(_PREFIX):
            continue
        if content is None:
            raise NotAnEvent(f"its header `{known[:60]}` is empty")
        if known in attributes:
            raise NotAnEvent(f"its header `{known[:60]}` stands twice")
        attributes[known] = content
    for name in _REQUIRED:
        if f"{_PREFIX}{name}" not in attributes:
            raise NotAnEvent(f"it has no header `{_PREFIX}{name}`")
    kafka = _kafka()
    try:
        # The package would turn the value into what its type says that it is; that is its schema's matter.
        message = kafka.KafkaMessage(attributes, None, b"")
        read: BaseCloudEvent = kafka.from_binary(message, kafka.JSONFormat(), _made)
        return _event(read.get_attributes(), value, f"{_PREFIX}time" in attributes)
    except (ValueError, OverflowError, TypeError) as error:
        raise NotAnEvent(_clause(error)) from None


def _event(attributes: Mapping[str, Any], data: bytes, timed: bool) -> Event:
    if "datacontenttype" in attributes and not attributes["datacontenttype"]:
        raise NotAnEvent("its header `content-type` is empty")
    return Event(
        attributes["id"],
        attributes["source"],
        attributes["type"],
        attributes.get("subject"),
        attributes["time"].astimezone(UTC) if timed else None,
        attributes.get(_CORRELATION),
        attributes.get(_CAUSATION),
        data,
        attributes.get("datacontenttype"),
        MappingProxyType({name: value for name, value in attributes.items() if name not in _OWN}),
    )


def _made(attributes: dict[str, Any], data: Any) -> BaseCloudEvent:
    """An event of the package. Raises ``NotAnEvent`` for what its own check finds, and for a name that it lets pass."""
    from cloudevents.core.exceptions import CloudEventValidationError
    from cloudevents.core.v1.event import CloudEvent

    for name in attributes:
        if _NAME.fullmatch(name) is None:
            raise NotAnEvent(f"`{name[:60]}` is no name of an attribute")
    try:
        return CloudEvent(attributes, data)
    except CloudEventValidationError as error:
        name, found = next(iter(error.errors.items()))
        raise NotAnEvent(f"its attribute `{name[:60]}` cannot be used: {_clause(found[0])}") from None


def _without_time(headers: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """The package tells the time of what it makes where an event says none."""
    return {name: value for name, value in headers.items() if name != f"{_PREFIX}time"}


def _clause(error: Exception) -> str:
    if isinstance(error, NotAnEvent):
        return error.reason
    if isinstance(error, UnicodeError):
        return "an attribute of it is no UTF-8"
    return " ".join(str(error).split())[:_LONGEST_REASON].rstrip(".")


@cache
def _kafka() -> ModuleType:
    """The package's binding. Raises ``ExtraMissing`` where it is not installed."""
    try:
        from cloudevents.core.bindings import kafka
    except ImportError:
        raise ExtraMissing("agents", "reading and writing events") from None
    return kafka
