"""The functions of nodes whose workers are killed: what they say is what they were told."""

from __future__ import annotations

import asyncio
import json
import random

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said
from omni_assets.agents.task_context import TaskContext

LONGEST, SLOWEST = 0.02, 0.3
OTHERS = 57  # of 60 tasks over 20 keys, those of other keys than the first


async def answer(event: Event) -> Said:
    """The data of an event, after a moment. Prints its id as it begins."""
    print(event.id, flush=True)
    await asyncio.sleep(random.uniform(0, LONGEST))
    return Said(json.loads(event.data))


async def answer_slowly(event: Event) -> Said:
    """The same, so slow that several workers find something to do."""
    await asyncio.sleep(random.uniform(0, SLOWEST - LONGEST))
    return await answer(event)


class Gathering:
    """What the tasks of one test wait for: how many others were worked on, and whether their results were seen."""

    def __init__(self) -> None:
        self.worked = 0
        self.seen = asyncio.Event()
        self.order: list[int] = []


gathering = Gathering()
"""Of the test that runs: workers in its process call the functions below."""


async def fail_until_others_end(event: Event) -> Said:
    """The first task fails until those of other keys ended, told by their number; the rest do at once."""
    number = json.loads(event.data)
    gathering.order.append(number)
    if number == 0 and gathering.worked < OTHERS:
        raise RuntimeError("not yet")
    gathering.worked += 1
    return Said(number)


async def wait_until_others_are_seen(event: Event) -> Said:
    """The first task goes on until somebody has seen the results of the others."""
    number = json.loads(event.data)
    if number == 0:
        await gathering.seen.wait()
    return Said(number)


async def choke(event: Event) -> Said:
    """Every seventh task can never be done."""
    number = json.loads(event.data)
    if number % 7 == 0:
        raise Hopeless("nobody can do it")
    return Said(number)


stumbled: set[str] = set()
"""Tasks that were tried once."""


async def live(event: Event, context: TaskContext) -> Said | None:
    """What its data asks for: to say something, at once (``say``) or at the second try (``stumble``), to fail until its
    letter is sent again (``fail``), to ask a person first (``ask``), and say nothing where that one says no, or to do
    something outside first (``act``).
    """
    wanted = json.loads(event.data)
    if wanted == "stumble" and context.id not in stumbled:
        stumbled.add(context.id)
        raise RuntimeError("not at once")
    if wanted == "fail" and "requeueof" not in event.extensions:
        raise Hopeless("not before it is sent again")
    if wanted == "ask" and not context.ask(wanted, "May I?").approved:
        return None
    if wanted == "act":
        await context.effect_async("merge", _merged, _not_found)
    return Said(wanted)


async def _merged() -> str:
    return "merged"


async def _not_found() -> None:
    return None
