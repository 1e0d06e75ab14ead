"""The Dagster UI of a project, and its daemon, started as `omni up` starts them."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omni_assets.operations import dagster_home, services
from omni_assets.operations.context import Context
from omni_assets.operations.services import Service
from omni_assets.operations.up import DEFINITIONS, HOST, environment
from omni_assets.processes.ports import free_port

SECONDS = 240.0
"""Most seconds until the UI has to answer, on a machine that others use too."""


_LOADED = "{repositoriesOrError {__typename}}"


@dataclass
class DagsterUi:
    """A webserver at ``url`` that has loaded the code location of a project in ``folder``."""

    url: str
    folder: Path
    context: Context
    running: list[Service] = field(default_factory=list)

    def launchpad(self, job: str) -> str:
        """The path of the launchpad of a job."""
        return f"/locations/{DEFINITIONS}/jobs/{job}/playground"

    def start_daemon(self) -> None:
        """Runs that are launched begin, and sensors tick, from now on."""
        self.start("dagster-daemon", "run")

    def ask(self, query: str) -> Any:
        """What GraphQL answers."""
        body = json.dumps({"query": query}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310 - as below
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - our own address
            return json.load(answer)["data"]

    def start(self, name: str, *arguments: str) -> None:
        """One of Dagster's services, which ends with this process however that ends."""
        home = self.context.home
        program = str(Path(sys.executable).with_name(name))
        with chdir(self.folder):
            environ = environment(self.context, dagster_home.prepare(home))
        command = [program, *arguments, "-m", DEFINITIONS]
        self.running.append(services.start(name, command, self.folder, environ, home / "logs" / f"{name}.log"))


@contextmanager
def dagster_ui(folder: Path, context: Context) -> Iterator[DagsterUi]:
    """The UI of a project, once it answers; it ends with this, and so does the daemon."""
    port = free_port(HOST)
    ui = DagsterUi(f"http://{HOST}:{port}", folder, context)
    try:
        ui.start("dagster-webserver", "-h", HOST, "-p", str(port))
        _until_loaded(ui)
        yield ui
    finally:
        services.stop(ui.running)


def _until_loaded(ui: DagsterUi) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            if (
                ui.ask("{repositoriesOrError {__typename}}")["repositoriesOrError"]["__typename"]
                == "RepositoryConnection"
            ):
                return
        except OSError:
            pass
        service = ui.running[0]
        assert service.running, services.last_lines(service.log)
        assert time.monotonic() < deadline, services.last_lines(service.log)
        time.sleep(0.1)
