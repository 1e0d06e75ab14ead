"""A worker that stood still while another took its seat wakes up, and commits nothing: its producer is fenced off."""

from __future__ import annotations

import signal

import pytest

from omni_assets.errors import WorkerReplaced
from tests.support.echo_tasks import Echo, stopped, to_end
from tests.support.echo_worker import Point

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]

TASKS = 100


def assert_fenced_off(echo: Echo, point: Point) -> None:
    echo.submit(range(TASKS))
    zombie = stopped(echo.worker(point=point, time=2, send=signal.SIGSTOP))
    to_end(echo.worker())
    echo.assert_ended(TASKS)
    zombie.send_signal(signal.SIGCONT)
    _, complaint = zombie.communicate(timeout=60)
    assert (zombie.returncode, complaint.decode()) == (1, f"{WorkerReplaced(echo.node, 0).message}\n")
    echo.assert_ended(TASKS)


@pytest.mark.parametrize("point", [Point.WORKED, Point.BEGUN, Point.COMMITTING, Point.COMMITTED])
def test_a_worker_whose_seat_was_taken_while_it_stood_still_commits_nothing(broker, tmp_path, point):
    assert_fenced_off(Echo(broker, "echo", tmp_path).begin(), point)
