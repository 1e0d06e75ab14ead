"""The process of a cycle: its result, however long, and its end, however it comes."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from omni_assets.errors import ServiceFailed
from omni_assets.operations import cycle
from omni_assets.operations.cycle import Cycle, run_cycle

DOCUMENT: Mapping[str, Any] = {
    "run_id": "run",
    "success": False,
    "seconds": 0.5,
    "events": 3,
    "declared_topics": 1,
    "observed_topics": None,
    "contract_errors": 0,
    "contract_warnings": 0,
    "provisioned": None,
    "applied": None,
    "drift": None,
    "checks": {"passed": [], "failed": ["contracts_valid"]},
    "error": "no broker answers.",
}
SECONDS = 60.0

Stub = Callable[[str], Mapping[str, str]]


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Puts other code in the place of the job, and gives the variables under which Python finds it."""

    def write(code: str) -> Mapping[str, str]:
        (tmp_path / "stub_reconcile.py").write_text(code)
        monkeypatch.setattr(cycle, "_RECONCILE", "stub_reconcile")
        return {**os.environ, "PYTHONPATH": str(tmp_path)}

    return write


def test_a_result_of_any_length_is_read(stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cycle, "CYCLE_SECONDS", SECONDS)
    # More than any pipe holds.
    document = {**DOCUMENT, "error": "x" * 4_000_000}
    (tmp_path / "document.json").write_text(json.dumps(document))
    environ = stub("import sys; sys.stdout.write(open('document.json').read()); sys.exit(2)")
    ended = run_cycle(environ, tmp_path, tmp_path / "logs" / "reconcile.log")
    assert isinstance(ended, Cycle)
    assert ended.error == document["error"]
    assert (ended.success, ended.clean, ended.failed_checks) == (False, False, ("contracts_valid",))


def test_a_process_without_a_result_is_told_from_its_log(stub: Stub, tmp_path: Path) -> None:
    log = tmp_path / "logs" / "reconcile.log"
    with pytest.raises(ServiceFailed, match=r"exit code 3 and without a result(?s:.*)it broke") as failure:
        run_cycle(stub("import sys; sys.stderr.write('it broke'); sys.exit(3)"), tmp_path, log)
    assert str(log) in str(failure.value)


def test_who_asks_to_end_gets_no_result_and_no_process_stays(stub: Stub, tmp_path: Path) -> None:
    environ = stub("import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(300)")
    written = tmp_path / "pid"

    def asked_to_end(_seconds: float) -> bool:
        time.sleep(0.02)
        return written.exists() and bool(written.read_text())

    assert run_cycle(environ, tmp_path, tmp_path / "logs" / "reconcile.log", asked_to_end) is None
    with pytest.raises(ProcessLookupError):
        os.kill(int(written.read_text()), 0)


def test_a_process_that_takes_too_long_is_ended(stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cycle, "CYCLE_SECONDS", 0.2)
    with pytest.raises(ServiceFailed, match=r"took longer than 0\.2 s"):
        run_cycle(stub("import time; time.sleep(300)"), tmp_path, tmp_path / "logs" / "reconcile.log")


def test_it_runs_this_python(stub: Stub, tmp_path: Path) -> None:
    code = f"import json, sys; print(json.dumps({{**{dict(DOCUMENT)!r}, 'error': sys.executable}}))"
    ended = run_cycle(stub(code), tmp_path, tmp_path / "logs" / "reconcile.log")
    assert ended is not None
    assert ended.error == sys.executable
