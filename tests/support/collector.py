"""A collector of OpenTelemetry on this machine: it takes OTLP over HTTP, and remembers what it was sent."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Seen:
    """A span as it arrived; ``service`` are the attributes of the process that it came from."""

    name: str
    kind: int
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]
    failed: bool
    service: dict[str, Any]


@dataclass(frozen=True)
class Point:
    """A reading as it arrived: the value of a counter or gauge, or the count of a histogram; ``instance`` is the
    process that it came from.
    """

    metric: str
    value: float
    attributes: dict[str, Any] = field(hash=False)
    instance: str = field(default="", compare=False)


class Collector:
    """A real HTTP server. ``status`` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.requests: list[str] = []
        self.bodies: list[bytes] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                with collector._turn:
                    collector.requests.append(self.path)
                    collector.bodies.append(body)
                self.send_response(collector.status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return None

        self._turn = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which a process sends everything here."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.address}

    def _sent(self, path: str) -> list[bytes]:
        with self._turn:
            return [body for at, body in zip(self.requests, self.bodies, strict=True) if at == path]

    @property
    def spans(self) -> list[Seen]:
        found = []
        for body in self._sent("/v1/traces"):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                service = attributes(resource.resource.attributes)
                for scope in resource.scope_spans:
                    found += [
                        Seen(
                            each.name,
                            each.kind,
                            each.trace_id.hex(),
                            each.span_id.hex(),
                            each.parent_span_id.hex(),
                            attributes(each.attributes),
                            each.status.code == 2,
                            service,
                        )
                        for each in scope.spans
                    ]
        return found

    @property
    def points(self) -> list[Point]:
        found = []
        for body in self._sent("/v1/metrics"):
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                instance = str(attributes(resource.resource.attributes)["service.instance.id"])
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        data = getattr(metric, metric.WhichOneof("data") or "gauge")
                        found += [
                            Point(metric.name, _value(point), attributes(point.attributes), instance)
                            for point in data.data_points
                        ]
        return found

    def instances(self, metric: str) -> set[str]:
        """The processes that told a metric."""
        return {each.instance for each in self.points if each.metric == metric}

    def value(self, metric: str, **wanted: str) -> float | None:
        """The latest reading of a metric with those attributes; ``omni.`` stands before each of their names."""
        named = {f"omni.{name}": value for name, value in wanted.items()}
        found = [each.value for each in self.points if each.metric == metric and each.attributes == named]
        return found[-1] if found else None


def attributes(pairs: Iterable[Any]) -> dict[str, Any]:
    """Attributes as OTLP writes them, as values."""
    return {each.key: _plain(each.value) for each in pairs}


def _plain(value: Any) -> Any:
    kind = value.WhichOneof("value")
    return [_plain(each) for each in value.array_value.values] if kind == "array_value" else getattr(value, kind)


def _value(point: Any) -> float:
    if hasattr(point, "count"):
        return float(point.count)
    return float(getattr(point, point.WhichOneof("value")))
