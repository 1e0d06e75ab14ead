"""The processes of docker/compose.yaml without containers: the same commands, variables and files, at other addresses.

Where the tests run as root, the processes have no capabilities and gain no privileges, as in their containers: a folder
that nobody may write into is read-only to them too.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from omni_assets.processes.ports import free_port
from tests.support import composed
from tests.support.postgres import Postgres
from tests.support.tampering import wait_until
from tests.support.tethered import Tethered

PATIENCE_SECONDS = 240.0
"""Most seconds until something that is to happen has: two processors, and many who share them."""

_HOST = "127.0.0.1"
_HEALTHY_SECONDS, _ASK_SECONDS = 60.0, 60.0
_RUNS = """query ($job: String!) {
  runsOrError(filter: {pipelineName: $job}) { ... on Runs { results { id status tags { key value } } } } }"""
_RUN = "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
_LAUNCH = """mutation ($job: String!) {
  launchRun(executionParams: {runConfigData: {}, selector: {
    repositoryLocationName: "omni_assets", repositoryName: "__repository__", jobName: $job}}) {
    __typename ... on LaunchRunSuccess { run { id } } ... on PythonError { message } } }"""


class House:
    """Code location, webserver and daemon on one Postgres, with the contracts of ``project``. Nothing runs at first.

    Each has a log in ``folder``. Whoever made the house ends its processes, with ``end_all`` at the latest.
    """

    def __init__(self, folder: Path, project: Path, postgres: Postgres, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self._project = project
        self._code, self._ui = free_port(_HOST), free_port(_HOST)
        self._running: dict[str, Tethered] = {}
        self._sessions: set[int] = set()
        self._homes = {"/project": project, "/etc/omni": self._image(folder / "image")}
        password = folder / "postgres_password"
        password.write_text(f"{postgres.password}\n", encoding="ascii")
        self._elsewhere = {
            **{name: value for name, value in postgres.environ.items() if name != "DAGSTER_POSTGRES_PASSWORD"},
            "DAGSTER_POSTGRES_PASSWORD_FILE": str(password),
            "DAGSTER_CODE_SERVER_HOST": _HOST,
            "DAGSTER_CODE_SERVER_PORT": str(self._code),
            "OMNI_CODE_HOST": _HOST,
            "OMNI_CODE_PORT": str(self._code),
            "DAGSTER_WEBSERVER_HOST": _HOST,
            "DAGSTER_WEBSERVER_PORT": str(self._ui),
            "DAGSTER_HOME": str(self._homes["/etc/omni"]),
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "PATH": os.pathsep.join([str(folder / "image"), str(Path(sys.executable).parent), os.environ["PATH"]]),
            **environ,
        }

    @property
    def instance_folder(self) -> Path:
        """``DAGSTER_HOME``, as the image has it."""
        return self._homes["/etc/omni"]

    def start(self, name: str) -> None:
        """Start a service of the compose file, and wait until it is healthy by its own health check."""
        service = composed.service(name)
        command = [*composed.entry_point(), *service["command"]]
        there = ["sh", "-c", 'cd "$0" && exec env -i "$@"', str(self._homes[service["working_dir"]])]
        self._running[name] = Tethered([*_confined(), *there, *self._environ(name), *command], self.log(name))
        self._sessions.add(self._running[name].pid)
        wait_until(lambda: self.healthy(name), f"{name} to be healthy", PATIENCE_SECONDS)

    def healthy(self, name: str) -> bool:
        """What the health check of a service says, which runs at least."""
        assert self._running[name].running, self.log(name).read_text(errors="replace")[-4000:]
        said = composed.service(name)["healthcheck"]["test"]
        here = [part.replace("4000", str(self._code)).replace(":3000", f":{self._ui}") for part in said[1:]]
        asked = ["env", "-i", *self._environ(name), *here]
        with suppress(subprocess.TimeoutExpired):
            return subprocess.run(asked, capture_output=True, timeout=_HEALTHY_SECONDS).returncode == 0
        return False

    def kill(self, name: str) -> None:
        """SIGKILL, to it and its children: what is left of a container that dies."""
        process = self._running.pop(name)
        _kill_group(process.pid)
        process.end(signal.SIGKILL)

    def stop(self, name: str) -> int:
        """As a container is: its signal, and the time that it is given. Its exit code, -9 where it was late."""
        service, process = composed.service(name), self._running.pop(name)
        return process.end(signal.Signals[service["stop_signal"]], composed.seconds(service["stop_grace_period"]))

    def end_all(self) -> None:
        """SIGKILL, to all that was started here and to their children."""
        for name in list(self._running):
            self.kill(name)
        for session in self._sessions:
            _kill_group(session)

    def left(self) -> list[str]:
        """What still runs of all that was started here, children included."""
        found = []
        for each in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                state, _parent, _group, session = (each / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(session) in self._sessions and state != "Z":
                    found.append((each / "cmdline").read_text().replace("\0", " "))
        return found

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def launch(self, job: str) -> str:
        """Ask for a run as the UI does. Its id."""
        launched = self._ask(_LAUNCH, job=job)["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["id"])

    def status(self, run: str) -> str:
        return str(self._ask(_RUN, id=run)["runOrError"]["status"])

    def runs(self, job: str) -> list[dict[str, Any]]:
        """The runs of a job, newest first: ``id``, ``status`` and ``tags``."""
        found = self._ask(_RUNS, job=job)["runsOrError"]["results"]
        return [{**each, "tags": {tag["key"]: tag["value"] for tag in each["tags"]}} for each in found]

    def _ask(self, query: str, **variables: str) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"http://{_HOST}:{self._ui}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=_ASK_SECONDS) as answer:  # noqa: S310
            document: dict[str, Any] = json.load(answer)
        assert "errors" not in document, document
        data: dict[str, Any] = document["data"]
        return data

    def _environ(self, name: str) -> list[str]:
        stated = {**composed.image_environ(), **composed.environ_of(name), "TMPDIR": "/tmp"}
        return [f"{key}={self._elsewhere.get(key, value)}" for key, value in stated.items()]

    def _image(self, programs: Path) -> Path:
        """What the image has beside the package: its programs in a folder, and ``/etc/omni``, which is given back."""
        etc = self.folder / "etc-omni"
        for folder in (programs, etc, etc / "logs", etc / ".logs_queue"):
            folder.mkdir()
        for source, target in composed.copied().items():
            home = (
                etc if target.startswith("/etc/omni/") else programs if target.startswith("/usr/local/bin/") else None
            )
            if home is not None:
                shutil.copy(composed.ROOT / source, home / Path(target).name)
        for folder in (etc / "logs", etc / ".logs_queue", etc):
            folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
        return etc


def _kill_group(number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(number, signal.SIGKILL)


def _confined() -> list[str]:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return []
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--"]
