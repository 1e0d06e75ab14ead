"""Arenas are bounded in a process of its own, since that holds for good."""

from __future__ import annotations

import subprocess
import sys

import pytest

from omni_assets.processes.memory import ARENAS, VARIABLE, bound_arenas

_ARENA_BYTES = 64 * 2**20  # each begins at a multiple of it: HEAP_MAX_SIZE, arena.c of glibc, on 64 bits
_THREADS = 12
_COUNTED = f"""
import ctypes, sys, threading
from omni_assets.processes.memory import bound_arenas
said = bound_arenas() if sys.argv[1] == "bound" else False
malloc = ctypes.CDLL(None).malloc
malloc.restype = ctypes.c_void_p
here, everybody = [], threading.Barrier({_THREADS})
def take():
    here.append(malloc(1000) // {_ARENA_BYTES})
    everybody.wait(60)
threads = [threading.Thread(target=take) for _ in range({_THREADS})]
[each.start() for each in threads]
[each.join() for each in threads]
print(said, len(set(here)))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="arenas are glibc's")
def test_many_threads_share_few_arenas() -> None:
    said, places = _counted("bound")
    assert said == "True"
    assert places <= ARENAS < _counted("free")[1]


def test_what_somebody_set_stands() -> None:
    assert not bound_arenas({VARIABLE: "8"})


def _counted(how: str) -> tuple[str, int]:
    ran = subprocess.run(
        [sys.executable, "-c", _COUNTED, how], capture_output=True, text=True, check=True, env={"PATH": ""}
    )
    said, places = ran.stdout.split()
    return said, int(places)
