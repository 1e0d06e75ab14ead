"""``omni up``: the local broker where none is configured, a first ``reconcile`` run, then the Dagster UI and daemon.

Processes only; nothing here imports dagster. What happens on the way is told as events, so that whoever calls decides
what to show. Signals end a step between two of its parts, and everything that was started here is ended here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from filelock import FileLock, Timeout

from omni_assets.broker.local import lifecycle
from omni_assets.broker.local.probe import free_port, port_is_free
from omni_assets.errors import PortInUse, ServiceFailed, StateError
from omni_assets.operations import dagster_home, services
from omni_assets.operations.context import BrokerOrigin, Context
from omni_assets.operations.services import Interruption, Service

HOST = "127.0.0.1"
UI_PORT = 3000
"""Where the UI listens unless told otherwise, or taken."""

CYCLE_SECONDS = 900.0
"""Most seconds that one cycle may take."""

UI_SECONDS = 120.0
"""Most seconds until the UI must answer."""

DEFINITIONS = "omni_assets.pipeline.definitions"
_RECONCILE = "omni_assets.pipeline.reconcile"
_POLL_SECONDS = 0.1
_GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class BrokerReady:
    """A broker is there to work with; ``started`` says whether it was started for this."""

    bootstrap_servers: str
    started: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Cycle:
    """How a ``reconcile`` run ended. Numbers are ``None`` where the run did not get as far.

    ``drift`` is the number of differences by verdict, ``in_sync`` counting declared topics without any;
    ``provisioned`` the number of declared topics by outcome. ``error`` says why the run failed.
    """

    run_id: str
    success: bool
    seconds: float
    events: int
    declared_topics: int | None
    observed_topics: int | None
    contract_errors: int | None
    contract_warnings: int | None
    provisioned: Mapping[str, int] | None
    drift: Mapping[str, int] | None
    failed_checks: tuple[str, ...]
    error: str | None

    @property
    def clean(self) -> bool:
        """Whether the run succeeded and found nothing: no drift, no error in a contract, every topic provisioned."""
        differs = sum(number for verdict, number in (self.drift or {}).items() if verdict != "in_sync")
        lacking = sum((self.provisioned or {}).get(outcome, 0) for outcome in ("failed", "skipped"))
        return self.success and not (differs or lacking or self.contract_errors)


@dataclass(frozen=True, slots=True)
class CycleEnded:
    """The first cycle is over."""

    cycle: Cycle


@dataclass(frozen=True, slots=True)
class PortTaken:
    """Somebody else listens on the usual port, so another one is used."""

    taken: int
    instead: int


@dataclass(frozen=True, slots=True)
class ServiceStarted:
    """A service was started; it need not answer yet."""

    name: str
    pid: int
    log: Path


@dataclass(frozen=True, slots=True)
class UiReady:
    """The UI answers. ``seconds`` is counted from the beginning."""

    url: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Stopping:
    """What was started is being ended."""

    names: tuple[str, ...]


Event: TypeAlias = BrokerReady | CycleEnded | PortTaken | ServiceStarted | UiReady | Stopping
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

    Without a ``port`` the UI takes the usual one, or a free one where that is taken. Raises ``InputError``,
    ``StateError``, ``PortInUse`` and ``ServiceFailed``.
    """
    started = time.monotonic()
    context.manifest()
    with _alone(context), _broker(context, notify) as where:
        chosen = _port(port, notify)
        if _reconcile(where, notify, interruption) is None or interruption.within(0):
            return False
        url = f"http://{HOST}:{chosen}"
        running: list[Service] = []
        with _ended_afterwards(running, notify):
            running.append(_start(where, "dagster-webserver", ["-h", HOST, "-p", str(chosen)], notify))
            if not _answers(url, running, interruption):
                return False
            # Only now, so that the two do not load the code location side by side.
            running.append(_start(where, "dagster-daemon", ["run"], notify))
            notify(UiReady(url, time.monotonic() - started))
            while not interruption.within(_POLL_SECONDS):
                _require_running(running)
    return True


