"""``omni up`` as people start it: real processes, and none of them left afterwards."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from omni_assets.broker.local import lifecycle
from omni_assets.cli.views.up import event_lines, plain
from omni_assets.errors import PortInUse, ServiceFailed
from omni_assets.operations import up as operation
from omni_assets.operations.context import BrokerOrigin, Context
from omni_assets.operations.cycle import Cycle
from omni_assets.operations.services import Interruption
from omni_assets.operations.up import (
    BrokerReady,
    CycleEnded,
    Event,
    ModelReady,
    PortTaken,
    ServiceStarted,
    StillStarting,
    Stopping,
    cycle,
    environment,
    serve,
)
from omni_assets.processes import memory
from omni_assets.processes.ports import port_is_free
from omni_assets.processes.status import State
from omni_assets.router.local import lifecycle as models
from omni_assets.router.local.weights import Serving, weights
from omni_assets.settings import RouterSettings
from tests.support.listening import listened_at, reached_from_elsewhere

pytestmark = [pytest.mark.dagster, pytest.mark.broker, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 90.0
CONTRACT = """\
event_bus:
  publish_topics: [onex.evt.router.routing-complete.v1, onex.evt.router.routing-failed.v1]
"""


@dataclass
class Up:
    """A project whose ``omni up`` runs in a process of its own. Every process of it carries its state folder."""

    folder: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def home(self) -> Path:
        return self.folder / "state"

    @property
    def variables(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("OMNI_", "DAGSTER_"))}
        return {**own, "OMNI_HOME": str(self.home), "OMNI_CONTRACTS": str(self.folder / "contracts")}

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        with (self.folder / "stdout").open("w") as stdout, (self.folder / "stderr").open("w") as stderr:
            process = subprocess.Popen(
                [Path(sys.executable).with_name("omni"), "up", *arguments],
                cwd=self.folder,
                env={**self.variables, **variables},
                stdout=stdout,
                stderr=stderr,
                text=True,
            )
        self.started.append(process)
        return process

    def said(self, text: str) -> str:
        """Everything that was written, once ``text`` is in it."""
        deadline = time.monotonic() + SECONDS
        while text not in (written := self.written()):
            assert time.monotonic() < deadline, f"`{text}` was never said:\n{written}"
            assert self.started[-1].poll() is None or text in self.written(), f"it ended:\n{written}"
            time.sleep(0.02)
        return written

    def written(self) -> str:
        return "".join((self.folder / name).read_text() for name in ("stdout", "stderr"))

    def running(self) -> dict[int, str]:
        """Process ids and command lines of everything that was started for this project."""
        mark = f"OMNI_HOME={self.home}".encode()
        found = {}
        for each in Path("/proc").iterdir():
            if not each.name.isdigit():
                continue
            try:
                if mark in (each / "environ").read_bytes().split(b"\0"):
                    found[int(each.name)] = (each / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return {pid: command for pid, command in found.items() if command}

    def nothing_runs(self) -> None:
        deadline = time.monotonic() + SECONDS
        while left := self.running():
            assert time.monotonic() < deadline, f"left behind: {left}"
            time.sleep(0.05)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    if not Path("/proc/self/environ").exists():
        pytest.skip("processes are looked for in /proc, which this system does not have")
    contract = tmp_path / "contracts" / "router" / "contract.yaml"
    contract.parent.mkdir(parents=True)
    contract.write_text(f"name: router\n{CONTRACT}")
    project = Up(tmp_path)
    yield project
    for process in project.started:
        process.kill()
        process.wait()
    lifecycle.stop(project.home)
    project.nothing_runs()


@pytest.fixture
def port() -> int:
    """A port that is likely to be free still when the UI binds it: not one of those that the system hands out."""
    return next(port for port in random.sample(range(15_000, 30_000), 50) if port_is_free("127.0.0.1", port))


def asked(port: int, query: str) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        data=json.dumps({"query": query}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own address
        return json.load(answer)["data"]


LOCATION = '{repositoryName: "__repository__", repositoryLocationName: "omni_assets.pipeline.definitions"}'


def test_the_ui_answers_with_assets_sensors_and_schedule_and_all_ends_by_sigterm(up: Up, port: int) -> None:
    process = up.start("--port", str(port))
    said = up.said("Dagster UI at")
    assert f"http://127.0.0.1:{port}" in said
    assert "2 created" in said
    (report,) = re.findall(r"report at (http://127\.0\.0\.1:\d+/)", said)
    with urllib.request.urlopen(report, timeout=30) as answer:  # noqa: S310 - our own address
        assert b"2 topics" in answer.read()
    nodes = asked(port, "{assetNodes {assetKey {path}}}")["assetNodes"]
    assert {"/".join(node["assetKey"]["path"]) for node in nodes} == {
        "declared_topics",
        "provisioned_topics",
        "applied_changes",
        "observed_topics",
        "topic_drift",
        "topic_drift_history",
        "drift_summary",
        "report",
        "agents/receipts",
        "agents/tasks",
        "agents/questions",
        "routing_economics",
        "routing_posteriors",
        "nodes/router",
        "topics/onex.evt.router/routing-complete.v1",
        "topics/onex.evt.router/routing-failed.v1",
    }
    sensors = asked(
        port,
        f"{{sensorsOrError(repositorySelector: {LOCATION}) "
        f"{{... on Sensors {{results {{name sensorState {{status}}}}}}}}}}",
    )["sensorsOrError"]["results"]
    assert {each["name"]: each["sensorState"]["status"] for each in sensors} == {
        "contracts_changed": "RUNNING",
        "topic_missing": "RUNNING",
        "agent_inbox": "RUNNING",
        "question_asked": "RUNNING",
        "run_failure": "RUNNING",
        "drift_appeared": "RUNNING",
        "budget_nearly_spent": "RUNNING",
        "alerts": "RUNNING",
    }
    schedules = asked(
        port,
        f"{{schedulesOrError(repositorySelector: {LOCATION}) "
        f"{{... on Schedules {{results {{name scheduleState {{status}}}}}}}}}}",
    )["schedulesOrError"]["results"]
    assert {each["name"]: each["scheduleState"]["status"] for each in schedules} == {
        "reconcile_hourly": "RUNNING",
        "drift_summary_daily": "RUNNING",
        "report_daily": "RUNNING",
        "routing_daily": "RUNNING",
        "tidy_daily": "RUNNING",
    }
    runs = asked(port, "{runsOrError {... on Runs {results {jobName status}}}}")["runsOrError"]["results"]
    assert {"jobName": "reconcile", "status": "SUCCESS"} in runs
    assert len(up.running()) >= 6
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0
    up.nothing_runs()
    # The broker's data outlives it.
    again = up.start("--once", "--format", "json")
    assert again.wait(SECONDS) == 0
    document = json.loads((up.folder / "stdout").read_text())
    assert document["provisioned"] == {"created": 0, "existed": 2, "failed": 0, "unconfirmed": 0, "skipped": 0}
    up.nothing_runs()


def test_tasks_that_are_submitted_are_worked_on_by_a_run_of_dagster(up: Up, port: int) -> None:
    for node in ("echo", "receipt-recorder"):
        shutil.copytree(ROOT / "contracts" / node, up.folder / "contracts" / node)
    up.start("--port", str(port))
    up.said("Dagster UI at")
    lines = "".join(
        json.dumps({"topic": "onex.cmd.echo.echo-requested.v1", "key": f"k{each}", "data": {"text": "hi"}}) + "\n"
        for each in range(5)
    )
    submitted = subprocess.run(
        [Path(sys.executable).with_name("omni"), "task", "submit", "-"],
        cwd=up.folder,
        env=up.variables,
        input=lines,
        capture_output=True,
        text=True,
    )
    assert submitted.returncode == 0, submitted.stderr
    tasks = """{assetNodeOrError(assetKey: {path: ["agents", "tasks"]}) {... on AssetNode {
        assetMaterializations(limit: 10) {runOrError {... on Run {jobName}} metadataEntries {
            label ... on TextMetadataEntry {text}}}}}}"""
    deadline = time.monotonic() + SECONDS
    while len(told := asked(port, tasks)["assetNodeOrError"]["assetMaterializations"]) < 5:
        assert time.monotonic() < deadline, f"{len(told)} of 5 tasks were told"
        time.sleep(0.5)
    assert {each["runOrError"]["jobName"] for each in told} == {"agent_tasks"}
    facts = [{entry["label"]: entry.get("text") for entry in each["metadataEntries"]} for each in told]
    assert {(each["node"], each["outcome"]) for each in facts} == {("echo", "done")}
    assert sorted(each["event"] for each in facts) == sorted(submitted.stdout.split())


def test_a_service_that_dies_ends_everything_and_its_log_is_shown(up: Up, port: int) -> None:
    process = up.start("--port", str(port))
    up.said("dagster-webserver started")
    webserver = _wait_for(up, "dagster-webserver -h")
    os.kill(webserver, signal.SIGKILL)
    assert process.wait(SECONDS) == 2
    assert "dagster-webserver ended on its own" in up.written()
    assert "ended with exit code -9" in up.written()
    up.nothing_runs()


@pytest.mark.parametrize(
    ("stage", "number", "code"),
    [
        ("running the first cycle", signal.SIGINT, 130),
        ("running the first cycle", signal.SIGTERM, 143),
        ("dagster-webserver started", signal.SIGINT, 130),
    ],
)
def test_a_signal_at_any_moment_leaves_nothing_behind(
    stage: str, number: signal.Signals, code: int, up: Up, port: int
) -> None:
    process = up.start("--port", str(port))
    up.said(stage)
    process.send_signal(number)
    assert process.wait(SECONDS) == code
    up.nothing_runs()


def test_when_omni_is_killed_its_services_end_and_the_broker_stays_on_record(up: Up, port: int) -> None:
    process = up.start("--port", str(port))
    up.said("dagster-webserver started")
    _wait_for(up, "dagster-webserver -h")
    process.kill()
    process.wait()
    deadline = time.monotonic() + SECONDS
    while any("noida" not in command for command in up.running().values()):
        assert time.monotonic() < deadline, f"left behind: {up.running()}"
        time.sleep(0.05)
    assert lifecycle.running(up.home) is not None
    assert lifecycle.stop(up.home) is not None
    up.nothing_runs()


def test_the_local_model_is_served_meanwhile_where_the_settings_ask_for_it(up: Up, port: int) -> None:
    (up.folder / "omni.toml").write_text("[router]\nserve_local = true\n")
    process = up.start("--port", str(port))
    up.said("Dagster UI at")
    record = models.running(up.home)
    assert record is not None
    assert f"model smollm2 at {record.base_url} (started in" in up.written()
    assert len(listened_at(up.running())) >= 4, "broker, model, UI and report"
    assert reached_from_elsewhere(up.running()) == set()
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0
    assert "stopping model" in up.written()
    assert models.status(up.home).state is State.STOPPED
    up.nothing_runs()


def test_a_model_that_is_served_already_is_left_running(context_of: Callable[..., Context], tmp_path: Path) -> None:
    context = context_of()
    context = replace(
        context, settings=context.settings.model_copy(update={"router": RouterSettings(serve_local=True)})
    )
    record = models.start(context.home, Serving(weights(), context=512))
    events: list[Event] = []
    try:
        with operation._model(context, events.append):
            assert models.running(context.home) == record
        assert models.running(context.home) == record
    finally:
        models.stop(context.home)
    assert events == [ModelReady("smollm2", record.base_url, started=False, seconds=0.0)]


def test_a_port_in_use_is_one_sentence_and_nothing_stays(up: Up) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        process = up.start("--port", str(number))
        assert process.wait(SECONDS) == 2
    assert f"port {number} on 127.0.0.1 is in use, so the Dagster UI cannot listen there." in up.written()
    assert "Traceback" not in up.written()
    up.nothing_runs()


def test_two_at_once_in_one_state_folder_are_refused(up: Up, port: int) -> None:
    first = up.start("--port", str(port))
    up.said("running the first cycle")
    second = subprocess.run(
        [Path(sys.executable).with_name("omni"), "up", "--once"],
        cwd=up.folder,
        env=up.variables,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert second.returncode == 2
    assert "another `omni up` runs on the state folder" in " ".join(second.stderr.split())
    first.send_signal(signal.SIGTERM)
    assert first.wait(SECONDS) == 143


def test_once_leaves_a_broker_that_ran_before_running(
    up: Up, context_of: Callable[..., Context], start_broker: Callable[..., Any]
) -> None:
    broker = start_broker(up.home)
    process = up.start("--once")
    assert process.wait(SECONDS) == 0
    assert lifecycle.running(up.home) is not None
    assert broker.bootstrap_servers in up.written()


def test_a_named_broker_that_is_down_is_one_sentence_and_exit_2(up: Up) -> None:
    process = up.start("--once", "--bootstrap-servers", "127.0.0.1:1")
    assert process.wait(SECONDS) == 2
    assert "no broker answers at 127.0.0.1:1" in up.written()
    assert "Traceback" not in up.written()
    up.nothing_runs()


def test_without_contracts_nothing_is_started(up: Up) -> None:
    process = up.start("--once", OMNI_CONTRACTS=str(up.folder / "nowhere"))
    assert process.wait(SECONDS) == 2
    assert "no such file or folder" in up.written()
    assert not (up.home / "broker").exists()


def test_a_cycle_tells_what_it_did(
    context_of: Callable[..., Context], write_contract: Callable[..., Path], broker: Any
) -> None:
    write_contract(CONTRACT)
    context = context_of(broker.bootstrap_servers)
    events: list[Event] = []
    with Interruption() as interruption:
        ended = cycle(context, events.append, interruption)
    assert isinstance(ended, Cycle)
    assert ended.clean
    assert ended.provisioned == {"created": 2, "existed": 0, "failed": 0, "unconfirmed": 0, "skipped": 0}
    assert events == [BrokerReady(broker.bootstrap_servers, started=False, seconds=0.0), CycleEnded(ended)]


@pytest.mark.parametrize("known", ["nowhere", "at another address"])
def test_a_local_broker_is_used_where_it_is_now(
    known: str, context_of: Callable[..., Context], start_broker: Callable[..., Any], tmp_path: Path
) -> None:
    home = tmp_path / "state"
    if known == "at another address":
        start_broker(home)
    context = context_of()
    lifecycle.stop(home)
    record = start_broker(home).record
    assert context.bootstrap_servers != record.bootstrap_servers
    events: list[Event] = []
    with operation._broker(context, events.append) as where:
        assert where.bootstrap_servers == where.connection.bootstrap_servers == record.bootstrap_servers
        assert where.origin is BrokerOrigin.LOCAL
    assert events == [BrokerReady(record.bootstrap_servers, started=False, seconds=0.0)]
    assert lifecycle.running(home) is not None


def test_a_broker_that_was_started_for_it_is_used_and_ended(context_of: Callable[..., Context], tmp_path: Path) -> None:
    events: list[Event] = []
    with operation._broker(context_of(), events.append) as where:
        record = lifecycle.running(tmp_path / "state")
        assert record is not None
        assert where.bootstrap_servers == where.connection.bootstrap_servers == record.bootstrap_servers
        assert where.origin is BrokerOrigin.LOCAL
    assert lifecycle.running(tmp_path / "state") is None
    assert events[1:] == [Stopping(("broker",))]


def test_a_port_in_use_is_told_before_anything_starts(
    context_of: Callable[..., Context], write_contract: Callable[..., Path]
) -> None:
    write_contract(CONTRACT)
    events: list[Event] = []
    with socket.create_server(("127.0.0.1", 0)) as taken, Interruption() as interruption, pytest.raises(PortInUse):
        serve(context_of(), events.append, interruption, taken.getsockname()[1])
    assert events == []


def test_a_free_port_is_found_just_before_the_ui_starts(
    context_of: Callable[..., Context],
    write_contract: Callable[..., Path],
    broker: Any,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_contract(CONTRACT)
    monkeypatch.setattr(operation, "UI_PORT", port)
    events: list[Event] = []
    with socket.socket() as other, Interruption() as interruption:

        def tell(event: Event) -> None:
            events.append(event)
            if isinstance(event, CycleEnded):
                other.bind(("127.0.0.1", port))
                other.listen()
            if isinstance(event, ServiceStarted):
                os.kill(os.getpid(), signal.SIGTERM)

        assert serve(context_of(broker.bootstrap_servers), tell, interruption) is False
    kinds = [type(event) for event in events]
    assert kinds == [BrokerReady, CycleEnded, PortTaken, ServiceStarted, Stopping]


@pytest.mark.parametrize(("seconds", "ends"), [(600.0, [StillStarting, Stopping]), (0.0, [Stopping])])
def test_what_does_not_answer_yet_is_told_and_waited_for_within_a_limit(
    context_of: Callable[..., Context],
    write_contract: Callable[..., Path],
    broker: Any,
    port: int,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    ends: list[type[Event]],
) -> None:
    write_contract(CONTRACT)
    monkeypatch.setattr(operation, "UI_SECONDS", seconds)
    monkeypatch.setattr(operation, "STILL_SECONDS", 0.0)
    events: list[Event] = []
    with Interruption() as interruption:

        def tell(event: Event) -> None:
            events.append(event)
            if isinstance(event, StillStarting):
                os.kill(os.getpid(), signal.SIGTERM)

        if seconds:
            assert serve(context_of(broker.bootstrap_servers), tell, interruption, port) is False
        else:
            with pytest.raises(ServiceFailed, match=r"dagster-webserver did not answer at .* within 0 s"):
                serve(context_of(broker.bootstrap_servers), tell, interruption, port)
    assert [type(event) for event in events] == [BrokerReady, CycleEnded, ServiceStarted, *ends]
    said = [line for event in events for line in plain(event_lines(event, None))]
    assert any("dagster-webserver does not answer yet (" in line for line in said) is bool(seconds)


def test_children_find_the_same_project(context_of: Callable[..., Context], tmp_path: Path) -> None:
    context = context_of(
        "127.0.0.1:1", {"OMNI_CONTRACTS": os.pathsep.join([str(tmp_path / "contracts"), "/elsewhere"])}
    )
    variables = environment(context, tmp_path / "dagster")
    assert variables["OMNI_CONTRACTS"] == os.pathsep.join(["contracts", "/elsewhere"])
    assert variables["OMNI_HOME"] == str(tmp_path / "state")
    assert variables["OMNI_BOOTSTRAP_SERVERS"] == "127.0.0.1:1"
    assert variables["PATH"].split(os.pathsep)[0] == str(Path(sys.executable).parent)


def test_children_share_memory_out_from_few_places_unless_somebody_said_how_many(
    context_of: Callable[..., Context], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = context_of("127.0.0.1:1")
    for said, held in ((None, str(memory.ARENAS)), ("7", "7")):
        if said is not None:
            monkeypatch.setenv(memory.VARIABLE, said)
        assert environment(context, tmp_path / "dagster")[memory.VARIABLE] == held


def test_children_take_no_other_broker_for_the_local_one(context_of: Callable[..., Context], tmp_path: Path) -> None:
    record = lifecycle.start(tmp_path / "state")
    try:
        context = context_of()
        assert context.origin is BrokerOrigin.LOCAL
        variables = environment(context, tmp_path / "dagster")
    finally:
        lifecycle.stop(tmp_path / "state")
    child = context_of(environ={**variables, "OMNI_ENV": "local"})
    assert (child.origin, child.bootstrap_servers) == (BrokerOrigin.ASSUMED, record.bootstrap_servers)


def _wait_for(up: Up, words: str) -> int:
    """The process id of what runs with ``words`` in its command line, apart from what tethers it."""
    deadline = time.monotonic() + SECONDS
    while True:
        for pid, command in up.running().items():
            if words in command and "tether" not in command:
                return pid
        assert time.monotonic() < deadline, f"`{words}` never ran"
        time.sleep(0.02)
