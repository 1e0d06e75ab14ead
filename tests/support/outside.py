"""The node `merger`, whose effect is a line in a file, and its worker in a process of its own, which may kill itself:
``python -m tests.support.outside FOLDER``.

The file is ``merged.txt`` in the folder of the project. ``DIES`` says where the worker dies, and at which effect:
``before 3``, ``after 3``. With ``STANDS`` it stands still once its first intent is written, until it is told to go on.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from omni_assets.agents.events import Event
from omni_assets.agents.task_context import TaskContext
from omni_assets.broker.ledger import Appended, Appender
from omni_assets.operations.agents import intents
from omni_assets.operations.agents.working import work
from omni_assets.operations.context import Context, resolve

ASKED, MERGED = "onex.cmd.merger.merge-branch.v1", "onex.evt.merger.merged.v1"
INTENTS, LETTERS = "onex.intent.merger.merge.v1", "onex.dlq.merger.dead-letter.v1"
LEDGER = "onex.evt.recorder.noted.v1"
CONTRACTS = {
    "merger": f"""\
name: merger
handler: {{kind: python, entry: "tests.support.outside:merge", effects: [merge]}}
event_bus:
  subscribe_topics: [{{topic: {ASKED}, partitions: 3}}]
  publish_topics: [{{topic: {MERGED}, partitions: 3}}, {{topic: {INTENTS}, partitions: 2}}]
  dlq_topics: [{{topic: {LETTERS}, partitions: 1}}]
""",
    "recorder": f"name: recorder\nevent_bus:\n  publish_topics: [{{topic: {LEDGER}, partitions: 3}}]\n",
}
BEGUN, GO_ON = threading.Event(), threading.Event()
"""For workers in the process of a test: an effect has begun, and may go on."""

_EFFECTS = itertools.count(1)


def project(folder: Path) -> None:
    """Write the project."""
    for node, text in CONTRACTS.items():
        (folder / "contracts" / node).mkdir(parents=True)
        (folder / "contracts" / node / "contract.yaml").write_text(text)
    (folder / "omni.toml").write_text('[router]\nledger_node = "recorder"\n')
    (folder / "merged.txt").touch()


def context_of(folder: Path, bootstrap_servers: str) -> Context:
    environ = {"OMNI_HOME": str(folder / "state"), "OMNI_BROKER_TIMEOUT": "5"}
    return resolve([str(folder / "contracts")], bootstrap_servers=bootstrap_servers, environ=environ, folder=folder)


def merge(event: Event, context: TaskContext) -> Any:
    """Append the event's id to the file, once."""
    file = Path(os.environ["OUTSIDE"]) / "merged.txt"

    def do() -> Any:
        here = next(_EFFECTS)
        _die(f"before {here}")
        BEGUN.set()
        if os.environ.get("HELD"):
            GO_ON.wait(30)
        with file.open("a") as lines:
            lines.write(f"{event.id}\n")
        _die(f"after {here}")
        return {"merged": event.id}

    def find() -> Any:
        if os.environ.get("BLIND"):
            raise ConnectionError("nobody answers")
        return {"merged": event.id} if event.id in file.read_text().split() else None

    return context.effect("merge", do, find)


class _Standing(Appender):
    """Stands still behind what it appended first."""

    def append(self, *given: Any) -> Appended:
        done = super().append(*given)
        if os.environ.pop("STANDS", ""):
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(0.5)  # a thread may run on for a moment
        return done


def _die(here: str) -> None:
    if os.environ.get("DIES") == here:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    os.environ["OUTSIDE"] = sys.argv[1]
    intents.Appender = _Standing  # type: ignore[misc]
    at_once = 1 if os.environ.get("STANDS") else 2
    asyncio.run(work(context_of(Path(sys.argv[1]), sys.argv[2]), drain=True, concurrency=at_once))
