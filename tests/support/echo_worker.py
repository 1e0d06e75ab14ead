"""A worker in a process of its own, to be killed: ``python -m tests.support.echo_worker BOOTSTRAP NODE SLOT``.

It answers what stands in ``onex.cmd.NODE.asked.v1`` in ``onex.evt.NODE.answered.v1``, with receipts in
``onex.evt.NODE.noted.v1``, until nothing is left. It prints the id of each task that it begins.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys

from omni_assets.agents.attempts import Patience
from omni_assets.agents.events import Event, to_record
from omni_assets.agents.handlers import Handled, Said
from omni_assets.agents.runner import run
from omni_assets.agents.seen import Seen
from omni_assets.agents.task_context import TaskContext
from omni_assets.agents.working import Post, Working
from omni_assets.broker.connection import Connection
from omni_assets.broker.worker import Outgoing, Seat
from omni_assets.contracts.model import HandlerKind


def topics_of(node: str) -> tuple[str, str, str]:
    """Where tasks, results and receipts of a node are."""
    return f"onex.cmd.{node}.asked.v1", f"onex.evt.{node}.answered.v1", f"onex.evt.{node}.noted.v1"


class _Open:
    """Lets everything through, to the topic of results."""

    def __init__(self, answered: str) -> None:
        self._answered = answered

    def accept(self, topic: str, event: Event) -> None:
        return

    def publish(self, said: Said, cause: Event, event_id: str, key: bytes | None) -> Outgoing:
        event = Event(event_id, "/echo", self._answered, causation_id=cause.id, data=json.dumps(said.data).encode())
        return Outgoing(self._answered, *to_record(event, key))


async def _echo(event: Event, _: TaskContext) -> Handled:
    print(event.id, flush=True)
    await asyncio.sleep(random.uniform(0, 0.02))
    return Handled((Said(json.loads(event.data)),))


async def _main(bootstrap_servers: str, node: str, slot: int) -> None:
    asked, answered, noted = topics_of(node)
    post = Post(node, HandlerKind.PYTHON, "tests", noted)
    working = Working(post, _echo, _Open(answered), Seen(), Patience(), asyncio.Semaphore(16))
    await run(Connection(bootstrap_servers), Seat(node, (asked,), slot), working.work, idle_seconds=1.0)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
