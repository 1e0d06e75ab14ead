"""What a worker died of, across real processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from omni_assets.errors import StateError
from omni_assets.operations.agents import call_log
from omni_assets.operations.agents.call_log import calls_of

ROOT = Path(__file__).parents[3]
DIES = """\
import os, sys
from pathlib import Path
from omni_assets.operations.agents.call_log import calls_of
with calls_of(Path(sys.argv[1]), "echo-0") as calls:
    with calls.under_way("done"):
        pass
    with calls.under_way("fatal"):
        os._exit(9)
"""


def die(home: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", DIES, str(home)], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 9, ran.stderr


def test_what_a_process_died_of_is_known_to_the_next_one_and_counted(tmp_path):
    for number in (1, 2, 3):
        die(tmp_path)
        with calls_of(tmp_path, "echo-0") as calls:
            assert (calls.deaths("fatal"), calls.deaths("done")) == (number, 0)


def test_another_seat_knows_nothing_of_it(tmp_path):
    die(tmp_path)
    with calls_of(tmp_path, "echo-1") as calls:
        assert calls.deaths("fatal") == 0


def test_a_process_that_lives_died_of_nothing(tmp_path):
    with calls_of(tmp_path, "echo-0") as first, first.under_way("slow"), calls_of(tmp_path, "echo-0") as second:
        assert second.deaths("slow") == 0


def test_a_log_does_not_grow_without_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(call_log, "MOST_BYTES", 1_000)
    with calls_of(tmp_path, "a/../b-0") as calls:
        (file,) = (tmp_path / "workers").iterdir()
        for number in range(200):
            with calls.under_way(f"task-{number}"):
                assert file.stat().st_size < 1_200
        assert f"begun task-{number}" in file.read_text()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "workers").write_text("")
    with pytest.raises(StateError, match="cannot be written"), calls_of(tmp_path, "echo-0"):
        pass
