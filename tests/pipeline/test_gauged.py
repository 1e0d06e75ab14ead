"""The code location tells how the project stands, by the command of docker/compose.yaml, and nobody else does."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from dagster._core.definitions.definitions_load_context import DefinitionsLoadContext, DefinitionsLoadType
from dagster._grpc.client import DagsterGrpcClient
from dagster._serdes import serialize_value
from dagster_shared.serdes.objects.models.defs_state_info import DefsStateInfo

from omni_assets.pipeline import gauged
from omni_assets.pipeline.gauged import Looking
from omni_assets.processes.ports import free_port
from omni_assets.telemetry.metrics import WORKERS
from omni_assets.telemetry.signals import Reading
from tests.support.collector import Collector
from tests.support.tampering import wait_until
from tests.support.tethered import Tethered

PATIENCE_SECONDS = 600.0
HOST = "127.0.0.1"


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def echo(write_contract: Callable[..., Path]) -> Path:
    """A project with a node that is worked on."""
    return write_contract(
        "echo",
        text=(
            'name: echo\nhandler: {kind: python, entry: "omni_assets.agents.echo:echo"}\nevent_bus:\n'
            "  subscribe_topics: [onex.cmd.echo.echo-requested.v1]\n"
            "  publish_topics: [onex.evt.echo.echo-completed.v1]\n"
        ),
    )


@pytest.fixture
def location(tmp_path: Path, echo: Path, broker: Any, collector: Collector) -> Iterator[tuple[Tethered, int]]:
    """The code location of that project, and its port. It serves."""
    home, port = tmp_path / "dagster", free_port(HOST)
    home.mkdir()
    (home / "dagster.yaml").touch()
    environ = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "OMNI_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "OMNI_HOME": str(tmp_path / "state"),
        "OMNI_GAUGES": "1",
        "DAGSTER_HOME": str(home),
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
        **collector.environ,
    }
    there = ["sh", "-c", 'cd "$0" && exec env -i "$@"', str(tmp_path), *(f"{key}={it}" for key, it in environ.items())]
    served = ["dagster", "code-server", "start", "--host", HOST, "--port", str(port)]
    started = Tethered([*there, *served, "--module-name", "omni_assets.pipeline.definitions"], tmp_path / "code.log")
    client = DagsterGrpcClient(host=HOST, port=port)

    def serves() -> bool:
        assert started.running, (tmp_path / "code.log").read_text()
        return bool(client.health_check_query() == "SERVING")

    try:
        wait_until(serves, "the code location to serve", PATIENCE_SECONDS)
        yield started, port
    finally:
        if started.running:
            started.end(signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.dagster
@pytest.mark.broker
@pytest.mark.timeout(2400)
def test_the_code_location_tells_for_as_long_as_it_serves_and_once_however_often_it_is_loaded(
    location: tuple[Tethered, int],
    collector: Collector,
    tmp_path: Path,
) -> None:
    telling, port = location
    wait_until(lambda: collector.value(WORKERS.name, node="echo") == 0, "the first gauges", PATIENCE_SECONDS)
    client = DagsterGrpcClient(host=HOST, port=port)
    client.reload_code_with_state(serialize_value(DefsStateInfo.empty()), timeout=int(PATIENCE_SECONDS))
    before = len(collector.requests)
    wait_until(lambda: len(collector.requests) > before + 2, "gauges of what was loaded again", PATIENCE_SECONDS)
    assert len(collector.instances(WORKERS.name)) == 1

    client.reload_code(timeout=int(PATIENCE_SECONDS))
    wait_until(lambda: len(collector.instances(WORKERS.name)) == 2, "gauges of another process", PATIENCE_SECONDS)
    assert set(collector.requests) == {"/v1/metrics"}
    assert telling.end(signal.SIGTERM, PATIENCE_SECONDS) == 0, (tmp_path / "code.log").read_text()
    assert len(collector.instances(WORKERS.name)) == 2
    assert "Traceback" not in (tmp_path / "code.log").read_text()


@pytest.mark.parametrize(
    ("stated", "load"), [("", DefinitionsLoadType.INITIALIZATION), ("1", DefinitionsLoadType.RECONSTRUCTION)]
)
def test_neither_the_process_of_a_run_tells_nor_one_that_nobody_asked(
    monkeypatch: pytest.MonkeyPatch, stated: str, load: DefinitionsLoadType
) -> None:
    monkeypatch.setenv("OMNI_GAUGES", stated)
    monkeypatch.setattr(gauged, "_once", threading.Lock())
    with DefinitionsLoadContext.scoped(DefinitionsLoadContext(load)):
        gauged.gauged(lambda: pytest.fail("nobody looks"))
    assert not gauged._once.locked()


def test_the_end_waits_for_the_look_that_is_under_way_and_lets_no_other_begin() -> None:
    begun, go_on = threading.Event(), threading.Event()
    seen = [Reading(WORKERS, 1)]

    def look() -> list[Reading]:
        begun.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return seen

    looking = Looking(look)
    with ThreadPoolExecutor() as threads:
        under_way = threads.submit(looking)
        assert begun.wait(PATIENCE_SECONDS)
        looking.end(0.01)
        assert not under_way.done()
        ending = threads.submit(looking.end, PATIENCE_SECONDS)
        assert not ending.done()
        go_on.set()
        ending.result(PATIENCE_SECONDS)
        assert tuple(under_way.result(PATIENCE_SECONDS)) == tuple(seen)
    assert looking() == ()
