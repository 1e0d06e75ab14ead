"""The real ``omni`` as a process of its own, in a project of its own, against real brokers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

OMNI = Path(sys.executable).with_name("omni")

ROUTER = """\
name: router
event_bus:
  publish_topics:
    - topic: onex.evt.router.routing-complete.v1
      partitions: 3
      config:
        retention.ms: 7d
    - topic: onex.evt.router.scoring-decision.v1
      partitions: 2
      keyed: false
  subscribe_topics:
    - onex.cmd.router.route-request.v1
"""
ROUTER_TOPICS = (
    "onex.cmd.router.route-request.v1",
    "onex.evt.router.routing-complete.v1",
    "onex.evt.router.scoring-decision.v1",
)


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@dataclass
class Project:
    """A folder with contracts and a state folder, in which ``omni`` is run."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    def omni(self, *arguments: str, stdin: str = "", timeout: float = 90, **environ: str) -> Ran:
        """Run a command to its end. No command may ever show a traceback."""
        ended = subprocess.run(
            [str(OMNI), *arguments],
            cwd=self.folder,
            env={**self.environ, **environ},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        ran = Ran(ended.returncode, ended.stdout, ended.stderr)
        assert "Traceback" not in ran.out + ran.err, ran
        return ran

    def contract(self, node: str, text: str) -> Path:
        path = self.folder / "contracts" / node / "contract.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def home(self) -> Path:
        return Path(self.environ["OMNI_HOME"])


def made(folder: Path) -> Project:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OMNI_", "COLUMNS"))}
    project = Project(folder / "project", {**inherited, "OMNI_HOME": str(folder / "state"), "HOME": str(folder)})
    project.contract("router", ROUTER)
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one contract of three topics, and no broker."""
    return made(tmp_path)


@pytest.fixture(scope="module")
def projected(tmp_path_factory: pytest.TempPathFactory, module_broker: Any) -> Project:
    """A project with a projection, for all tests of a module, which must not change it."""
    project = made(tmp_path_factory.mktemp("projected"))
    address = module_broker.bootstrap_servers
    assert project.omni("provision", "--bootstrap-servers", address).code == 0
    assert project.omni("drift", "--bootstrap-servers", address).code == 0
    return project


@pytest.fixture
def running(project: Project, start_broker: Callable[[Path], Any]) -> Project:
    """The project with a local broker of its own."""
    start_broker(project.home)
    return project


@pytest.fixture
def provisioned(running: Project) -> Project:
    """The project with its broker, on which every declared topic was created."""
    assert running.omni("provision").code == 0
    return running


@pytest.fixture
def nobody(closed_port: int) -> str:
    """An address at which nothing listens."""
    return f"127.0.0.1:{closed_port}"


@pytest.fixture
def topics() -> tuple[str, ...]:
    """The declared topics of the project."""
    return ROUTER_TOPICS


@pytest.fixture
def address(running: Project) -> str:
    """Where the project's broker answers."""
    return str(running.omni("broker", "status", "--format", "json").document["bootstrap_servers"])


@pytest.fixture
def admin(address: str) -> Any:
    """Another client on the project's broker, as somebody else would use one."""
    from confluent_kafka.admin import AdminClient

    return AdminClient({"bootstrap.servers": address})
