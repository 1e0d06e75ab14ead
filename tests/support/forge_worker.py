"""A worker of all nodes in a process of its own, which kills itself at its first merge: ``python -m
tests.support.forge_worker POINT``, with everything else from the environment.

``before`` is when the intent stands and nothing is merged, ``after`` when the merge is done and nothing is committed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

from omni_assets.agents.workflow import merging
from omni_assets.operations.agents.working import work
from omni_assets.operations.context import resolve


def _die(point: str) -> None:
    really = merging.merge

    def merge(*arguments: Any) -> None:
        if point == "after":
            really(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    merging.merge = merge


if __name__ == "__main__":
    _die(sys.argv[1])
    asyncio.run(work(resolve()))
