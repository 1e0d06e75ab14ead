from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from omni_assets.telemetry import metrics, signals
from omni_assets.telemetry.opening import told_elsewhere
from omni_assets.telemetry.signals import Reading, SpanKind
from omni_assets.telemetry.trace_context import NewTrace, TraceContext
from tests.support.collector import Collector

COMMAND = """
import sys
sys.argv = ["omni", *sys.argv[1:]]
from omni_assets.cli.main import main
try:
    main()
finally:
    print(sorted(name for name in sys.modules if name.startswith("opentelemetry"))[:1])
"""


@pytest.fixture(autouse=True)
def _without_variables(monkeypatch):
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def collector(monkeypatch) -> Iterator[Collector]:
    made = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.address)
    yield made
    made.close()


def modules(*arguments: str, **environ: str) -> str:
    """What of OpenTelemetry a command has imported."""
    ran = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        env={"PATH": "", **environ},
        capture_output=True,
        text=True,
        timeout=90,
    )
    return ran.stdout.splitlines()[-1]


def test_without_an_endpoint_nothing_is_imported():
    assert modules("rule", "OM203") == "[]"
    assert modules("rule", "OM203", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_SDK_DISABLED="true") == "[]"
    assert modules("rule", "OM203", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9") == "['opentelemetry']"


def test_without_a_sink_nothing_is_made():
    with signals.span("one") as one, signals.span("two", SpanKind.CLIENT, {"a": 1}, NewTrace()) as two:
        assert one is two is signals.here()
        assert one.context is None
        one.set({"b": 2})
        one.fail("badly")
        one.rename("three")
    signals.record(metrics.ROUTED, 1)
    signals.watch(lambda: pytest.fail("nobody looks"))


def failing() -> None:
    with signals.span("inner", SpanKind.CLIENT, {"a": 1, "long": "x" * 5_000}) as inner:
        inner.set({"b": ["c"]})
        raise KeyError("a secret")


def test_spans_and_readings_arrive(collector):
    far = TraceContext("0af7651916cd43dd8448eb211c80319c", "b9c7c989f97918e1", 1, "vendor=1")
    with told_elsewhere(pytest.fail):
        with signals.span("run", origin=NewTrace("c" * 32)) as run:
            assert signals.here().context == run.context
            with pytest.raises(KeyError):
                failing()
            run.rename("renamed")
        with signals.span("elsewhere", origin=far) as elsewhere:
            assert elsewhere.context is not None
            assert (elsewhere.context.trace_id, elsewhere.context.state) == (far.trace_id, "vendor=1")
        signals.record(metrics.SPEND, 0.25, {"omni.task_class": "review"})
        signals.record(metrics.SPEND, 0.5, {"omni.task_class": "review"})
        signals.record(metrics.TASK_DURATION, 0.1, {"omni.node": "echo"})
        signals.watch(lambda: [Reading(metrics.LAG, 7, {"omni.node": "echo"})])
        signals.watch(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    seen = {each.name: each for each in collector.spans}
    assert seen.keys() == {"renamed", "inner", "elsewhere"}
    assert (seen["renamed"].trace, seen["renamed"].parent) == ("c" * 32, "")
    assert seen["inner"].parent == seen["renamed"].id
    assert seen["inner"].failed
    assert seen["inner"].attributes.pop("long") == "x" * 1_000
    assert seen["inner"].attributes == {"a": 1, "b": ["c"], "error.type": "KeyError"}
    assert (seen["elsewhere"].trace, seen["elsewhere"].parent) == (far.trace_id, far.span_id)
    assert collector.value("omni.routing.spend", task_class="review") == 0.75
    assert collector.value("omni.task.duration", node="echo") == 1
    assert collector.value("omni.lag", node="echo") == 7
    assert not any(b"a secret" in body for body in collector.bodies)
    assert signals.here().context is None


def test_the_last_look_is_taken_by_whoever_ends_it(collector):
    """No thread may be within one when the process ends."""
    looked: list[str] = []

    def look() -> list[Reading]:
        looked.append(threading.current_thread().name)
        return [Reading(metrics.LAG, len(looked), {"omni.node": "echo"})]

    with told_elsewhere(pytest.fail):
        signals.watch(look)
    assert looked == [threading.current_thread().name]
    assert collector.value("omni.lag", node="echo") == 1


def test_what_is_forgotten_is_looked_at_no_more(collector):
    looked: list[int] = []

    def look() -> list[Reading]:
        looked.append(1)
        return [Reading(metrics.LAG, 7, {"omni.node": "echo"})]

    with told_elsewhere(pytest.fail):
        signals.watch(look)
        signals.forget(look)
        signals.forget(look)
    assert (looked, collector.points) == ([], [])


def test_what_is_not_sampled_upstream_is_not_sent(collector):
    with told_elsewhere(pytest.fail), signals.span("quiet", origin=TraceContext("1" * 32, "2" * 16, 0)) as quiet:
        assert quiet.context is not None
        assert quiet.context.flags & 1 == 0
    assert collector.spans == []


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL asks for another protocol"),
        ({"OTEL_METRIC_EXPORT_INTERVAL": "-5"}, "an OTEL_ variable cannot be used (ValueError)"),
    ],
)
def test_what_cannot_be_meant_is_told_once_and_stops_nothing(collector, monkeypatch, variables, told):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    said: list[str] = []
    with told_elsewhere(said.append), signals.span("work") as work:
        assert work.context is None
    assert len(said) == 1
    assert told in said[0]
    assert collector.requests == []


def test_without_its_packages_it_says_which(collector, monkeypatch):
    monkeypatch.setitem(sys.modules, "omni_assets.telemetry.otlp", None)
    said: list[str] = []
    with told_elsewhere(said.append):
        pass
    assert len(said) == 1
    assert "pip install 'omni-assets[telemetry]'" in said[0]


def test_one_of_both_can_be_left_out(collector, monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    with told_elsewhere(pytest.fail), signals.span("work"):
        signals.record(metrics.ROUTED, 1)
    assert set(collector.requests) == {"/v1/metrics"}


def test_a_full_queue_drops_and_holds_up_nothing(collector, monkeypatch):
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "8")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "3600000")
    with told_elsewhere(lambda _: None):
        for number in range(1_000):
            with signals.span(f"s{number}"):
                pass
    assert 0 < len(collector.spans) < 1_000


def test_the_end_waits_so_long_and_no_longer(monkeypatch):
    """An endpoint that accepts, and never answers: what is left is given up."""
    import socket
    import time

    from omni_assets.telemetry import opening

    with socket.create_server(("127.0.0.1", 0)) as mute:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{mute.getsockname()[1]}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3600")
        monkeypatch.setattr(opening, "SECONDS_TO_SEND", 0.2)
        began = time.monotonic()
        with told_elsewhere(lambda _: None), signals.span("work"):
            pass
        assert time.monotonic() - began < 600
