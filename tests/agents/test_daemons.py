"""A function that hangs holds up its own call, and no end of a process."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import Executor
from threading import current_thread

import pytest

from omni_assets.agents.daemons import Daemons

HANGS = """
import threading
from omni_assets.agents.daemons import Daemons

threads = Daemons()
hung = threads.submit(threading.Event().wait)
print(threads.submit(pow, 2, 5).result(), hung.done())
"""


def test_what_comes_of_a_call_is_its_future_s() -> None:
    threads: Executor = Daemons()
    assert threads.submit(int, "2a", base=16).result(10) == 42
    with pytest.raises(ZeroDivisionError):
        threads.submit(divmod, 1, 0).result(10)


def test_a_thread_whose_call_ended_takes_another() -> None:
    threads = Daemons()
    assert len({threads.submit(current_thread).result(10) for _ in range(400)}) < 200


def test_a_thread_without_calls_ends_and_another_takes_its_place() -> None:
    threads = Daemons()
    first = threads.submit(current_thread).result(10)
    first.join(60)
    assert not first.is_alive()
    assert threads.submit(current_thread).result(10) is not first


def test_a_process_ends_whatever_hangs_in_it() -> None:
    ran = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "32 False\n", "")
