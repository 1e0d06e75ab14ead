"""Whether anybody is to hear of the work: OpenTelemetry's variables say so, and without them nothing is imported.

======================================= ===================================================================
``OTEL_EXPORTER_OTLP_ENDPOINT``         where traces and metrics go: ``http://collector:4318``
``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT``  where traces go; ``…_METRICS_ENDPOINT`` likewise
``OTEL_TRACES_EXPORTER``                ``none`` to send none; ``OTEL_METRICS_EXPORTER`` likewise
``OTEL_SDK_DISABLED``                   ``true`` to send nothing
======================================= ===================================================================

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from omni_assets.telemetry import signals

if TYPE_CHECKING:
    from omni_assets.telemetry.otlp import Otlp

SECONDS_TO_SEND = 5.0
"""Most seconds that the end of a process is held up by what is not sent yet."""

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_PROTOCOLS = (
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
)
_SPOKEN = frozenset({"", "http/protobuf"})
_WITHOUT = "Nothing is told of this run; the work is not touched by it."


class Signal(StrEnum):
    """What can be sent, as it stands in the names of OpenTelemetry's variables."""

    TRACES = "TRACES"
    METRICS = "METRICS"


@contextmanager
def told_elsewhere(say: Callable[[str], None]) -> Iterator[None]:
    """Traces and metrics of what is done within go where the variables say, if they say anything; as ``opened``."""
    sink = opened(tuple(Signal), say)
    if sink is None:
        yield
        return
    try:
        with signals.to(sink):
            yield
    finally:
        sink.close(SECONDS_TO_SEND)


def opened(sent: Iterable[Signal], say: Callable[[str], None]) -> Otlp | None:
    """A sink for what is to be sent, as far as the variables say where to; ``None`` where they do not. To be closed.

    Nothing is raised for what is wrong with that: ``say`` hears of it, once and in any thread, in a sentence without
    secrets.
    """
    environ: Mapping[str, str] = os.environ  # the package reads no other
    wanted = {each for each in sent if _is_wanted(each, environ)}
    if not wanted:
        return None
    foreign = next((name for name in _PROTOCOLS if environ.get(name, "").strip().lower() not in _SPOKEN), None)
    if foreign is not None:
        say(f"traces and metrics are sent as http/protobuf alone, and {foreign} asks for another protocol. {_WITHOUT}")
        return None
    try:
        from omni_assets.telemetry.otlp import Otlp
    except ImportError:
        say(f"{_ENDPOINT} is set, and the packages for it are not: `pip install 'omni-assets[telemetry]'`. {_WITHOUT}")
        return None
    unreached = f"traces and metrics do not reach {_place(environ)}; the work is not touched by it."
    try:
        return Otlp(traces=Signal.TRACES in wanted, metrics=Signal.METRICS in wanted, failed=lambda: say(unreached))
    except Exception as error:  # noqa: BLE001 - whatever the package makes of its variables
        say(f"an OTEL_ variable cannot be used ({type(error).__name__}). {_WITHOUT}")
        return None


def _is_wanted(signal: Signal, environ: Mapping[str, str]) -> bool:
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if environ.get(f"OTEL_{signal}_EXPORTER", "").strip().lower() == "none":
        return False
    return any(environ.get(name, "").strip() for name in (_ENDPOINT, f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"))


def _place(environ: Mapping[str, str]) -> str:
    """Host and port of the endpoint: the rest of an address may hold a secret."""
    names = (_ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
    address = next((found for name in names if (found := environ.get(name, "").strip())), "")
    try:
        host, port = urlsplit(address).hostname, urlsplit(address).port
    except ValueError:
        host, port = None, None
    return ":".join(str(each) for each in (host, port) if each) or "their endpoint"
