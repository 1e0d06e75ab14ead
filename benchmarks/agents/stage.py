"""A broker of its own with the node ``echo`` of this project, its ledger, and its worker as a process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from omni_assets.agents.task_receipt import TaskReceipt, read_task_receipt
from omni_assets.broker import ledger
from omni_assets.broker.local import lifecycle
from omni_assets.operations.agents.submitting import Submission, submit
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.provision import provision
from omni_assets.operations.routing.ledger import ledger_topic
from omni_assets.processes.ports import free_port

ASKED, ANSWERED = "onex.cmd.echo.echo-requested.v1", "onex.evt.echo.echo-completed.v1"
KEYS = 1_000

_LOOP = """
import asyncio
from omni_assets.operations.agents.working import work
from omni_assets.operations.context import resolve
asyncio.run(work(resolve(), nodes=["echo"]))
"""
_CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
_NODES = ("echo", "receipt-recorder")


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the tasks go, and what a process needs to know of it."""

    folder: Path
    context: Context
    environ: Mapping[str, str]

    def submit(self, numbers: Iterable[int]) -> None:
        """A task for each number, as ``omni task submit`` writes them."""
        tasks = [
            Submission(topic=ASKED, data={"text": f"task {each}"}, key=f"key-{each % KEYS}", id=f"e{each}")
            for each in numbers
        ]
        assert len(submit(self.context, tasks).ids) == len(tasks)

    def worker(self, *options: str) -> subprocess.Popen[bytes]:
        """``omni worker``, as a process. It projects the ledger, too."""
        return self._process("-m", "omni_assets.cli.main", "worker", "--node", "echo", *options)

    def loop(self) -> subprocess.Popen[bytes]:
        """A process that works and does nothing else, until it is ended."""
        return self._process("-c", _LOOP)

    def receipts(self) -> list[TaskReceipt]:
        """All that the ledger has."""
        topic = ledger_topic(self.context.manifest(), self.context.settings.router.ledger_node)
        found = ledger.read(self.context.connection, topic.name, topic.spec.partitions or 1)
        return [read_task_receipt(each.value) for each in found]

    def _process(self, *arguments: str) -> subprocess.Popen[bytes]:
        environ = {**os.environ, **self.environ}
        return subprocess.Popen([sys.executable, *arguments], env=environ, stdout=subprocess.DEVNULL)


@contextmanager
def stage() -> Iterator[Stage]:
    """An empty embedded broker that has the topics; all of it is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="omni-bench-") as name:
        folder = Path(name)
        for node in _NODES:
            shutil.copytree(_CONTRACTS / node, folder / "contracts" / node)
        broker = lifecycle.start(folder / "state", port=free_port("127.0.0.1"))
        environ = {
            "OMNI_HOME": str(folder / "state"),
            "OMNI_CONTRACTS": str(folder / "contracts"),
            "OMNI_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        }
        try:
            context = resolve(environ=environ, folder=folder)
            assert provision(context, context.manifest()).clean
            yield Stage(folder, context, environ)
        finally:
            lifecycle.stop(folder / "state")
