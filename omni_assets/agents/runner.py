"""A worker of one node: records come from its seat, are worked on side by side, and go back to be committed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, nullcontext

from omni_assets.agents.drain import Drain
from omni_assets.agents.exchange import Ended, Exchange
from omni_assets.agents.task_receipt import TaskOutcome
from omni_assets.broker.assignment import Partition
from omni_assets.broker.connection import Connection
from omni_assets.broker.worker import Received, Seat


async def run(
    connection: Connection,
    seat: Seat,
    work: Callable[[Received], Awaitable[Ended]],
    *,
    drain: Drain | None = None,
    prepared: Callable[[], Callable[[], None]] = lambda: lambda: None,
    wanted: Callable[[Received], bool] = lambda _: True,
    around: Callable[[TaskOutcome], AbstractContextManager[None]] = lambda _: nullcontext(),
    leaving: Callable[[Iterable[Partition]], None] = lambda _: None,
    alive: Callable[[], None] = lambda: None,
) -> Counter[TaskOutcome]:
    """Work until a ``drain`` is over, or without one until it is cancelled.

    Gives back how many records were ended and committed, by outcome. Work on a partition that is taken away is
    cancelled: whoever has it next does it. ``prepared``, ``wanted``, ``leaving`` and ``alive`` are as for an
    ``Exchange``.

    ``around`` goes around the end of each record, in the order in which they end. Where it raises, the worker ends:
    what ended until then is committed, and the rest is not.

    Raises ``BrokerError``, and what ``work`` and ``around`` raise.
    """
    running: dict[asyncio.Task[None], Partition] = {}

    def cancel(gone: Iterable[Partition]) -> None:
        left = set(gone)
        for task, partition in running.items():
            if partition in left:
                task.cancel()

    async def one(exchange: Exchange, received: Received) -> None:
        ended = await work(received)
        with around(ended.outcome):
            exchange.end(ended)

    try:
        async with (
            Exchange(
                connection,
                seat,
                drain=drain,
                revoked=cancel,
                prepared=prepared,
                wanted=wanted,
                leaving=leaving,
                alive=alive,
            ) as exchange,
            asyncio.TaskGroup() as group,
        ):
            while (received := await exchange.next()) is not None:
                task = group.create_task(one(exchange, received))
                running[task] = received.place.partition
                task.add_done_callback(running.pop)
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    return exchange.settled
