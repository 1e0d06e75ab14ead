"""Workers are killed without warning, at each point and at random moments: every task ends once, in order.

``AGENT_KILLS`` says how often: ten kills in a round of 500 tasks.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.support.echo_tasks import Echo, assert_killed, kill, to_end
from tests.support.echo_told import told_of
from tests.support.echo_worker import Point

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(600)]

SLOW = "tests.support.echo_node:answer_slowly"
KILLS = 10
ROUNDS = max(1, int(os.environ.get("AGENT_KILLS", KILLS)) // KILLS)
SHARED = 250  # tasks of several workers
EACH = 50  # new tasks before each kill: more than a worker lives for


def kill_and_work_on(echo: Echo, seed: int) -> None:
    """Ten workers are killed, each with new tasks of its own, and one comes to its end. Dagster is told meanwhile."""
    moments = random.Random(seed)
    deaths: list[Point | None] = [*Point, *[None] * (KILLS - len(Point))]
    moments.shuffle(deaths)
    with told_of(echo) as told:
        for number, point in enumerate(deaths):
            echo.submit(range(number * EACH, (number + 1) * EACH))
            if point is None:
                kill(echo.worker(), moments)
            else:
                once = point in (Point.PROJECTING, Point.PROJECTED)
                assert_killed(echo.worker(point=point, time=1 if once else moments.randint(1, 3)))
            if number % 3 == 0:
                told.now()
        to_end(echo.worker())
        echo.assert_whole(KILLS * EACH)
        told.assert_each_once()
    died = ", ".join(each or "at a random moment" for each in deaths)
    print(f"\nround {seed}: {len(deaths)} kills ({died}); {KILLS * EACH} receipts, {KILLS * EACH} results")


@pytest.mark.dagster
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_500_tasks_end_once_whenever_their_worker_is_killed(broker, tmp_path, seed):
    kill_and_work_on(Echo(broker, "echo", tmp_path).begin(), seed)


def test_two_workers_at_once_of_which_one_is_killed_and_comes_back(broker, tmp_path):
    """The one that is killed has to come back: this broker waits for it for ever."""
    moments = random.Random(3)
    echo = Echo(broker, "both", tmp_path, SLOW).begin()
    echo.submit(range(SHARED))
    one, other = echo.worker(0), echo.worker(1)
    kill(one, moments)
    kill(echo.worker(0), moments)
    to_end(echo.worker(0), other)
    to_end(echo.worker(0), echo.worker(1))
    echo.assert_ended(SHARED)
