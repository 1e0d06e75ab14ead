"""``omni model serve|status|stop``"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from omni_assets.processes.identity import identity

FOREGROUND = (str(Path(sys.executable).with_name("omni")), "model", "serve", "--foreground", "--context", "512")


@pytest.fixture
def attended(project):
    """A server in the foreground: its command, and its process id once it answers."""
    command = subprocess.Popen(
        FOREGROUND,
        cwd=project.folder,
        env=project.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while (found := project.omni("model", "status", "--format", "json")).code and time.monotonic() < deadline:
        time.sleep(0.1)
    yield command, found.document["pid"]
    project.omni("model", "stop")
    command.communicate(timeout=60)


def test_the_model_is_served_once_and_stopped_once(project):
    before = project.omni("model", "status", "--format", "json")
    assert (before.code, before.document["state"], before.document["model"]) == (1, "stopped", None)
    served = project.omni("model", "serve", "--context", "512", "--format", "json")
    try:
        assert served.code == 0
        assert set(served.document) == {"model", "base_url", "pid", "threads", "context", "weights"}
        with urllib.request.urlopen(f"{served.document['base_url']}/models") as answer:  # noqa: S310 - loopback
            assert answer.status == 200
        again = project.omni("model", "serve", "--context", "512", "--format", "json")
        assert again.document == served.document
        other = project.omni("model", "serve", "--context", "1024")
        assert other.code == 2
        assert "a context of 1024 was asked for" in " ".join(other.err.split())
        status = project.omni("model", "status", "--format", "json")
        assert (status.code, status.document["state"]) == (0, "running")
        assert served.document["base_url"] in project.omni("model", "status").out
    finally:
        stopped = project.omni("model", "stop", "--format", "json")
    assert stopped.code == 0
    assert stopped.document == {"stopped": True, **served.document}
    assert identity(served.document["pid"]) is None
    assert project.omni("model", "stop", "--format", "json").document["stopped"] is False
    assert project.omni("model", "stop").out == "no local model was served\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_in_the_foreground_it_ends_with_its_command(project, attended, number, code):
    command, pid = attended
    command.send_signal(number)
    out, err = command.communicate(timeout=60)
    assert command.returncode == code
    assert f"(process {pid}) answers at" in out
    assert "Traceback" not in err
    assert identity(pid) is None
    assert project.omni("model", "status", "--format", "json").document["state"] == "stopped"


def test_in_the_foreground_a_server_that_dies_is_told(attended):
    command, pid = attended
    os.kill(pid, signal.SIGKILL)
    _, err = command.communicate(timeout=60)
    assert command.returncode == 2
    assert "ended on its own." in err


def test_what_is_no_model_is_not_served(project):
    (project.folder / "no-model.gguf").write_text("nothing")
    ran = project.omni("model", "serve", "--model", "no-model.gguf")
    assert ran.code == 2
    assert "is not a model in the format GGUF" in " ".join(ran.err.split())
