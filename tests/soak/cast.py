"""The processes of a soak: those that are always there, and those that come and go."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from omni_assets.processes.ports import free_port
from tests.soak.project import Project
from tests.soak.verdict import Ended
from tests.support.tethered import Tethered

ELDER, YOUNGER, DAGSTER, REPORT = "worker that lives long", "worker that is killed", "omni up", "server of the report"
RECONCILE, PROJECTOR, WRITER, SUBMITTER = "reconcile run", "omni drift", "omni report", "omni task submit"
_COMPLAINT = 20_000
_PATIENCE_SECONDS, _POLL_SECONDS = 60.0, 0.1
_HOST = "127.0.0.1"


def residents(project: Project, clock: Mapping[str, str], with_dagster: bool) -> dict[str, list[str]]:
    """The commands of those that are started again whenever they have ended. ``clock`` is what sets the elder's.

    The younger worker has the seat that Dagster's runs take, too, so that each takes it over from the other: where one
    of several seats is left for good, the embedded broker waits for it for ever.
    """
    page = project.home / "report.html"
    found = {
        ELDER: project.command("omni", "worker", "--slot", "1", **clock),
        YOUNGER: project.command("omni", "worker", "--slot", "0"),
        REPORT: project.command(
            "python", "-m", "omni_assets.operations.report.serving", _HOST, str(free_port(_HOST)), str(page)
        ),
    }
    if with_dagster:
        found[DAGSTER] = project.command("omni", "up", "--port", str(free_port(_HOST)))
    return found


def errands(project: Project, clock: Mapping[str, str]) -> dict[str, list[str]]:
    """The commands of those that come to an end."""
    page = project.home / "report.html"
    return {
        RECONCILE: project.command("python", "-m", "omni_assets.pipeline.reconcile", **clock),
        PROJECTOR: project.command("omni", "drift"),
        WRITER: project.command("omni", "report", "-o", str(page)),
    }


class Cast:
    """Processes by name, one of each at a time, each life with a log of its own. For one thread, but for ``pids``."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._running: dict[str, tuple[Tethered, Path]] = {}
        self._lives = 0
        self._turn = threading.Lock()
        self.ended: list[Ended] = []

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start it unless it runs."""
        if not self.runs(name):
            self._lives += 1
            log = self._project.logs / f"{self._lives:05}-{name.replace(' ', '-')}.log"
            with self._turn:
                self._running[name] = (Tethered(list(command), log), log)

    def runs(self, name: str) -> bool:
        """Whether it does; one that has come to its end is noted with what it said."""
        if name in self._running and not self._running[name][0].running:
            self._end(name, signal.SIGKILL, killed=False)
        return name in self._running

    def kill(self, name: str) -> bool:
        """Kill it, and nothing that it started; false where it does not run."""
        return self.runs(name) and self._end(name, signal.SIGKILL, killed=True)

    def stop(self, name: str) -> bool:
        """Ask it to end, and wait for that."""
        return self.runs(name) and self._end(name, signal.SIGTERM, killed=False)

    def await_end(self, name: str) -> None:
        """Wait for what ends by itself; after a minute it is asked to."""
        if self.runs(name):
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while self.runs(name) and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
            self.stop(name)

    def note(self, name: str, code: int, log: Path) -> None:
        """One that was run to its end elsewhere."""
        self._noted(name, code, False, log)

    def pids(self) -> dict[str, int]:
        with self._turn:
            return {name: process.pid for name, (process, _) in self._running.items()}

    def _end(self, name: str, number: signal.Signals, killed: bool) -> bool:
        with self._turn:
            process, log = self._running.pop(name)
        asked = process.running
        code = process.end(number, _PATIENCE_SECONDS)
        self._noted(name, code, killed or (asked and code in (-number, 128 + number)), log)
        return True

    def _noted(self, name: str, code: int, killed: bool, log: Path) -> None:
        said = log.read_bytes()[-_COMPLAINT:].decode(errors="replace")
        self.ended.append(Ended(name, code, killed, said))


def child_of(folder: Path, program: str) -> int | None:
    """The process of the project in ``folder`` that runs ``program``."""
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (each / "cmdline").read_bytes().split(b"\0")
            ours = os.fsencode(folder) in (each / "environ").read_bytes()
            if ours and any(Path(os.fsdecode(word)).name == program for word in words[:2]):
                return int(each.name)
    return None
