"""Provisioning, the drift matrix and tasks, on the broker that OMNI_TEST_BOOTSTRAP names."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from omni_assets.operations.context import Context
from tests.operations import test_drift_matrix as matrix
from tests.support.echo_tasks import ROOT, Echo, to_end
from tests.support.proxy import Proxy

pytestmark = [pytest.mark.redpanda, pytest.mark.slow]

OMNI = Path(sys.executable).with_name("omni")
TASKS = 200

# What the embedded broker alone shows: it does not know a key of Redpanda's.
CASES = [case for case in matrix.CASES if case.name != "a key without an effect"]

proxy, context = matrix.proxy, matrix.context


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_drift_is_found_and_settled_as_far_as_it_may_be(
    case: matrix.Case, context: Context, broker, proxy: Proxy, write_contract: Callable[..., Path]
) -> None:
    matrix.test_it_is_found_and_settled_as_far_as_it_may_be(case, context, broker, proxy, write_contract)


def test_this_project_is_provisioned_once_and_then_in_sync(broker, tmp_path: Path) -> None:
    environ = {**os.environ, "OMNI_HOME": str(tmp_path), "OMNI_ENV": "local"}

    def omni(*arguments: str) -> str:
        named = [*arguments, "--bootstrap-servers", broker.bootstrap_servers]
        ran = subprocess.run([OMNI, *named], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    omni("provision")
    created = broker.topics()
    assert created
    assert "created" not in omni("provision")
    assert broker.topics() == created
    assert "no drift" in omni("drift")


def test_tasks_end_once_and_the_ledger_says_so(broker, tmp_path: Path) -> None:
    echo = Echo(broker, "echo", tmp_path).begin()
    echo.submit(range(TASKS))
    to_end(echo.worker())
    echo.assert_whole(TASKS)
