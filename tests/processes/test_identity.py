from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from omni_assets.processes import identity as process

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)
# The system's own end of one thread, by its number in Linux's tables for each kind of processor.
HEADLESS = """
import ctypes, platform, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
print('ready', flush=True)
ctypes.CDLL(None).syscall({'x86_64': 60}.get(platform.machine(), 93), 0)
"""


def test_a_process_keeps_its_identity_and_no_two_share_one() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        mine, other = process.identity(os.getpid()), process.identity(child.pid)
        assert mine is not None
        assert other is not None
        assert process.identity(child.pid) == other
        child.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="command lines are read from /proc")
def test_the_command_line_is_what_it_was_started_with() -> None:
    assert process.command_line(os.getpid())[1:] == tuple(sys.orig_argv[1:])
    assert process.command_line(2**22 + 1) == ()


def test_the_fallback_without_proc_tells_processes_from_none() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        alive = process._from_ps(child.pid)
        assert alive is not None
        assert process._from_ps(child.pid) == alive
        child.kill()
    assert process._from_ps(child.pid) is None


def test_a_dead_process_and_a_zombie_have_no_identity() -> None:
    with subprocess.Popen(["true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert process.identity(child.pid) is None
        assert process._from_ps(child.pid) is None
    assert process.identity(child.pid) is None


@pytest.mark.skipif(sys.platform != "linux", reason="threads are read from /proc")
def test_a_process_whose_first_thread_has_ended_lives_for_as_long_as_another_does() -> None:
    with subprocess.Popen([sys.executable, "-c", HEADLESS], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        known = process.identity(child.pid)
        assert known is not None
        while ") Z " not in Path(f"/proc/{child.pid}/stat").read_text():
            time.sleep(0.01)
        assert process.identity(child.pid) == known
        assert process.end(child.pid, known, seconds=10)
        assert process.identity(child.pid) is None


def test_a_process_that_ends_when_asked_is_not_killed() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        known = process.identity(child.pid)
        assert known is not None
        assert process.end(child.pid, known, seconds=10)
        assert child.wait() == -signal.SIGTERM


def test_a_process_that_does_not_listen_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        known = process.identity(child.pid)
        assert known is not None
        assert process.end(child.pid, known, seconds=0.2)
        assert child.wait() == -signal.SIGKILL


def test_a_process_that_only_has_the_same_id_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        assert process.end(child.pid, "another boot:1", seconds=1)
        assert child.poll() is None
        child.kill()
