"""The two nodes of a soak: what one answers, the other counts."""

from __future__ import annotations

import asyncio
import json
import random

from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said

_LONGEST_SECONDS = 0.02


async def answer(event: Event) -> Said:
    """The number that the task asks for, after a moment."""
    await asyncio.sleep(random.uniform(0, _LONGEST_SECONDS))
    return Said(json.loads(event.data))


async def count(event: Event) -> Said:
    """The same number once more, of the answer."""
    return Said(json.loads(event.data))
