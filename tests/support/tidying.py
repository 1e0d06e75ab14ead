"""Tidy copies of a state folder, each in a process of its own that is killed at another point:
``python -m tests.support.tidying LIVED COPIES DRIFT TASKS [SEED KILLS]``.

The moments before which drifts and tasks are old are in ISO 8601. One copy after the other dies one step later, behind
each call that makes something last, and the first one that came to its end is the last; with a seed, so many of them
die at random. Standard output gets a line for each copy: its name, and where it died.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

from omni_assets.projection import retention, store
from omni_assets.projection.journal import Journal
from omni_assets.projection.retention import Bounds
from omni_assets.projection.store import Projection

LASTING = (
    (os, "fsync"),
    (os, "replace"),
    (Journal, "fold"),
    (store, "forget"),
    (store, "free_bytes"),
    (store, "copied"),
)
"""The calls behind which it dies."""

LONGEST_SECONDS = 0.5
"""The latest random moment: it takes less without a kill, on a quiet machine."""


def at_each_step(lived: Path, copies: Path, bounds: Bounds) -> None:
    for number in count():
        copy = _copied(lived, copies, number)
        told, tell = os.pipe()
        child = os.fork()
        if not child:
            _arm(number, tell)
            _tidy(copy, bounds)
        os.close(tell)
        _, status = os.waitpid(child, 0)
        with os.fdopen(told) as stream:
            where = stream.read()
        if not os.WIFSIGNALED(status):
            assert status == 0, f"{copy} was not tidied"
            print(f"{number} at its end")
            return
        print(f"{number} {where}", flush=True)


def at_random(lived: Path, copies: Path, bounds: Bounds, moments: random.Random, kills: int) -> None:
    for number in range(kills):
        copy, moment = _copied(lived, copies, number), moments.uniform(0, LONGEST_SECONDS)
        child = os.fork()
        if not child:
            _tidy(copy, bounds)
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print(f"{number} after {moment:.3f} s", flush=True)


def _copied(lived: Path, copies: Path, number: int) -> Path:
    return Path(shutil.copytree(lived, copies / str(number)))


def _tidy(copy: Path, bounds: Bounds) -> NoReturn:
    """In a child, of whose parent nothing may be ended a second time."""
    try:
        Projection(copy).tidy(bounds)
    except BaseException:  # noqa: BLE001 - told, and the copy has failed
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def _arm(number: int, tell: int) -> None:
    left = number

    def come(where: str) -> None:
        nonlocal left
        if not left:
            os.write(tell, where.encode())
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    def watched(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **also: Any) -> Any:
            answer = call(*given, **also)
            come(f"behind {name}")
            return answer

        return called

    for owner, name in LASTING:
        setattr(owner, name, watched(name, getattr(owner, name)))


if __name__ == "__main__":
    retention.LEAST_FREE_BYTES = 1  # a file that is made in a moment has no more room to give back
    source, target, drift, tasks, *chance = sys.argv[1:]
    before = Bounds(datetime.fromisoformat(drift), datetime.fromisoformat(tasks))
    if chance:
        at_random(Path(source), Path(target), before, random.Random(int(chance[0])), int(chance[1]))
    else:
        at_each_step(Path(source), Path(target), before)
