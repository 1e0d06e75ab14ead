"""The stage of the demo: a temporary state folder with an embedded broker, both gone at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from omni_assets.broker.local import lifecycle
from omni_assets.errors import InputError
from omni_assets.operations import dagster_home
from omni_assets.operations.context import Context, resolve
from omni_assets.router.local import lifecycle as models

_PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a chapter plays. ``broker_seconds`` is how long the broker took to answer."""

    context: Context
    environ: dict[str, str]
    broker_seconds: float


@contextmanager
def set_stage() -> Iterator[Stage]:
    """A stage whose broker runs; stopped and removed at the end with all that runs on it, however that comes about.

    Raises ``InputError`` where the demo's contracts are not there, and ``ProcessError`` where no broker can be started.
    """
    contracts = _PROJECT / "contracts"
    if not any(contracts.glob("*/contract.yaml")):
        raise InputError(f"the demo's contracts are not in {contracts}.", "Run it from a checkout of the project.")
    with ExitStack() as afterwards:
        home = Path(tempfile.mkdtemp(prefix="omni-demo-"))
        afterwards.callback(shutil.rmtree, home, ignore_errors=True)
        afterwards.callback(lifecycle.stop, home)
        afterwards.callback(models.stop, home)
        started = time.monotonic()
        broker = lifecycle.start(home, port=0)
        seconds = time.monotonic() - started
        environ = _environment(home, contracts, broker.bootstrap_servers)
        yield Stage(resolve(environ=environ, folder=_PROJECT), environ, seconds)


def _environment(home: Path, contracts: Path, bootstrap_servers: str) -> dict[str, str]:
    """The caller's environment without its own broker, profile and limits, so that the story is always the same."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OMNI_")}
    return {
        **inherited,
        "OMNI_HOME": str(home),
        "DAGSTER_HOME": str(dagster_home.prepare(home)),
        "OMNI_CONTRACTS": os.path.relpath(contracts),
        "OMNI_BOOTSTRAP_SERVERS": bootstrap_servers,
        "OMNI_ENV": "local",
    }
