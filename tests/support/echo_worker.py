"""A worker in a process of its own: ``python -m tests.support.echo_worker FOLDER NODE SLOT [POINT TIME]``.

It works for a node of the project in FOLDER until nothing is left, and projects the ledger, as ``omni worker`` does.
With a point it kills itself, without warning, when it comes there for the TIME-th time.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from omni_assets.broker import worker
from omni_assets.operations.agents import projecting
from omni_assets.operations.agents.working import work
from omni_assets.operations.context import resolve
from omni_assets.projection import ledgers


class Point(StrEnum):
    """Where a worker dies: on the way from a task that was worked on to what is remembered of it."""

    WORKED = "after the work"
    BEGUN = "after the transaction began"
    COMMITTING = "before the commit"
    COMMITTED = "after the commit"
    PROJECTING = "before the projection"
    PROJECTED = "during the projection"


def main(folder: Path, node: str, slot: int, die: Callable[[Point], None]) -> None:
    context = resolve(folder=folder)
    worker.Producer = _dying(die)  # type: ignore[misc]
    ledgers.take_over = _after(ledgers.take_over, lambda: die(Point.PROJECTED))
    asyncio.run(work(context, nodes=[node], slot=slot, drain=True))
    die(Point.PROJECTING)
    projecting.project_ledger(context, context.manifest())


def _dying(die: Callable[[Point], None]) -> type[Producer]:
    """A producer in whose transactions somebody may die."""

    class Dying(Producer):
        def begin_transaction(self, *given: Any) -> None:
            die(Point.WORKED)
            super().begin_transaction(*given)

        def send_offsets_to_transaction(self, *given: Any) -> None:
            self.flush(10)  # what is written of it stands at the broker
            die(Point.BEGUN)
            super().send_offsets_to_transaction(*given)

        def commit_transaction(self, *given: Any) -> None:
            die(Point.COMMITTING)
            super().commit_transaction(*given)
            die(Point.COMMITTED)

    return Dying


def _after(call: Callable[..., Any], then: Callable[[], None]) -> Callable[..., Any]:
    def called(*given: Any) -> Any:
        answer = call(*given)
        then()
        return answer

    return called


def _dies_at(point: str, time: int) -> Callable[[Point], None]:
    left = {point: time}

    def die(here: Point) -> None:
        left[here] = left.get(here, 0) - 1
        if not left[here]:
            os.kill(os.getpid(), signal.SIGKILL)

    return die


if __name__ == "__main__":
    death = _dies_at(sys.argv[4], int(sys.argv[5])) if len(sys.argv) > 4 else lambda _: None
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), death)
