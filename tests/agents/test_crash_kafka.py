"""As on the embedded broker, where a group's dead members expire, and other brokers are followers."""

from __future__ import annotations

import random

import pytest

from tests.support.echo_tasks import PARTITIONS, assert_whole, begin, kill, submit, to_end, worker
from tests.support.echo_worker import topics_of
from tests.support.kafka_cluster import KafkaCluster, wait_until
from tests.support.stranded import committed

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(300)]

EACH, KILLS = 40, 5  # enough new tasks that no worker comes to its end before it is killed
TASKS = EACH * KILLS


def test_a_worker_that_is_killed_at_random_moments_loses_and_doubles_nothing(kafka: KafkaCluster) -> None:
    moments = random.Random(4)
    begin(kafka, "echo")
    for number in range(KILLS):
        submit(kafka, "echo", range(number * EACH, (number + 1) * EACH))
        assert kill(worker(kafka, "echo"), moments)
    to_end(worker(kafka, "echo"))
    assert_whole(kafka, "echo", TASKS)


def test_a_worker_takes_over_the_partitions_of_one_that_never_comes_back(kafka: KafkaCluster) -> None:
    moments = random.Random(5)
    begin(kafka, "pair")
    submit(kafka, "pair", range(TASKS))
    dead, other = worker(kafka, "pair", 0), worker(kafka, "pair", 1)
    assert kill(dead, moments)
    to_end(other)

    def drained() -> bool:
        """One drain after the other: the dead one keeps its partitions for the time of a session."""
        to_end(worker(kafka, "pair", 1))
        return len(committed(kafka.bootstrap_servers, topics_of("pair")[1], PARTITIONS)) == TASKS

    wait_until(drained, 60, "the partitions of the dead worker to be taken over")
    assert_whole(kafka, "pair", TASKS)


def test_two_workers_at_once_of_which_one_is_killed_and_comes_back(kafka: KafkaCluster) -> None:
    moments = random.Random(3)
    begin(kafka, "both")
    submit(kafka, "both", range(TASKS // 2))
    one, other = worker(kafka, "both", 0), worker(kafka, "both", 1)
    killed = kill(one, moments)
    submit(kafka, "both", range(TASKS // 2, TASKS))
    killed += kill(worker(kafka, "both", 0), moments)
    to_end(worker(kafka, "both", 0), other)
    to_end(worker(kafka, "both", 0), worker(kafka, "both", 1))
    assert killed
    assert_whole(kafka, "both", TASKS)
