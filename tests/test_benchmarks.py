"""The benchmarks run: small, once, and what they print is one document. Their figures are not judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

COMMANDS = [
    ("benchmarks.contracts_extract", "contracts"),
    ("benchmarks.contracts_scale", "contracts", "--sizes", "10", "20"),
    ("benchmarks.near_miss", "contracts"),
    ("benchmarks.drift_diff", "--topics", "100"),
    ("benchmarks.import_time",),
    ("benchmarks.ledger_rows", "--tasks", "3000"),
    ("benchmarks.registry_scan", "--lines", "20000"),
    pytest.param(("benchmarks.report", "--topics", "50", "--receipts", "100"), marks=pytest.mark.browser),
    ("benchmarks.routing.overhead", "--tasks", "20"),
    pytest.param(("benchmarks.observe", "--topics", "20"), marks=pytest.mark.broker),
    pytest.param(("benchmarks.plan_apply", "--topics", "20"), marks=pytest.mark.broker),
]


@pytest.mark.slow
def test_what_the_local_model_is_accepted_for_passes_its_tests_again() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.routing.live", "--tasks", "7", "--format", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    routed, tier = json.loads(ended.stdout)["figures"]
    if routed["tests_not_run"]:
        pytest.skip("tests of an output cannot be run in isolation here")
    assert routed["accepted"] == routed["accepted_and_pass_again"] == tier["accepted"]
    assert routed["accepted"] + routed["failed"] == tier["asked"] == routed["tasks"] == 7
    assert routed["failed_without_a_reason"] == tier["failed"] == 0
    assert 0 < tier["accepted"] < 7


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_it_prints_its_figures(command: tuple[str, ...]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", *command, "--rounds", "1", "--format", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    for figure in json.loads(ended.stdout)["figures"]:
        assert figure["claim"]
        assert figure["ratio"] > 0
