"""Workers are killed without warning, at random moments: every task ends once, in order.

Two at once are tried on Kafka alone: the embedded broker waits for dead members of a group for ever.
"""

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
