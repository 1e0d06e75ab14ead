"""How many calls of handlers run at once in one process, and how one of them runs with no other beside it."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager


class Room:
    """As an asynchronous context manager: one of ``most`` places, for a call. ``alone`` is all of them."""

    def __init__(self, most: int) -> None:
        self._places = asyncio.Semaphore(most)
        self.alone: AbstractAsyncContextManager[object] = _Alone(self._places, most)

    async def __aenter__(self) -> None:
        await self._places.acquire()

    async def __aexit__(self, *_: object) -> None:
        self._places.release()


class _Alone:
    """All places, taken one after another as they come free; whoever came before is let in before."""

    def __init__(self, places: asyncio.Semaphore, most: int) -> None:
        self._places = places
        self._most = most
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> None:
        await self._turn.acquire()
        taken = 0
        try:
            while taken < self._most:
                await self._places.acquire()
                taken += 1
        except BaseException:
            self._leave(taken)
            raise

    async def __aexit__(self, *_: object) -> None:
        self._leave(self._most)

    def _leave(self, taken: int) -> None:
        for _ in range(taken):
            self._places.release()
        self._turn.release()
