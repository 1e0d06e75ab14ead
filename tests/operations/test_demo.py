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
from omni_assets.cli.views.story import chapter_document, scene_lines
from omni_assets.errors import EngineFailed
from omni_assets.operations.context import resolve
from omni_assets.operations.demo.routing import ROUTING
from omni_assets.operations.demo.stage import Stage, set_stage
from omni_assets.operations.demo.story import LeftOut

pytestmark = [pytest.mark.broker, pytest.mark.dagster, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
OMNI = (sys.executable, "-m", "omni_assets.cli.main", "demo")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "tmp").mkdir()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OMNI_", "DAGSTER_"))}
    return {**inherited, "TMPDIR": str(tmp_path / "tmp")}


def processes_naming(text: str, where: str = "cmdline") -> list[int]:
    """Processes with ``text`` in their command line, or in another file that Linux has of each."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / where).read_bytes().decode(errors="replace")
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
    assert re.search(r"the local model's answers to \d+ tasks passed every gate, those to \d+ were caught", told)
    assert re.search(r"avoided \$0\.0\d+: \S+ would have cost", told)
    assert "as told: `add-deviation` is merged after a person reviewed it, and its pipeline passed" in told
    assert "as told: `whole-means` is closed: 1 test failed. " in told
    assert "as told: `rename-mean` was caught at the merge: merged into `main` as it is now, 1 test failed: " in told
    assert re.search(r"effect merge: done \(onex\.evt\.reviewer\.review-complete\.v1/\d/\d/1\)", told)
    assert re.search(r"as told: \d+ tasks ended once each, none as a dead letter, and one merge was done", told)
    assert list(Path(environ["TMPDIR"]).glob("omni-demo-*")) == []
    assert processes_naming(environ["TMPDIR"], "environ") == []


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
    assert processes_naming(environ["TMPDIR"], "environ") == []
    assert list(Path(environ["TMPDIR"]).glob("omni-demo-*")) == []


def test_without_the_extra_the_chapter_says_so_and_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(resolve(environ={"OMNI_HOME": str(tmp_path)}, folder=ROOT), {}, 0.0)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    (scene,) = ROUTING.tell(stage)
    assert isinstance(scene, LeftOut)
    assert scene.why.startswith("serving a local model needs packages that are not installed here.")
    assert chapter_document(ROUTING, [scene])["as_told"]
    (line,) = scene_lines(scene, None)
    assert line[0][0].startswith("left out: ")


def test_a_signal_while_tasks_run_leaves_no_model(environ: dict[str, str]) -> None:
    story = subprocess.Popen(
        (*OMNI, "--chapter", "routing"),
        env=environ,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert story.stdout is not None
    while "omni model serve" not in story.stdout.readline():
        assert story.poll() is None
    time.sleep(2.0)
    story.send_signal(signal.SIGTERM)
    _, errors = story.communicate(timeout=60)
    assert story.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in errors
    assert processes_naming(environ["TMPDIR"], "environ") == []
    assert list(Path(environ["TMPDIR"]).glob("omni-demo-*")) == []


def test_a_signal_while_agents_work_leaves_no_worker(environ: dict[str, str]) -> None:
    story = subprocess.Popen(
        (*OMNI, "--chapter", "workflow"),
        env=environ,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert story.stdout is not None
    while "`omni worker` begins" not in story.stdout.readline():
        assert story.poll() is None
    time.sleep(2.0)
    story.send_signal(signal.SIGTERM)
    _, errors = story.communicate(timeout=60)
    assert story.returncode == 128 + signal.SIGTERM
    assert "Traceback" not in errors
    deadline = time.monotonic() + 20
    while processes_naming(environ["TMPDIR"], "environ") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_naming(environ["TMPDIR"], "environ") == []
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
