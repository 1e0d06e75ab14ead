"""A function for workers that are killed: it says on standard error what it begins, and takes its time."""

from __future__ import annotations

import random
import sys
import time

from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said


def slow_echo(event: Event) -> Said:
    """The data of the event, a moment later."""
    print(event.id, file=sys.stderr, flush=True)
    time.sleep(random.uniform(0, 0.02))
    return Said(event.data)
