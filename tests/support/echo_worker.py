"""A worker in a process of its own: ``python -m tests.support.echo_worker FOLDER NODE SLOT [POINT TIME SIGNAL]``.

It works for a node of the project in FOLDER until nothing is left, and projects the ledger, as ``omni worker`` does.
With a point it sends itself the signal when it comes there for the TIME-th time: SIGKILL to die, SIGSTOP to stand
still until somebody wakes it. It prints why the broker did not take the positions of a transaction, as the broker
names it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from time import sleep
from typing import Any

from confluent_kafka import KafkaException, Producer

from omni_assets.broker import worker
from omni_assets.errors import OmniError
from omni_assets.operations.agents import projecting
from omni_assets.operations.agents.working import work
from omni_assets.operations.context import resolve
from omni_assets.projection import ledgers


class Point(StrEnum):
    """Where a worker may die: on the way from a task that was worked on to what is remembered of it."""

    WORKED = "after the work"
    BEGUN = "after the transaction began"
    COMMITTING = "before the commit"
    COMMITTED = "after the commit"
    PROJECTING = "before the projection"
    PROJECTED = "during the projection"


_UNTIL_IT_COUNTS = 0.1  # other threads take the signal first, and this one would go on meanwhile


def main(folder: Path, node: str, slot: int, come: Callable[[Point], None]) -> None:
    context = resolve(folder=folder)
    worker.Producer = watched(come)  # type: ignore[misc]
    ledgers.take_over = _after(ledgers.take_over, lambda: come(Point.PROJECTED))
    asyncio.run(work(context, nodes=[node], slot=slot, drain=True))
    come(Point.PROJECTING)
    projecting.project_ledger(context, context.manifest())


def watched(come: Callable[[Point], None]) -> type[Producer]:
    """A producer that tells how far its transactions have come."""

    class Watched(Producer):
        def begin_transaction(self, *given: Any) -> None:
            come(Point.WORKED)
            super().begin_transaction(*given)

        def send_offsets_to_transaction(self, *given: Any) -> None:
            with suppress(SystemError):  # the client loses its own error where it was fenced off
                self.flush(10)  # what is written of it stands at the broker
            come(Point.BEGUN)
            try:
                super().send_offsets_to_transaction(*given)
            except KafkaException as raised:
                print(f"refused: {raised.args[0].name()}", flush=True)
                raise

        def commit_transaction(self, *given: Any) -> None:
            come(Point.COMMITTING)
            super().commit_transaction(*given)
            come(Point.COMMITTED)

    return Watched


def _after(call: Callable[..., Any], then: Callable[[], None]) -> Callable[..., Any]:
    def called(*given: Any) -> Any:
        answer = call(*given)
        then()
        return answer

    return called


def _signalled(point: str, time: int, number: int) -> Callable[[Point], None]:
    left = {point: time}

    def come(here: Point) -> None:
        left[here] = left.get(here, 0) - 1
        if not left[here]:
            os.kill(os.getpid(), number)
            sleep(_UNTIL_IT_COUNTS)

    return come


if __name__ == "__main__":
    _, where, name, seat, *at = sys.argv
    try:
        main(Path(where), name, int(seat), _signalled(at[0], int(at[1]), int(at[2])) if at else lambda _: None)
    except OmniError as error:
        sys.exit(error.message)
