"""A minute of the soak, and what it stands on: what the kernel tells of processes, and clocks that are set."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from tests.soak import clock, sampling
from tests.soak.soaking import soak
from tests.soak.table import lines

SEED = 21155
"""One by which the broker stays up for a minute: `make soak` finds that a worker may read nothing behind the death of
the embedded broker.
"""

_CLOCK = "import time; print(time.time(), time.monotonic())"


@pytest.mark.broker
@pytest.mark.dagster
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_minute(tmp_path: Path) -> None:
    soaked = soak(tmp_path / "project", 60, SEED, print)
    print("\n".join(lines(soaked)))
    assert soaked.wrong == []
    assert soaked.books.submitted


def test_a_clock_is_set_and_the_monotonic_one_is_not(tmp_path: Path) -> None:
    variables = clock.variables(tmp_path)
    if not variables:
        pytest.skip("there is no compiler of C here")
    assert clock.set_to(tmp_path, -7200)
    told = subprocess.run(
        [sys.executable, "-c", _CLOCK], env={**os.environ, **variables}, capture_output=True, text=True
    )
    wall, monotonic = map(float, told.stdout.split())
    assert abs(wall + 7200 - time.time()) < 600
    assert abs(monotonic - time.monotonic()) < 600


def test_what_a_process_has_is_seen(tmp_path: Path) -> None:
    here = sampling.sample(0.0, "here", os.getpid())
    assert here is not None
    with (tmp_path / "one").open("w"), FileLock(tmp_path / "held.lock"):
        more = sampling.sample(1.0, "here", os.getpid())
        assert more is not None
        assert more.files >= here.files + 2
        assert sampling.locked(tmp_path) == [str(tmp_path / "held.lock")]
    assert sampling.locked(tmp_path) == []
    assert more.memory > 1_000
    child = subprocess.Popen(["sleep", "60"], env={"WHERE": str(tmp_path)})
    try:
        deadline = time.monotonic() + 30
        while sampling.processes_of(tmp_path) != ["sleep 60"] and time.monotonic() < deadline:
            time.sleep(0.05)
        assert sampling.processes_of(tmp_path) == ["sleep 60"]
    finally:
        child.kill()
        child.wait()
    assert sampling.processes_of(tmp_path) == []
    assert sampling.sample(2.0, "child", child.pid) is None
