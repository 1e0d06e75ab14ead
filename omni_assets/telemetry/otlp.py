"""Spans and readings sent by OTLP over HTTP. The only module that imports OpenTelemetry, which reads its own variables.

Spans wait in a queue of bounded length; what does not fit is dropped. No failure to send anything is raised: the first
one is told, once. Values of attributes are cut off, and no message of an exception is ever sent.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import partial
from importlib.metadata import version
from threading import Lock, Thread
from uuid import uuid4

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Meter, Observation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

from omni_assets.telemetry import conventions as names
from omni_assets.telemetry.metrics import METRICS, Kind, Metric
from omni_assets.telemetry.signals import Attributes, Reading, Span, SpanKind, Watch
from omni_assets.telemetry.trace_context import NewTrace, TraceContext

SERVICE = "omni"
"""The name of the service, unless ``OTEL_SERVICE_NAME`` or ``OTEL_RESOURCE_ATTRIBUTES`` says another."""

LONGEST_VALUE = 1_000
"""Characters of an attribute that are sent."""

_LOGS = logging.getLogger("opentelemetry")
_LOGS.addHandler(logging.NullHandler())
_LOGS.propagate = False  # what it says is for its own developers, and may quote what a server said
_EXPORTERS = tuple(logging.getLogger(each.__module__) for each in (OTLPSpanExporter, OTLPMetricExporter))
_SCOPE = "omni_assets"
_UNNAMED = "unknown_service"
_SECONDS_OF_A_LOOK = 1.0  # gauges of one look are read one after the other
_NO_STATUS = trace.Status(trace.StatusCode.ERROR)
_KINDS: Mapping[SpanKind, trace.SpanKind] = {kind: trace.SpanKind[kind.name] for kind in SpanKind}


class Otlp:
    """A sink that sends what is told: ``traces``, ``metrics`` or both. ``failed`` hears once that something did not
    arrive; it is called in any thread. To be closed.

    Raises ``ValueError`` where a variable of OpenTelemetry cannot be used.
    """

    def __init__(self, *, traces: bool, metrics: bool, failed: Callable[[], None]) -> None:
        resource = _resource()
        self._traces = TracerProvider(
            resource=resource,
            shutdown_on_exit=False,
            id_generator=_Ids(),
            span_limits=SpanLimits(max_attribute_length=LONGEST_VALUE),
        )
        if traces:
            self._traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        readers = [PeriodicExportingMetricReader(OTLPMetricExporter())] if metrics else []
        self._metrics = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
        self._tracer = self._traces.get_tracer(_SCOPE, version("omni-assets"), names.SCHEMA_URL)
        self._gauges = _Gauges()
        meter = self._metrics.get_meter(_SCOPE, version("omni-assets"), names.SCHEMA_URL)
        self._instruments = _instruments(meter, self._gauges)
        self._failures = _Failures(failed)
        for exporter in _EXPORTERS:
            exporter.addHandler(self._failures)

    def close(self, seconds: float) -> bool:
        """Look at gauges once more, and send what is left; whether that was done after so many seconds. What is not
        sent by then never is, and counts as what did not arrive.
        """
        self._gauges.settle()
        threads = [
            Thread(target=each.shutdown, name="omni-telemetry", daemon=True) for each in (self._traces, self._metrics)
        ]
        deadline = time.monotonic() + seconds
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        for exporter in _EXPORTERS:
            exporter.removeHandler(self._failures)
        done = not any(thread.is_alive() for thread in threads)
        if not done:
            self._failures.tell()
        return done

    @contextmanager
    def _spanning(
        self, name: str, kind: SpanKind, attributes: Attributes, origin: TraceContext | NewTrace | None
    ) -> Iterator[Span]:
        wanted = _wanted.set(origin.id if isinstance(origin, NewTrace) else "")
        begun = self._tracer.start_span(name, _parent(origin), _KINDS[kind], attributes)
        _wanted.reset(wanted)
        token = contexts.attach(trace.set_span_in_context(begun))
        told = _Span(begun)
        try:
            yield told
        except BaseException as error:
            told.fail(type(error).__name__)
            raise
        finally:
            contexts.detach(token)
            begun.end()

    def span(
        self, name: str, kind: SpanKind, attributes: Attributes, origin: TraceContext | NewTrace | None
    ) -> AbstractContextManager[Span]:
        """As ``Sink.span``."""
        return self._spanning(name, kind, attributes, origin)

    def here(self) -> Span:
        """As ``Sink.here``."""
        return _Span(trace.get_current_span())

    def record(self, metric: Metric, value: float, attributes: Attributes) -> None:
        """Take ``value`` as ``Sink.record`` does."""
        instrument = self._instruments[metric.name]
        if isinstance(instrument, Counter):
            instrument.add(value, attributes)
        else:
            instrument.record(value, attributes)

    def watch(self, watch: Watch) -> None:
        """As ``Sink.watch``."""
        self._gauges.watch(watch)

    def forget(self, watch: Watch) -> None:
        """As ``Sink.forget``."""
        self._gauges.forget(watch)


class _Span:
    """A span of the package."""

    __slots__ = ("_span",)

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def context(self) -> TraceContext | None:
        found = self._span.get_span_context()
        if not found.is_valid:
            return None
        return TraceContext(
            trace.format_trace_id(found.trace_id),
            trace.format_span_id(found.span_id),
            int(found.trace_flags),
            found.trace_state.to_header(),
        )

    def set(self, attributes: Attributes) -> None:
        self._span.set_attributes(attributes)

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def fail(self, kind: str) -> None:
        self._span.set_attribute(names.ERROR_TYPE, kind)
        self._span.set_status(_NO_STATUS)


class _Ids(RandomIdGenerator):
    """By chance, unless a new trace has an id already."""

    def generate_trace_id(self) -> int:
        wanted = _wanted.get()
        return int(wanted, 16) if wanted else super().generate_trace_id()


_wanted: ContextVar[str] = ContextVar("omni_trace_id", default="")


class _Gauges:
    """What watches read: one look for all gauges that are asked for one after the other."""

    def __init__(self) -> None:
        self._watches: list[Watch] = []
        self._lock = Lock()
        self._seen: tuple[Reading, ...] = ()
        self._seen_at = float("-inf")

    def watch(self, watch: Watch) -> None:
        self._watches.append(watch)

    def forget(self, watch: Watch) -> None:
        if watch in self._watches:
            self._watches.remove(watch)

    def settle(self) -> None:
        """Look for the last time, here and now. A thread that is within a look when its process ends would be ended in
        the midst of a database, and take the process with it.
        """
        with self._lock:
            self._look()
            self._seen_at = float("inf")

    def observe(self, metric: Metric, _: CallbackOptions) -> Iterable[Observation]:
        with self._lock:
            if time.monotonic() - self._seen_at > _SECONDS_OF_A_LOOK:
                self._look()
            return [Observation(each.value, each.attributes) for each in self._seen if each.metric is metric]

    def _look(self) -> None:
        self._seen = tuple(each for watch in self._watches for each in _read(watch))
        self._seen_at = time.monotonic()


def _read(watch: Watch) -> tuple[Reading, ...]:
    try:
        return tuple(watch())
    except Exception:  # noqa: BLE001 - what cannot be seen is left out, and holds up nothing else
        return ()


class _Failures(logging.Handler):
    """Exporters tell of failures in their logs: the first of them is passed on, without its words."""

    def __init__(self, failed: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._failed = failed
        self._once = Lock()

    def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002 - its words may hold anything
        self.tell()

    def tell(self) -> None:
        """Something did not arrive."""
        if self._once.acquire(blocking=False):
            self._failed()


def _parent(origin: TraceContext | NewTrace | None) -> contexts.Context | None:
    """Where a span begins; ``None`` for what goes on here."""
    if origin is None:
        return None
    if isinstance(origin, NewTrace):
        return contexts.Context()
    place = trace.SpanContext(
        int(origin.trace_id, 16),
        int(origin.span_id, 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(origin.flags),
        trace_state=trace.TraceState.from_header([origin.state]) if origin.state else None,
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(place), contexts.Context())


def _resource() -> Resource:
    """Who tells. Each process is an instance of its own: its counters begin with 0, and under the id of another they
    would take back what that has told.

    https://opentelemetry.io/docs/specs/semconv/registry/attributes/service/
    """
    stated = Resource.create()
    named = not str(stated.attributes.get("service.name", _UNNAMED)).startswith(_UNNAMED)
    own = {"service.version": version("omni-assets"), "service.instance.id": uuid4().hex}
    return Resource({**own, **stated.attributes, **({} if named else {"service.name": SERVICE})}, names.SCHEMA_URL)


def _instruments(meter: Meter, gauges: _Gauges) -> Mapping[str, Counter | Histogram]:
    """Counters and histograms by name; gauges are read by ``gauges``."""
    made: dict[str, Counter | Histogram] = {}
    for each in METRICS:
        match each.kind:
            case Kind.COUNTER:
                made[each.name] = meter.create_counter(each.name, each.unit, each.description)
            case Kind.HISTOGRAM:
                made[each.name] = meter.create_histogram(
                    each.name, each.unit, each.description, explicit_bucket_boundaries_advisory=each.buckets
                )
            case Kind.GAUGE:
                observe = partial(gauges.observe, each)
                meter.create_observable_gauge(each.name, [observe], each.unit, each.description)
    return made
