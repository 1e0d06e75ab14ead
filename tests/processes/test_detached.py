from __future__ import annotations

import os
from pathlib import Path

import pytest

from omni_assets.errors import EngineFailed
from omni_assets.processes import detached
from omni_assets.processes.identity import end, identity


def test_what_is_spawned_is_nobody_s_child_and_leads_a_session(tmp_path: Path) -> None:
    pid = detached.spawn("a sleeper", ["sleep", "60"], tmp_path, tmp_path / "log")
    known = identity(pid)
    assert known is not None
    try:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        assert os.getsid(pid) != os.getsid(0)
    finally:
        assert end(pid, known, 5.0)


def test_all_that_it_says_is_in_its_log(tmp_path: Path) -> None:
    log = tmp_path / "its log"
    command = ["sh", "-c", "echo $WORD; echo aloud >&2"]
    pid = detached.spawn("a speaker", command, tmp_path, log, {**os.environ, "WORD": "said"})
    while identity(pid) is not None:
        pass
    assert log.read_text() == "said\naloud\n"


def test_a_shell_that_cannot_begin_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detached, "_DETACH", "echo nothing like a number")
    with pytest.raises(EngineFailed, match=r"the sleeper could not be started\."):
        detached.spawn("the sleeper", ["sleep", "60"], tmp_path, tmp_path / "log")
