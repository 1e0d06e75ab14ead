"""What an event asks of whoever works on it: until when, once under which key, and for which letter. Pure.

Extensions say so. ``expirytime`` is that of the specification's list of extensions
(https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/expirytime.md); ``idempotencykey``, ``requeueof``
and ``requeuefor`` are of our own.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from omni_assets.agents.events import Event, NotAnEvent
from omni_assets.contracts.text import visible

EXPIRY, IDEMPOTENCY = "expirytime", "idempotencykey"
REQUEUE, ADDRESSEE = "requeueof", "requeuefor"

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_MOST_SHOWN = 60


def moment(text: str) -> datetime:
    """The moment that a text of RFC 3339 names, in UTC. Raises ``ValueError``, whose ``str()`` is a clause."""
    try:
        if _RFC_3339.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"`{visible(text[:_MOST_SHOWN])}` is no moment such as 2026-03-01T12:00:00Z")


def stated(moment: datetime) -> str:
    """A moment as ``moment`` reads it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def deadline(event: Event) -> datetime | None:
    """When an event is of no use any more. Raises ``NotAnEvent`` where it says so in a way that nobody can read."""
    text = event.extensions.get(EXPIRY)
    if text is None:
        return None
    try:
        return moment(text)
    except ValueError as flaw:
        raise NotAnEvent(f"its attribute `{EXPIRY}` cannot be used: {flaw}") from None


def idempotency_key(event: Event) -> str | None:
    """The key under which an event asks for what is to be done once; an empty one asks for nothing."""
    return event.extensions.get(IDEMPOTENCY) or None


def requeue_of(event: Event, node: str) -> str | None:
    """The receipt of the task of ``node`` whose dead letter an event is, sent again. To the other nodes that subscribe
    its topic it is the event that it was.
    """
    return (event.extensions.get(REQUEUE) or None) if event.extensions.get(ADDRESSEE, node) == node else None
