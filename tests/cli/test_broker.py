"""``omni broker start|stop|status``"""

from __future__ import annotations

import os
import signal
import socket
import time

import pytest

pytestmark = pytest.mark.broker


def assert_ended(pid):
    """A process that ended may wait a moment for its parent to take note."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} is still there")


def test_a_broker_is_started_once_and_stopped_once(project):
    before = project.omni("broker", "status", "--format", "json")
    assert before.code == 1
    assert before.document["state"] == "stopped"
    started = project.omni("broker", "start", "--port", "0", "--format", "json")
    try:
        assert started.code == 0
        assert set(started.document) >= {"engine", "bootstrap_servers", "pid"}
        assert started.document["engine"] == "noida"
        os.kill(started.document["pid"], 0)
        for port in ((), ("--port", "0")):
            again = project.omni("broker", "start", *port, "--format", "json")
            assert again.document == started.document
        status = project.omni("broker", "status", "--format", "json")
        assert status.code == 0
        assert status.document["state"] == "running"
        assert status.document["bootstrap_servers"] == started.document["bootstrap_servers"]
        assert started.document["bootstrap_servers"] in project.omni("broker", "status").out
    finally:
        stopped = project.omni("broker", "stop", "--format", "json")
    assert stopped.code == 0
    assert stopped.document["stopped"] is True
    assert_ended(started.document["pid"])
    assert project.omni("broker", "stop", "--format", "json").document["stopped"] is False
    assert project.omni("broker", "stop").out == "no local broker was running\n"
    assert project.omni("broker", "status").code == 1


def test_data_outlives_a_restart_and_a_reset_moves_it_aside(provisioned, topics):
    assert provisioned.omni("broker", "stop").code == 0
    assert provisioned.omni("broker", "start").code == 0
    assert "3 existed" in provisioned.omni("provision").out
    assert provisioned.omni("broker", "stop").code == 0
    assert provisioned.omni("broker", "start", "--reset").code == 0
    assert "3 created" in provisioned.omni("provision").out
    refused = provisioned.omni("broker", "start", "--reset")
    assert refused.code == 2
    assert "omni broker stop" in refused.err


def test_a_port_in_use(project):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = project.omni("broker", "start", "--port", str(port))
    assert ran.code == 2
    assert ran.out == ""
    assert f"port {port} on 127.0.0.1 is in use" in ran.err


def test_a_broker_that_was_killed_is_told_from_one_that_runs(running):
    pid = running.omni("broker", "status", "--format", "json").document["pid"]
    os.kill(pid, signal.SIGKILL)
    for _ in range(100):
        ran = running.omni("broker", "status", "--format", "json")
        if ran.document["state"] == "stale":
            break
        time.sleep(0.05)
    assert ran.code == 1
    assert ran.document["state"] == "stale"
