"""The ledger projected while a worker works: every so often, and once more when the work has come to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from omni_assets.agents.daemons import Daemons
from omni_assets.errors import OmniError
from omni_assets.operations.agents.projecting import project_ledger
from omni_assets.operations.context import Context

_Done = TypeVar("_Done")

EVERY_SECONDS = 10.0
"""How old what is projected becomes while a worker works."""

SECONDS_TO_END = 5.0
"""Most seconds that a projection under way may still take when the work is over."""


async def projected_meanwhile(
    context: Context, working: Awaitable[_Done], trouble: Callable[[OmniError], None] = lambda _: None
) -> _Done:
    """What ``working`` gives, with the ledger projected meanwhile and at its end. Raises what it raises.

    Work is held up by no trouble with the projection: ``trouble`` hears of it where it was so at the end. Of work that
    is ended early nothing more is projected: whoever looks next projects the rest. What is under way then comes to its
    end; where that takes too long it is left, and its transaction comes to nothing when the process ends.
    """
    threads, over = Daemons(), asyncio.Event()

    async def project() -> OmniError | None:
        return await asyncio.get_running_loop().run_in_executor(threads, _projected, context)

    async def now_and_then() -> None:
        while not await _comes(over, EVERY_SECONDS):
            await project()

    meanwhile = asyncio.ensure_future(now_and_then())
    try:
        done = await working
    finally:
        over.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(meanwhile, SECONDS_TO_END)
    if (error := await project()) is not None:
        trouble(error)
    return done


async def _comes(event: asyncio.Event, seconds: float) -> bool:
    """Whether it comes within that time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


def _projected(context: Context) -> OmniError | None:
    try:
        project_ledger(context, context.manifest())
    except OmniError as error:
        return error
    return None
