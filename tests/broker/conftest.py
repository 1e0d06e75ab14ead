from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest


@pytest.fixture
def frozen() -> Callable[[int], AbstractContextManager[None]]:
    """Stops a process for a while: its connections stay open, and nothing answers."""
    return _frozen


@contextmanager
def _frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        # Each thread stops on its own, and one of them may answer yet.
        while any(" T " not in each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/stat")):
            time.sleep(0.001)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
