"""Workers are killed without warning, at random moments: every task ends once, in order.

Two at once are tried on Kafka alone: the embedded broker waits for dead members of a group for ever.
"""

from __future__ import annotations

import random

import pytest

from tests.support.echo_tasks import assert_whole, begin, kill, submit, to_end, worker

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]

EACH, KILLS = 40, 5  # enough new tasks that no worker comes to its end before it is killed
TASKS = EACH * KILLS


@pytest.mark.parametrize("seed", [1, 2])
def test_a_worker_that_is_killed_at_random_moments_loses_and_doubles_nothing(broker, seed):
    moments = random.Random(seed)
    begin(broker, "echo")
    for number in range(KILLS):
        submit(broker, "echo", range(number * EACH, (number + 1) * EACH))
        assert kill(worker(broker, "echo"), moments)
    to_end(worker(broker, "echo"))
    assert_whole(broker, "echo", TASKS)
