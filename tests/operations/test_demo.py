from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from omni_assets.broker.local import lifecycle
from omni_assets.errors import EngineFailed
from omni_assets.operations.demo.stage import set_stage

pytestmark = [pytest.mark.broker, pytest.mark.dagster, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
OMNI = (sys.executable, "-m", "omni_assets.cli.main", "demo")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "tmp").mkdir()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OMNI_", "DAGSTER_"))}
    return {**inherited, "TMPDIR": str(tmp_path / "tmp")}


def processes_naming(text: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text in command:
                found.append(int(entry.name))
    return found


def test_the_story_comes_out_as_told_and_leaves_nothing(environ: dict[str, str]) -> None:
    ended = subprocess.run(OMNI, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    told = re.sub(r"\s+", " ", ended.stdout)
    assert "routing_complete" in told
    assert "<=100 records" in told
    assert "contracts/router/contract.yaml:" in told
    assert "Dagster's job `reconcile` ran" in told
    assert list(Path(environ["TMPDIR"]).glob("omni-demo-*")) == []
    assert processes_naming(environ["TMPDIR"]) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_leaves_nothing(environ: dict[str, str], number: signal.Signals) -> None:
    story = subprocess.Popen(
        OMNI, env=environ, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while not (running := processes_naming(environ["TMPDIR"])) and time.monotonic() < deadline:
        time.sleep(0.05)
    story.send_signal(number)
    _, errors = story.communicate(timeout=60)
    assert running, f"no process of the story ever appeared:\n{errors}"
    assert story.returncode != 0
    assert "Traceback" not in errors
    assert processes_naming(environ["TMPDIR"]) == []
    assert list(Path(environ["TMPDIR"]).glob("omni-demo-*")) == []


def test_the_folder_goes_even_where_the_broker_cannot_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_stop = lifecycle.stop

    def stop(state_folder: Path) -> None:
        really_stop(state_folder)
        raise EngineFailed("the broker did not end.")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(lifecycle, "stop", stop)
    with pytest.raises(EngineFailed, match="did not end"), set_stage() as stage:
        assert stage.context.home.parent == tmp_path
    assert list(tmp_path.iterdir()) == []
