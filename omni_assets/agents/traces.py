"""The trace that an event belongs to: CloudEvents' extension for distributed tracing, two attributes of the event.

What a node says belongs to the trace of what it works on, whether anybody is told of spans here or not.
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/extensions/distributed-tracing.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from omni_assets.agents.events import Event
from omni_assets.telemetry import conventions as names
from omni_assets.telemetry import signals
from omni_assets.telemetry.trace_context import NewTrace, TraceContext, read_trace_context

TRACEPARENT, TRACESTATE = "traceparent", "tracestate"
_NONE: Mapping[str, str] = MappingProxyType({})


def trace_of(event: Event) -> TraceContext | None:
    """Where in which trace an event belongs; ``None`` where it does not say, or says it in another form than there
    is: then nothing of that is passed on.
    """
    return read_trace_context(event.extensions.get(TRACEPARENT), event.extensions.get(TRACESTATE))


def trace_extensions(place: TraceContext | None) -> Mapping[str, str]:
    """The attributes of an event that belongs there."""
    if place is None:
        return _NONE
    return {TRACEPARENT: place.traceparent, **({TRACESTATE: place.state} if place.state else {})}


@contextmanager
def created(topic: str, event_id: str, origin: NewTrace | None = None) -> Iterator[TraceContext | None]:
    """An event is made within; it belongs to the place that is given, if any. Without ``origin`` that is part of what
    goes on here.
    """
    if not signals.are_heard():
        yield None
        return
    attributes = {
        names.MESSAGING_SYSTEM: names.KAFKA,
        names.MESSAGING_OPERATION_NAME: names.CREATE,
        names.MESSAGING_OPERATION_TYPE: names.CREATE,
        names.MESSAGING_DESTINATION_NAME: topic,
        names.MESSAGING_MESSAGE_ID: event_id,
    }
    with signals.span(f"{names.CREATE} {topic}", signals.SpanKind.PRODUCER, attributes, origin) as span:
        yield span.context
