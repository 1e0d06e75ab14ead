"""Fixtures that tests of every floor share: embedded brokers on free loopback ports, and the corpus of contracts."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from hypothesis import settings

from omni_assets.broker.connection import Connection, open_client
from omni_assets.broker.local import lifecycle
from omni_assets.broker.local.record import BrokerRecord
from omni_assets.errors import PortInUse
from omni_assets.processes import ports

# No example fails for the time that it took: cores are shared. Where a run decides whether a change lands, the same
# change meets the same examples.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

pytest_plugins = ["tests.support.fixtures"]

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


@dataclass(frozen=True)
class EmbeddedBroker:
    """A running noida-db. ``client`` is a plain admin client, for changes behind omni's back."""

    state_folder: Path
    record: BrokerRecord

    @property
    def bootstrap_servers(self) -> str:
        return self.record.bootstrap_servers

    @property
    def pid(self) -> int:
        assert self.record.pid is not None
        return self.record.pid

    @property
    def connection(self) -> Connection:
        return Connection(self.bootstrap_servers)

    @cached_property
    def client(self) -> AdminClient:
        return open_client(AdminClient, self.connection)


@dataclass(frozen=True)
class Repository:
    """A Git repository with contracts in ``contracts/``."""

    folder: Path

    def git(self, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout.strip()

    def write(self, path: str, text: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def contract(self, node: str, **topics: list[str]) -> Path:
        """A contract whose ``event_bus`` holds those lists of topics."""
        lists = [f"  {form}:\n" + "".join(f"    - {topic}\n" for topic in named) for form, named in topics.items()]
        return self.write(f"contracts/{node}/contract.yaml", f"name: {node}\nevent_bus:\n" + "".join(lists))

    def commit(self, message: str = "a change") -> str:
        """Commit everything that is there; the commit's name."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """An empty repository, without anybody's Git settings; the current folder is its root."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    environ = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    environ |= {
        f"GIT_{who}_{what}": "tester@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "repository"
    folder.mkdir()
    made = Repository(folder)
    made.git("init", "--quiet", "--initial-branch", "main")
    monkeypatch.chdir(folder)
    return made


@pytest.fixture
def free_port() -> Callable[[], int]:
    return lambda: ports.free_port("127.0.0.1")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses every connection, held so that nobody else comes to listen there."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def start_broker(tmp_path: Path) -> Iterator[Callable[..., EmbeddedBroker]]:
    """Starts embedded brokers, each in a state folder of its own unless one is named; all end with the test."""
    folders: list[Path] = []

    def start(state_folder: Path | None = None) -> EmbeddedBroker:
        folder = state_folder or tmp_path / f"omni-{len(folders)}"
        folders.append(folder)
        return EmbeddedBroker(folder, _on_a_free_port(folder))

    yield start
    for folder in folders:
        lifecycle.stop(folder)


@pytest.fixture
def broker(start_broker: Callable[..., EmbeddedBroker]) -> EmbeddedBroker:
    """A fresh embedded broker of this test alone."""
    return start_broker()


@pytest.fixture(scope="module")
def module_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    """One embedded broker for all tests of a module, which must not mind each other's topics."""
    folder = tmp_path_factory.mktemp("omni")
    yield EmbeddedBroker(folder, _on_a_free_port(folder))
    lifecycle.stop(folder)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real contracts beside the repository; skips where it is absent."""
    if not CORPUS.is_dir():
        pytest.skip("the shared corpus of real contracts is not beside this repository")
    return CORPUS


def _on_a_free_port(folder: Path) -> BrokerRecord:
    """Away from the conventional port, which a person's own broker may hold, and from those that clients are given."""
    for port in random.sample(range(15_000, 30_000), 50):
        try:
            return lifecycle.start(folder, port=port)
        except PortInUse:
            continue
    return lifecycle.start(folder)
