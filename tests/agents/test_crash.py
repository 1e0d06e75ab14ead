"""Workers are killed without warning, at random moments, alone and beside others: every task ends once, in order."""

from __future__ import annotations

import random

import pytest

from tests.support.echo_tasks import assert_whole, begin, kill, submit, to_end, worker

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]

TASKS, KILLS = 200, 5


@pytest.mark.parametrize("seed", [1, 2])
def test_a_worker_that_is_killed_at_random_moments_loses_and_doubles_nothing(broker, seed):
    moments = random.Random(seed)
    begin(broker, "echo")
    submit(broker, "echo", range(TASKS // 2))
    killed = 0
    for number in range(KILLS):
        killed += kill(worker(broker, "echo"), moments)
        if number == KILLS // 2:
            submit(broker, "echo", range(TASKS // 2, TASKS))
    to_end(worker(broker, "echo"))
    assert killed == KILLS
    assert_whole(broker, "echo", TASKS)


def test_two_workers_at_once_of_which_one_is_killed_and_comes_back(broker):
    """The one that is killed has to come back: the embedded broker waits for dead members of a group for ever."""
    moments = random.Random(3)
    begin(broker, "echo")
    submit(broker, "echo", range(TASKS // 2))
    one, other = worker(broker, "echo", 0), worker(broker, "echo", 1)
    killed = kill(one, moments)
    submit(broker, "echo", range(TASKS // 2, TASKS))
    killed += kill(worker(broker, "echo", 0), moments)
    to_end(worker(broker, "echo", 0), other)
    to_end(worker(broker, "echo", 0), worker(broker, "echo", 1))
    assert killed
    assert_whole(broker, "echo", TASKS)
