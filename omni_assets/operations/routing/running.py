"""Tasks through the project's router: every receipt is remembered, whatever ends the run."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from omni_assets.operations.context import Context
from omni_assets.operations.routing.ledger import Publishing, publish
from omni_assets.operations.routing.opening import opened
from omni_assets.operations.routing.recording import record
from omni_assets.router.receipt import Outcome, Receipt
from omni_assets.router.runtime import Done
from omni_assets.router.task import Task

_T = TypeVar("_T")

CONCURRENCY = 8
"""Tasks that run at once where nobody says otherwise; endpoints have limits of their own."""

_SECONDS_IN_MEMORY = 0.5  # what a killed process may lose
_RECEIPTS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of some tasks, in the order in which they ended, and of publishing their receipts."""

    done: tuple[Done, ...]
    publishing: Publishing

    @property
    def failed(self) -> tuple[Receipt, ...]:
        """The receipts of those without an accepted answer."""
        return tuple(each.receipt for each in self.done if each.receipt.outcome is not Outcome.ACCEPTED)


async def run_tasks(
    context: Context,
    tasks: Sequence[Task],
    *,
    concurrency: int = CONCURRENCY,
    told: Callable[[Done], None] = lambda _: None,
    environ: Mapping[str, str] = os.environ,
) -> Ran:
    """Do the tasks, so many at once at most; ``told`` hears of each as it ends.

    Receipts are remembered while others run, those of cancelled tasks too, and published in the end. Raises
    ``CatalogUnusable``, ``TaskClassUnusable``, ``BudgetUnusable``, ``StateError`` and ``ExtraMissing``.
    """
    done: list[Done] = []
    async with (
        _Remembering(context) as remembering,
        opened(context, remembering.take, environ) as router,
        aclosing(router.many(tasks, concurrency)) as ended,
    ):
        async for each in ended:
            done.append(each)
            told(each)
            remembering.check()
    return Ran(tuple(done), await asyncio.to_thread(publish, context))


def run_to_end(work: Coroutine[Any, Any, _T]) -> _T:
    """Run ``work`` in an event loop of its own. A signal cancels it first, so that it can put things in order, and is
    then what it was before."""
    caught: list[int] = []

    async def attended() -> _T:
        running = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()

        def end(number: int) -> None:
            caught.append(number)
            running.cancel()

        before = {number: found for number in _SIGNALS if callable(found := signal.getsignal(number))}
        for number in before:
            # By the loop: as another's handler, it would not wake one that just falls asleep.
            loop.add_signal_handler(number, end, number)
        try:
            return await running
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)

    try:
        return asyncio.run(attended())
    except asyncio.CancelledError:
        for number in caught:
            handler = signal.getsignal(number)
            if callable(handler):
                handler(number, None)
        raise


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Remembering:
    """Writes receipts to the journal and the projection, many at a time, while tasks run; at the end what is left."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._waiting: list[Receipt] = []
        self._turn = threading.Lock()
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._writer = asyncio.create_task(self._write())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])
        while self._waiting:
            self._write_some()

    def take(self, done: Done) -> None:
        """Remember a receipt soon."""
        self._waiting.append(done.receipt)

    def check(self) -> None:
        """Raise what keeps receipts from being written: no further task should spend money then."""
        if self._writer is not None and self._writer.done():
            self._writer.result()

    async def _write(self) -> None:
        while True:
            await asyncio.sleep(_SECONDS_IN_MEMORY)
            while self._waiting:
                await asyncio.to_thread(self._write_some)

    def _write_some(self) -> None:
        """One thread at a time: one that was under way when the run ended is waited for. What could not be written
        stays where it is."""
        with self._turn:
            batch = self._waiting[:_RECEIPTS_AT_ONCE]
            record(self._context, batch)
            del self._waiting[: len(batch)]
