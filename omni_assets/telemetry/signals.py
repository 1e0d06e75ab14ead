"""What every floor tells of its work: spans and readings. They go nowhere, and cost next to nothing, until a sink is
in use; that is one for the whole process, as a log is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple, Protocol, Self, TypeAlias

from omni_assets.telemetry.metrics import Metric
from omni_assets.telemetry.trace_context import NewTrace, TraceContext

Value: TypeAlias = str | int | float | bool | Sequence[str]
Attributes: TypeAlias = Mapping[str, Value]
NO_ATTRIBUTES: Attributes = MappingProxyType({})


class SpanKind(StrEnum):
    """What a span is to those around it, as OpenTelemetry has it."""

    INTERNAL = "internal"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class Span(Protocol):
    """Something that takes a while."""

    @property
    def context(self) -> TraceContext | None:
        """What follows from it belongs there; ``None`` where nothing is traced."""

    def set(self, attributes: Attributes, /) -> None:
        """Tell more of it."""

    def rename(self, name: str, /) -> None:
        """Tell what it is, where that was not known when it began."""

    def fail(self, kind: str, /) -> None:
        """Tell that it failed, and of what kind that is: a word, and never a message, which may hold anything."""


class Reading(NamedTuple):
    """How much of a gauge there is: ``value``, in the unit of the metric."""

    metric: Metric
    value: float
    attributes: Attributes = NO_ATTRIBUTES


Watch: TypeAlias = Callable[[], Iterable[Reading]]
"""Reads gauges: called now and then, in a thread of its own, and once more at the end, which waits for it: it has to be
bounded in time. Whatever it raises, no gauge is read then."""


class Sink(Protocol):
    """Where spans and readings go. Nothing that becomes of them is raised here."""

    def span(
        self, name: str, kind: SpanKind, attributes: Attributes, origin: TraceContext | NewTrace | None, /
    ) -> AbstractContextManager[Span]:
        """A span from here on until it is left; it belongs to ``origin``, else to the span around it."""

    def here(self) -> Span:
        """The span that is under way here."""

    def record(self, metric: Metric, value: float, attributes: Attributes, /) -> None:
        """Take ``value``, in the unit of the metric, into a counter or a histogram."""

    def watch(self, watch: Watch, /) -> None:
        """Read gauges by ``watch`` from now on."""

    def forget(self, watch: Watch, /) -> None:
        """Read gauges by ``watch`` no longer."""


class _NoSpan:
    """A span that nobody hears of; one for all."""

    context = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def set(self, *_: object) -> None: ...

    def rename(self, *_: object) -> None: ...

    def fail(self, *_: object) -> None: ...


_NO_SPAN = _NoSpan()


class _Nowhere:
    """Nobody listens."""

    def span(self, *_: object) -> AbstractContextManager[Span]:
        return _NO_SPAN

    def here(self) -> Span:
        return _NO_SPAN

    def record(self, *_: object) -> None: ...

    def watch(self, *_: object) -> None: ...

    def forget(self, *_: object) -> None: ...


NOWHERE: Sink = _Nowhere()


@dataclass(slots=True)
class _InUse:
    sink: Sink = NOWHERE


_in_use = _InUse()


@contextmanager
def to(sink: Sink) -> Iterator[None]:
    """Everything that this process tells meanwhile goes to ``sink``."""
    before = _in_use.sink
    _in_use.sink = sink
    try:
        yield
    finally:
        _in_use.sink = before


def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Attributes = NO_ATTRIBUTES,
    origin: TraceContext | NewTrace | None = None,
) -> AbstractContextManager[Span]:
    """Tell of what is done within. It is part of what goes on here, unless it has another ``origin``: a place in a
    trace that came from elsewhere, or a trace of its own.

    Where the body raises, the span fails with the name of the exception's class.
    """
    return _in_use.sink.span(name, kind, attributes, origin)


def are_heard() -> bool:
    """Whether a sink is in use: what takes work to tell need not be put together otherwise."""
    return _in_use.sink is not NOWHERE


def here() -> Span:
    """The span that this is within."""
    return _in_use.sink.here()


def record(metric: Metric, value: float, attributes: Attributes = NO_ATTRIBUTES) -> None:
    """Add ``value``, in the unit of the metric, to a counter, or to a histogram."""
    _in_use.sink.record(metric, value, attributes)


def watch(watch: Watch) -> None:
    """Have gauges read from now on."""
    _in_use.sink.watch(watch)


def forget(watch: Watch) -> None:
    """Have these read no more, also not at the end: what they look at is about to go."""
    _in_use.sink.forget(watch)
