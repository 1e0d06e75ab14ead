"""``omni up``: the local broker where none is configured, a first ``reconcile`` run, then the Dagster UI and daemon,
and the report beside them.

Processes only; nothing here imports dagster. What happens on the way is told as events, so that whoever calls decides
what to show. Signals end a step between two of its parts, and everything that was started here is ended here.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from filelock import FileLock, Timeout

from omni_assets.broker.local import lifecycle
from omni_assets.broker.local.record import BrokerRecord
from omni_assets.errors import PortInUse, ServiceFailed, StateError, StateFolderUnusable, reason
from omni_assets.operations import dagster_home, local_model, services
from omni_assets.operations.context import BrokerOrigin, Context
from omni_assets.operations.cycle import Cycle, run_cycle
from omni_assets.operations.report.writing import write_report
from omni_assets.operations.services import Interruption, Service
from omni_assets.processes import memory
from omni_assets.processes.ports import free_port, port_is_free
from omni_assets.router.local import lifecycle as models
from omni_assets.router.local.weights import Serving

HOST = "127.0.0.1"
UI_PORT = 3000
"""Where the UI listens unless told otherwise, or taken."""

UI_SECONDS = 600.0
"""Most seconds until a service must answer: what a UI shows takes a busy machine minutes to load."""

STILL_SECONDS = 30.0
"""How often it is said meanwhile that it has not answered yet."""

DEFINITIONS = "omni_assets.pipeline.definitions"
_REPORT_SERVER = "omni_assets.operations.report.serving"
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class BrokerReady:
    """A broker is there to work with; ``started`` says whether it was started for this."""

    bootstrap_servers: str
    started: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class ModelReady:
    """The local model is there to work with; ``started`` says whether it was started for this."""

    model: str
    base_url: str
    started: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class CycleEnded:
    """The first cycle is over."""

    cycle: Cycle


@dataclass(frozen=True, slots=True)
class PortTaken:
    """Somebody else listens on the usual port, so another one is used ``instead``."""

    taken: int
    instead: int


@dataclass(frozen=True, slots=True)
class ServiceStarted:
    """A service was started; it need not answer yet."""

    name: str
    pid: int
    log: Path


@dataclass(frozen=True, slots=True)
class StillStarting:
    """A service has run for so many seconds, and does not answer yet. ``most`` is how long it is waited for."""

    name: str
    seconds: float
    most: float


@dataclass(frozen=True, slots=True)
class UiReady:
    """The UI answers. ``seconds`` is counted from the beginning."""

    url: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ReportReady:
    """The report is written, and served beside the UI."""

    url: str
    file: Path


@dataclass(frozen=True, slots=True)
class Stopping:
    """What was started is being ended."""

    names: tuple[str, ...]


Event: TypeAlias = (
    BrokerReady
    | ModelReady
    | CycleEnded
    | PortTaken
    | ServiceStarted
    | StillStarting
    | UiReady
    | ReportReady
    | Stopping
)
Notify: TypeAlias = Callable[[Event], None]


def cycle(context: Context, notify: Notify, interruption: Interruption) -> Cycle | None:
    """Broker, contracts, provisioning, observation and drift, once. ``None`` where it was interrupted.

    Raises ``InputError``, ``StateError`` and ``ProcessError``; that a broker does not answer is in the result.
    """
    context.manifest()
    with _alone(context), _broker(context, notify) as where:
        return _reconcile(where, notify, interruption)


def serve(context: Context, notify: Notify, interruption: Interruption, port: int | None = None) -> bool:
    """A cycle, then the UI and the daemon until somebody asks to end. False where that was before the UI answered.

    The local model is served meanwhile, where the settings ask for it. Without a ``port`` the UI takes the usual one,
    or a free one where that is taken. Raises ``InputError``, ``StateError``, ``PortInUse``, ``ServiceFailed``, and
    ``ExtraMissing`` and ``EngineFailed`` for the model.
    """
    started = time.monotonic()
    context.manifest()
    with _alone(context):
        if port is not None:
            _require_free(port)
        with _model(context, notify), _broker(context, notify) as where:
            return _served(where, notify, interruption, port, started)


def _served(context: Context, notify: Notify, interruption: Interruption, port: int | None, started: float) -> bool:
    """A cycle, then the services; ``started`` is when all of it began, by the monotonic clock."""
    if _reconcile(context, notify, interruption) is None or interruption.within(0):
        return False
    chosen = port or _free_port(notify)
    url = f"http://{HOST}:{chosen}"
    running: list[Service] = []
    with _ended_afterwards(running, notify):
        running.append(_start(context, "dagster-webserver", ["-h", HOST, "-p", str(chosen)], notify))
        if not _answers(f"{url}/server_info", running, notify, interruption):
            return False
        # Only now, so that the two do not load the code location side by side.
        running.append(_start(context, "dagster-daemon", ["run"], notify))
        if not _serve_report(context, notify, running, interruption):
            return False
        notify(UiReady(url, time.monotonic() - started))
        while not interruption.within(_POLL_SECONDS):
            _require_running(running)
    return True


def environment(context: Context, dagster_folder: Path) -> dict[str, str]:
    """The variables under which a child process means the same contracts, broker, profile and state folder.

    A broker that somebody named is named to it. This project's own is found by its record in the state folder: by its
    address alone, another one there would be taken for it once it has stopped.
    """
    named = {"OMNI_BOOTSTRAP_SERVERS": context.bootstrap_servers} if context.named else {}
    root = context.settings.root
    binaries = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "OMNI_HOME": str(context.home),
        "OMNI_ENV": context.environment,
        "OMNI_CONTRACTS": os.pathsep.join(_from(root, source) for source in context.sources),
        **named,
        "DAGSTER_HOME": str(dagster_folder),
        "PATH": os.pathsep.join([binaries, os.environ.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        memory.VARIABLE: os.environ.get(memory.VARIABLE) or str(memory.ARENAS),
    }


@contextmanager
def _alone(context: Context) -> Iterator[None]:
    """Two of these in one state folder would start everything twice."""
    file = context.home / "up.lock"
    lock = FileLock(file)
    try:
        context.home.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        raise StateError(
            f"another `omni up` runs on the state folder {context.home}.",
            "Use its UI, end it, or name another folder with OMNI_HOME.",
        ) from None
    except OSError as error:
        raise StateFolderUnusable(str(context.home), reason(error)) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _broker(context: Context, notify: Notify) -> Iterator[Context]:
    """The context with a broker to work with: the one that is named or runs, else the local one while this lasts."""
    if context.named:
        notify(BrokerReady(context.bootstrap_servers, started=False, seconds=0.0))
        yield context
        return
    began = time.monotonic()
    record = lifecycle.running(context.home)
    if record is not None:
        notify(BrokerReady(record.bootstrap_servers, started=False, seconds=0.0))
        yield _on(context, record)
        return
    record = lifecycle.start(context.home)
    try:
        notify(BrokerReady(record.bootstrap_servers, started=True, seconds=time.monotonic() - began))
        yield _on(context, record)
    finally:
        notify(Stopping(("broker",)))
        lifecycle.stop(context.home)


@contextmanager
def _model(context: Context, notify: Notify) -> Iterator[None]:
    """The local model while this lasts, where the settings ask for it; one that runs already is left running."""
    if not context.settings.router.serve_local:
        yield
        return
    began = time.monotonic()
    already = models.running(context.home)
    record = already or models.start(context.home, Serving(local_model.chosen(context.settings)))
    started = already is None
    try:
        notify(ModelReady(record.model, record.base_url, started, time.monotonic() - began if started else 0.0))
        yield
    finally:
        if started:
            notify(Stopping(("model",)))
            models.stop(context.home)


def _on(context: Context, record: BrokerRecord) -> Context:
    """The context on the local broker as it is now; it may have been elsewhere, or not at all, when it was resolved."""
    connection = replace(context.connection, bootstrap_servers=record.bootstrap_servers)
    return replace(
        context, bootstrap_servers=record.bootstrap_servers, origin=BrokerOrigin.LOCAL, connection=connection
    )


def _reconcile(context: Context, notify: Notify, interruption: Interruption) -> Cycle | None:
    variables = environment(context, dagster_home.prepare(context.home))
    log = context.home / "logs" / "reconcile.log"
    ended = run_cycle(variables, context.settings.root, log, interruption.within)
    if ended is not None:
        notify(CycleEnded(ended))
    return ended


@contextmanager
def _ended_afterwards(running: Sequence[Service], notify: Notify) -> Iterator[None]:
    try:
        yield
    finally:
        if running:
            notify(Stopping(tuple(service.name for service in running)))
        services.stop(running)


def _start(context: Context, name: str, arguments: Sequence[str], notify: Notify) -> Service:
    """Start one of Dagster's services on the project's workspace, or on our definitions where it has none."""
    variables = environment(context, dagster_home.prepare(context.home))
    root = context.settings.root
    workspace = root / "workspace.yaml"
    location = ["-w", str(workspace)] if workspace.is_file() else ["-m", DEFINITIONS]
    program = _program(name, variables["PATH"])
    log = context.home / "logs" / f"{name}.log"
    service = services.start(name, [program, *arguments, *location], root, variables, log)
    notify(ServiceStarted(name, service.process.pid, log))
    return service


def _serve_report(context: Context, notify: Notify, running: list[Service], interruption: Interruption) -> bool:
    """Write the report and serve it on a free port, beside what runs already; it is read anew for each who asks.

    False where somebody asks to end before it answers.
    """
    written = write_report(context, datetime.now(UTC))
    port = free_port(HOST)
    command = [sys.executable, "-m", _REPORT_SERVER, HOST, str(port), str(written.path)]
    log = context.home / "logs" / "report.log"
    variables = {**os.environ, "OMNI_HOME": str(context.home)}
    service = services.start("report", command, context.settings.root, variables, log)
    notify(ServiceStarted(service.name, service.process.pid, log))
    running.append(service)
    url = f"http://{HOST}:{port}/"
    if not _answers(url, running, notify, interruption):
        return False
    notify(ReportReady(url, written.path))
    return True


def _answers(url: str, running: Sequence[Service], notify: Notify, interruption: Interruption) -> bool:
    """Wait until the service that was started last answers at ``url``. False where somebody asks to end before."""
    service = running[-1]
    began = told = time.monotonic()
    while not interruption.within(_POLL_SECONDS):
        _require_running(running)
        try:
            with urllib.request.urlopen(url, timeout=2.0) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return True
        except (OSError, urllib.error.URLError):
            pass
        now = time.monotonic()
        if now - began > UI_SECONDS:
            raise ServiceFailed(
                f"{service.name} did not answer at {url} within {UI_SECONDS:g} s. The last lines of its log:\n"
                f"{services.last_lines(service.log)}",
                f"The whole log is {service.log}. This machine may have too much else to do.",
            )
        if now - told > STILL_SECONDS:
            told = now
            notify(StillStarting(service.name, now - began, UI_SECONDS))
    return False


def _require_running(running: Sequence[Service]) -> None:
    for service in running:
        if not service.running:
            raise service.failure()


def _require_free(port: int) -> None:
    if not port_is_free(HOST, port):
        raise PortInUse(HOST, port, "the Dagster UI", "Name another with --port, or none to have a free one chosen.")


def _free_port(notify: Notify) -> int:
    """The usual port, or one that is free. To be used at once: nobody keeps it."""
    if port_is_free(HOST, UI_PORT):
        return UI_PORT
    chosen = free_port(HOST)
    notify(PortTaken(UI_PORT, chosen))
    return chosen


def _program(name: str, path: str) -> str:
    found = shutil.which(name, path=path)
    if found is None:
        raise ServiceFailed(
            f"{name} is not installed beside this Python.", "Install omni-assets with its dependencies."
        )
    return found


def _from(root: Path, source: str) -> str:
    """A source as a process in ``root`` finds it: relative inside, so that places read the same everywhere."""
    relative = os.path.relpath(source, root)
    return os.path.abspath(source) if relative.startswith("..") else relative