def environment(context: Context, dagster_folder: Path) -> dict[str, str]:
    """The variables under which a child process means the same contracts, broker, profile and state folder."""
    root = context.settings.root
    binaries = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "OMNI_HOME": str(context.home),
        "OMNI_ENV": context.environment,
        "OMNI_CONTRACTS": os.pathsep.join(_from(root, source) for source in context.sources),
        "OMNI_BOOTSTRAP_SERVERS": context.bootstrap_servers,
        "DAGSTER_HOME": str(dagster_folder),
        "PATH": os.pathsep.join([binaries, os.environ.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
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
        raise StateError(
            f"the state folder {context.home} cannot be used: {(error.strerror or str(error)).lower()}.",
            "Make it writable, or name another folder with OMNI_HOME.",
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _broker(context: Context, notify: Notify) -> Iterator[Context]:
    """The context with a broker to work with: the one that is named or runs, else the local one while this lasts."""
    began = time.monotonic()
    if context.named or lifecycle.running(context.home) is not None:
        notify(BrokerReady(context.bootstrap_servers, started=False, seconds=0.0))
        yield context
        return
    record = lifecycle.start(context.home)
    try:
        notify(BrokerReady(record.bootstrap_servers, started=True, seconds=time.monotonic() - began))
        connection = replace(context.connection, bootstrap_servers=record.bootstrap_servers)
        address = record.bootstrap_servers
        yield replace(context, bootstrap_servers=address, origin=BrokerOrigin.LOCAL, connection=connection)
    finally:
        notify(Stopping(("broker",)))
        lifecycle.stop(context.home)


def _reconcile(context: Context, notify: Notify, interruption: Interruption) -> Cycle | None:
    """One run of the job ``reconcile`` in a process of its own."""
    log = context.home / "logs" / "reconcile.log"
    variables = environment(context, dagster_home.prepare(context.home))
    with services.open_log(log, "wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", _RECONCILE],
            cwd=context.settings.root,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    deadline = time.monotonic() + CYCLE_SECONDS
    try:
        # The document is far smaller than a pipe's buffer, so nothing waits for it to be read.
        while process.poll() is None:
            if interruption.within(_POLL_SECONDS):
                return None
            if time.monotonic() > deadline:
                raise ServiceFailed(f"the first run took longer than {CYCLE_SECONDS:g} s.", f"Its log is {log}.")
        output = process.stdout.read() if process.stdout else b""
    finally:
        services.end_group(process, _GRACE_SECONDS)
        if process.stdout:
            process.stdout.close()
    ended = _cycle(output, process.returncode, log)
    notify(CycleEnded(ended))
    return ended


def _cycle(output: bytes, code: int, log: Path) -> Cycle:
    try:
        document: dict[str, Any] = json.loads(output)
    except ValueError:
        raise ServiceFailed(
            f"the first run ended with exit code {code} and without a result. The last lines of its log:\n"
            f"{services.last_lines(log)}",
            f"The whole log is {log}.",
        ) from None
    return Cycle(
        run_id=document["run_id"],
        success=document["success"],
        seconds=document["seconds"],
        events=document["events"],
        declared_topics=document["declared_topics"],
        observed_topics=document["observed_topics"],
        contract_errors=document["contract_errors"],
        contract_warnings=document["contract_warnings"],
        provisioned=document["provisioned"],
        drift=document["drift"],
        failed_checks=tuple(document["checks"]["failed"]),
        error=document["error"],
    )


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


def _answers(url: str, running: Sequence[Service], interruption: Interruption) -> bool:
    """Wait until the UI answers. False where somebody asks to end before."""
    deadline = time.monotonic() + UI_SECONDS
    while not interruption.within(_POLL_SECONDS):
        _require_running(running)
        try:
            with urllib.request.urlopen(f"{url}/server_info", timeout=2.0) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return True
        except (OSError, urllib.error.URLError):
            pass
        if time.monotonic() > deadline:
            raise ServiceFailed(
                f"the Dagster UI did not answer at {url} within {UI_SECONDS:g} s. The last lines of its log:\n"
                f"{services.last_lines(running[0].log)}",
                f"The whole log is {running[0].log}.",
            )
    return False


def _require_running(running: Sequence[Service]) -> None:
    for service in running:
        if not service.running:
            raise service.failure()


def _port(asked: int | None, notify: Notify) -> int:
    if port_is_free(HOST, asked or UI_PORT):
        return asked or UI_PORT
    if asked is not None:
        raise PortInUse(HOST, asked, "the Dagster UI", "Name another with --port, or none to have a free one chosen.")
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
