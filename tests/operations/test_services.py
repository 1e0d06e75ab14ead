"""Processes that do not outlive the one that started them, however it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from omni_assets.errors import ServiceFailed, StateError
from omni_assets.operations import services
from omni_assets.operations.services import Interruption, Service
from omni_assets.operations.tether import BoundedLog

# A service with a child of its own, as the webserver has its code server. Both write their process ids.
PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
print("pids", os.getpid(), child.pid, flush=True)
time.sleep(300)
"""
# One that does not listen to SIGTERM.
DEAF = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("pids", os.getpid(), flush=True)
time.sleep(300)
"""
SECONDS = 60.0
_PIDS = re.compile(r"^pids((?: \d+)+)\n", re.MULTILINE)

Started = Callable[..., Service]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    running: list[Service] = []

    def start(code: str) -> Service:
        command = [sys.executable, "-c", code]
        service = services.start("service", command, tmp_path, os.environ, tmp_path / "logs" / "service.log")
        running.append(service)
        return service

    yield start
    for service in running:
        services.end_group(service.process)


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def pids(log: Path) -> list[int]:
    until(lambda: log.exists() and _PIDS.search(log.read_text()), "the service never wrote its process ids")
    found = _PIDS.search(log.read_text())
    assert found
    return [int(word) for word in found[1].split()]


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_a_service_and_its_children_end_together(started: Started) -> None:
    service = started(PARENT)
    own = pids(service.log)
    assert len(own) == 2
    assert all(map(alive, own))
    services.stop([service])
    until(lambda: not any(map(alive, own)), "the service or its child outlived the stop")
    assert not service.running


def test_a_service_that_ends_takes_its_children_along(started: Started) -> None:
    service = started(PARENT)
    parent, child = pids(service.log)
    os.kill(parent, signal.SIGKILL)
    until(lambda: not service.running, "nobody noticed that the service ended")
    until(lambda: not alive(child), "the child outlived its service")
    assert "ended with exit code -9" in service.log.read_text()


def test_a_service_that_does_not_listen_is_ended_all_the_same(
    started: Started, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service = started(DEAF)
    (own,) = pids(service.log)
    monkeypatch.setattr(services, "GRACE_SECONDS", 0.2)
    monkeypatch.setattr(services, "_PATIENCE_SECONDS", 0.2)
    services.stop([service])
    until(lambda: not alive(own), "a service that ignores SIGTERM was left behind")


def test_services_end_with_whoever_started_them_even_by_sigkill(tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    code = f"""
import os, sys, time
from pathlib import Path
from omni_assets.operations import services
services.start("service", [sys.executable, "-c", {PARENT!r}], Path.cwd(), os.environ, Path({str(log)!r}))
time.sleep(300)
"""
    starter = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    try:
        own = pids(log)
        starter.kill()
        starter.wait()
        until(lambda: not any(map(alive, own)), "the service outlived a starter that was killed")
    finally:
        starter.kill()
        starter.wait()


def test_children_of_a_tether_that_was_killed_are_ended_with_it(started: Started) -> None:
    service = started(PARENT)
    own = pids(service.log)
    service.process.kill()
    until(lambda: not service.running, "the tether still runs")
    services.stop([service])
    until(lambda: not any(map(alive, own)), "the service outlived its tether")


def test_a_group_is_signalled_only_while_its_number_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    signalled: list[tuple[int, bool]] = []
    really_signal = os.killpg

    def killpg(group: int, number: int) -> None:
        # Until somebody waits for it, an ended process keeps its number.
        signalled.append((number, Path(f"/proc/{group}").exists()))
        really_signal(group, number)

    monkeypatch.setattr(os, "killpg", killpg)
    for seconds in (0.0, SECONDS):
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
        services.end_group(process, seconds)
    assert signalled == [(signal.SIGKILL, True), (signal.SIGTERM, True), (signal.SIGKILL, True)]
    ended = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    ended.wait()
    signalled.clear()
    services.end_group(ended, SECONDS)
    assert signalled == []


def test_a_command_that_does_not_exist_is_told_from_the_log(started: Started, tmp_path: Path) -> None:
    service = services.start("service", ["/nonexistent"], tmp_path, os.environ, tmp_path / "service.log")
    until(lambda: not service.running, "it runs")
    services.stop([service])
    assert isinstance(service.failure(), ServiceFailed)
    assert "cannot run /nonexistent: No such file or directory" in str(service.failure())


def test_a_log_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    with pytest.raises(StateError, match=r"service\.log cannot be written"):
        services.start("service", ["true"], tmp_path, os.environ, tmp_path / "logs" / "service.log")


def test_the_last_lines_of_a_log_have_no_colours(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"\x1b[32mold\x1b[0m\n" * 100 + b"\x1b[31mlast\xff\x1b[0m\n")
    lines = services.last_lines(log).splitlines()
    assert len(lines) == 15
    assert lines[-1] == "  last\ufffd"


def test_a_log_is_bounded(tmp_path: Path) -> None:
    with closing(BoundedLog(tmp_path / "log", most=100)) as log:
        for _ in range(50):
            log.write(b"0123456789\n")
    sizes = {each.name: each.stat().st_size for each in tmp_path.iterdir()}
    assert set(sizes) == {"log", "log.1"}
    assert max(sizes.values()) <= 111


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_noted_and_does_nothing_else(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with Interruption() as interruption:
        assert interruption.within(0) is False
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), signal.SIGTERM)
        assert interruption.within(SECONDS) is True
        assert interruption.signal == number
        assert interruption.within(SECONDS) is True
    assert signal.getsignal(number) == before
