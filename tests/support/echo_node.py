"""The functions of nodes whose workers are killed: what they say is what they were told."""

from __future__ import annotations

import asyncio
import json
import random

from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said

LONGEST = 0.02


async def answer(event: Event) -> Said:
    """The data of an event, after a moment. Prints its id as it begins."""
    print(event.id, flush=True)
    await asyncio.sleep(random.uniform(0, LONGEST))
    return Said(json.loads(event.data))
