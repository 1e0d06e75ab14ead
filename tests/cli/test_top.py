"""``omni top``: frames at any size, and the real thing on a terminal, in a pipe and without a broker."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from omni_assets.cli.views.top import frame_document, frame_lines
from omni_assets.contracts.text import columns
from omni_assets.errors import BrokerUnreachable
from omni_assets.operations.routing.savings import NOTHING, Economics
from omni_assets.operations.top import Bus, Drifting, Inbox, Kept, Limit, Look, frame
from omni_assets.projection.rows import TaskSummary
from omni_assets.router.money.budget import Spent

OMNI = str(Path(sys.executable).with_name("omni"))
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOSTILE = "onex.cmd.\x1b[31mred\u202e.a-name-that-is-rather-long-and-goes-on-and-on-for-quite-a-while.v1"
WIDE = "onex.evt.路由器.评审完成-评审完成-评审完成-评审完成-评审完成.v1"


def task(number: int, outcome: str) -> TaskSummary:
    at = NOW - timedelta(seconds=number)
    why = "the handler said at some length why it could not do it" if outcome == "failed" else ""
    names = {"node": "审阅者", "topic": WIDE} if number % 2 else {"node": "reviewer", "topic": HOSTILE}
    return TaskSummary(
        f"{number:032x}",
        "local",
        **names,
        partition=0,
        position=number,
        key="",
        event_id="e",
        correlation_id="c",
        started_at=at,
        ended_at=at,
        outcome=outcome,
        reason=why,
        attempts=1,
        cost_usd=None,
        deadline=None,
        requeue_of=None,
        replay=None,
    )


def full(inboxes: int = 40, trouble: bool = False):
    of = [
        Inbox(f"node-{n % 7}", WIDE if n % 3 else HOSTILE, 3, 1_234_567 * (n + 1), 9_876_543_210)
        for n in range(inboxes)
    ]
    workers = {each.node: 12 for each in of}
    outcomes = ("done", "failed", "dead-lettered", "waiting", "duplicate")
    tasks = tuple(task(number, outcomes[number % 5]) for number in range(40))
    money = Spent(Decimal("4.2"), Decimal("0.1"))
    kept = Kept(
        NOW,
        tasks,
        tasks,
        (),
        (),
        Economics(NOTHING),
        (Limit("", money, Decimal(5)), Limit("a-class-of-tasks", money, None)),
        Drifting(NOW - timedelta(hours=3), {"in_sync": 4_000, "auto_fixable": 12, "needs_approval": 3, "unfixable": 1}),
    )
    first = frame(Look(NOW - timedelta(seconds=2), Bus(NOW - timedelta(seconds=2), tuple(of), workers, ()), kept))
    gone = (BrokerUnreachable("127.0.0.1:9", "connection refused", 5),) if trouble else ()
    return frame(Look(NOW, None if trouble else Bus(NOW, tuple(of), workers, ("gone",)), kept, gone), first)


def drawn(lines) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (200, 60), (60, 15), (40, 10), (80, 5)])
@pytest.mark.parametrize("trouble", [False, True])
def test_a_frame_fits_its_terminal(width, height, trouble):
    lines = drawn(frame_lines(full(trouble=trouble), "local", "127.0.0.1:9092", width, height))
    assert len(lines) <= height
    if width >= 80:
        assert max(map(columns, lines)) <= width
    assert not any("\x1b" in line or "\u202e" in line for line in lines)


@pytest.mark.parametrize(("width", "height"), [(80, 24), (200, 60)])
def test_no_figure_is_cut_and_what_finds_no_room_is_counted(width, height):
    found = full()
    text = "\n".join(drawn(frame_lines(found, "local", "127.0.0.1:9092", width, height)))
    assert re.search(r"open +at most 1,012,344,940 records(?: for 7 nodes)?, 84 workers, 1 topic missing", text)
    assert "1 unfixable, 3 needs approval, 12 auto fixable, 4,000 in sync" in text
    assert "$4.30 of $5.00 today (86.0 %), $0.10 of it reserved" in text
    shown = [each.inbox.open for each in found.inboxes if f" {each.inbox.open:,}  " in text]
    more = re.search(r"and ([0-9]+) topics more, ([0-9,]+) open", text)
    if more is None:
        assert len(shown) == len(found.inboxes)
    else:
        assert len(set(shown)) + int(more[1]) == len(found.inboxes)
        assert sum(set(shown)) + int(more[2].replace(",", "")) == found.open


def test_without_a_broker_the_frame_says_so_and_how_old_the_figures_are():
    lines = drawn(frame_lines(full(trouble=True), "local", "127.0.0.1:9092", 80, 24))
    assert any("no broker answers at 127.0.0.1:9" in line for line in lines)
    assert any("seen 2 s ago" in line for line in lines)
    document = frame_document(full(trouble=True), "local", "127.0.0.1:9092")
    assert document["trouble"][0].startswith("no broker answers")
    json.dumps(document)


def test_one_document_one_frame_and_lines_that_end_with_their_reader(provisioned):
    one = provisioned.omni("top", "--format", "json")
    assert one.code == 0
    assert one.document["bus"]["inboxes"] == []
    text = provisioned.omni("top")
    assert (text.code, text.err) == (0, "")
    assert "no contract names a handler that subscribes a topic" in text.out
    lines = subprocess.Popen(
        [OMNI, "top", "--format", "json", "--interval", "0.5"],
        cwd=provisioned.folder,
        env=provisioned.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert lines.stdout is not None
    assert lines.stderr is not None
    first, second = (json.loads(lines.stdout.readline()) for _ in range(2))
    assert first["at"] < second["at"]
    lines.stdout.close()
    assert lines.wait(60) == 0
    assert lines.stderr.read() == b""
    lines.stderr.close()


def test_a_frame_without_a_broker_could_not_be_whole(project, nobody):
    ran = project.omni("top", "--once", "--bootstrap-servers", nobody)
    assert ran.code == 2
    assert f"no broker answers at {nobody}" in ran.out
    document = project.omni("top", "--format", "json", "--bootstrap-servers", nobody)
    assert document.code == 2
    assert document.document["bus"] is None


class Terminal:
    """A terminal on which ``omni top`` runs."""

    def __init__(self, project, columns: int, lines: int, **environ: str) -> None:
        self.screen, self.side = pty.openpty()
        fcntl.ioctl(self.side, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(self.side)
        self.received = b""
        self.process = subprocess.Popen(
            [OMNI, "top", "--interval", "0.5"],
            cwd=project.folder,
            env={**project.environ, "TERM": "xterm-256color", **environ},
            stdin=self.side,
            stdout=self.side,
            stderr=self.side,
        )

    def until(self, wanted: bytes, seconds: float = 90) -> None:
        deadline = time.monotonic() + seconds
        while wanted not in self.received:
            assert time.monotonic() < deadline, self.received[-2_000:]
            if select.select([self.screen], [], [], 1)[0]:
                self.received += os.read(self.screen, 65_536)

    def until_frame(self, wanted: Callable[[bytes], bool], seconds: float = 90) -> None:
        """Wait for a whole frame that is wanted: one with another behind it."""
        deadline = time.monotonic() + seconds
        while not any(map(wanted, self.received.split(b"omni top")[1:-1])):
            assert time.monotonic() < deadline, self.received[-2_000:]
            if select.select([self.screen], [], [], 1)[0]:
                self.received += os.read(self.screen, 65_536)

    def press(self, key: bytes) -> None:
        os.write(self.screen, key)

    def interrupt(self) -> None:
        """What a terminal does about Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def code(self) -> int:
        """Its exit code once it ends; the terminal is as it was."""
        self.until(b"\x1b[?1049l")
        while True:
            if select.select([self.screen], [], [], 0.1)[0]:
                self.received += os.read(self.screen, 65_536)
            if (code := self.process.poll()) is not None:
                break
        assert termios.tcgetattr(self.side) == self.before
        assert self.received.count(b"\x1b[?1049l") == self.received.count(b"\x1b[?25h") == 1
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)
        os.close(self.screen)
        os.close(self.side)


@pytest.mark.parametrize(("end", "code"), [(lambda it: it.press(b"q"), 0), (Terminal.interrupt, 130)])
def test_frames_follow_until_a_key_ends_them(provisioned, end, code):
    terminal = Terminal(provisioned, 80, 24)
    try:
        terminal.until(b"no task called a model today")
        end(terminal)
        assert terminal.code() == code
        assert (b"interrupted" in terminal.received) == (code == 130)
        assert b"leaked" not in terminal.received
    finally:
        terminal.close()


def test_a_broker_that_goes_away_is_told_and_seen_again_when_it_is_back(provisioned):
    terminal = Terminal(provisioned, 100, 30, NO_COLOR="1")
    try:
        terminal.until(b"no task called a model today")
        assert provisioned.omni("broker", "stop").code == 0
        terminal.until(b"no broker answers at")
        assert provisioned.omni("broker", "start").code == 0
        terminal.received = b""
        terminal.until_frame(lambda frame: b"approvals" in frame and b"no broker" not in frame)
        assert not re.search(rb"\x1b\[[0-9;]*3[0-9]m", terminal.received)
        terminal.press(b"q")
        assert terminal.code() == 0
    finally:
        terminal.close()
