"""Runs that are ended from without: killed while they tell, terminated while they work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from omni_assets.agents.task_receipt import TaskReceipt
from omni_assets.pipeline.agents.runs import runs_of
from omni_assets.pipeline.resources import ProjectResource
from tests.pipeline.agents.conftest import ASKED, ECHO, Ask, Events, assert_told_once

pytestmark = [pytest.mark.dagster, pytest.mark.broker, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
Drain = Callable[..., dg.ExecuteInProcessResult]
Ledger = Callable[[], dict[tuple[int, int], TaskReceipt]]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path, agents: ProjectResource, instance: dg.DagsterInstance, broker: Any) -> Start:
    """A run in a process of its own, which kills itself before it tells of a task where that is named by its number."""

    def run(number: int = -1) -> subprocess.Popen[str]:
        given = [str(tmp_path / "state" / "dagster"), str(tmp_path), broker.bootstrap_servers, str(number)]
        return subprocess.Popen(
            [sys.executable, "-m", "tests.support.agent_run", *given],
            cwd=ROOT,
            env={**os.environ, "DAGSTER_DISABLE_TELEMETRY": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    return run


def test_a_run_that_is_killed_while_it_tells_is_gone_on_behind(
    start: Start, ask: Ask, drain: Drain, events: Events, ledger: Ledger, instance: dg.DagsterInstance
) -> None:
    ask(*range(25))
    for number in (3, 0, 7):
        with start(number) as process:
            process.communicate(timeout=120)
        assert process.returncode == -signal.SIGKILL
    assert len(events()) == 10
    assert len(runs_of(instance, "others").bereft) == 3
    assert drain().success
    assert len(events()) == len(ledger()) == 25
    assert_told_once(events(), ledger())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_terminated_ends_at_once_and_its_task_is_done_by_the_next(
    number: int,
    start: Start,
    ask: Ask,
    drain: Drain,
    ledger: Ledger,
    instance: dg.DagsterInstance,
    write_contract: Callable[..., Path],
) -> None:
    write_contract("echo", text=ECHO.replace("omni_assets.agents.echo:echo", "tests.support.agent_run:slowly"))
    ask(1)
    with start() as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "works\n"
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode != 0
    assert [each.is_finished for each in instance.get_runs()] == [True]
    assert ledger() == {}
    write_contract("echo", text=ECHO)
    assert drain().success
    assert [each.event_id for each in ledger().values()] == ["e1"]
    assert ASKED in next(iter(ledger().values())).topic
