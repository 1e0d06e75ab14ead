"""A worker outlives its broker: what comes afterwards is worked on, and it still ends when it is told to."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from omni_assets.broker.local import lifecycle
from tests.support.echo_tasks import ROOT, Echo
from tests.support.kafka_cluster import wait_until
from tests.support.tethered import Tethered

pytestmark = [pytest.mark.broker, pytest.mark.slow]

SHARE = 20
UNTIL_IT_IS_KEPT = 3.0  # this broker writes down once a second what it knows


def restart(folder: Path) -> None:
    """Kill the embedded broker of a state folder without warning; it is back at its port when this returns."""
    record = lifecycle.running(folder)
    assert record is not None
    time.sleep(UNTIL_IT_IS_KEPT)
    os.kill(record.pid, signal.SIGKILL)
    lifecycle.start(folder, port=record.port)


def test_a_worker_works_on_after_each_death_of_its_broker(broker, tmp_path, monkeypatch):
    echo = Echo(broker, "lasting", tmp_path).begin()
    command = [str(Path(sys.executable).with_name("omni")), "worker", "--node", "lasting"]
    for name, value in echo.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    worker = Tethered(command, tmp_path / "worker.log")
    try:
        for life in range(3):
            ended = (life + 1) * SHARE
            Echo(broker, "lasting", tmp_path).submit(range(ended - SHARE, ended))
            wait_until(lambda ended=ended: len(echo.results()) >= ended, 120, f"{ended} tasks to be worked on")
            if life < 2:
                restart(broker.state_folder)
    finally:
        code = worker.end(signal.SIGTERM, 60)
    echo.assert_ended(3 * SHARE)
    assert code == 128 + signal.SIGTERM, (tmp_path / "worker.log").read_text(encoding="utf-8")
