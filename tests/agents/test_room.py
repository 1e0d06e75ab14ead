"""Places for calls, and one call that has all of them."""

from __future__ import annotations

import asyncio

from omni_assets.agents.room import Room


def test_as_many_are_inside_as_there_are_places():
    inside, most = 0, 0

    async def one(room: Room) -> None:
        nonlocal inside, most
        async with room:
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    async def all_of_them() -> None:
        room = Room(3)
        await asyncio.gather(*(one(room) for _ in range(20)))

    asyncio.run(all_of_them())
    assert most == 3


def test_whoever_is_alone_has_nobody_beside():
    inside: set[str] = set()
    seen: list[frozenset[str]] = []

    async def one(room: Room, name: str) -> None:
        async with room.alone if name.startswith("alone") else room:
            inside.add(name)
            seen.append(frozenset(inside))
            await asyncio.sleep(0.001)
            inside.remove(name)

    async def all_of_them() -> None:
        room = Room(4)
        names = [f"alone{number}" if number % 3 == 0 else f"with{number}" for number in range(30)]
        await asyncio.gather(*(one(room, name) for name in names))

    asyncio.run(all_of_them())
    assert len(seen) == 30
    assert all(len(each) == 1 for each in seen if any(name.startswith("alone") for name in each))
    assert any(len(each) > 1 for each in seen)


def test_whoever_gives_up_waiting_to_be_alone_holds_nothing():
    async def given_up() -> None:
        room = Room(2)
        async with room:
            waiting = asyncio.create_task(room.alone.__aenter__())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
        async with asyncio.timeout(5), room.alone:
            pass

    asyncio.run(given_up())
