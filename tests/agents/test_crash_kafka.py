"""As on the embedded broker, where a group's dead members expire, and other brokers are followers."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from tests.agents.test_crash import EACH, KILLS, ROUNDS, SHARED, SLOW, kill_and_work_on
from tests.support.echo_tasks import Echo, begun, kill, to_end, to_some_end
from tests.support.kafka_cluster import KafkaCluster, wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(900)]

TASKS = EACH * KILLS


def to_the_last(echo: Echo, tasks: int, slot: int = 0) -> None:
    """One drain after the other: a dead worker keeps its partitions for the time of a session."""

    def drained() -> bool:
        to_end(echo.worker(slot))
        return len(echo.results()) == tasks

    wait_until(drained, 60, "the partitions of dead workers to be taken over")
    echo.assert_ended(tasks)


@pytest.mark.dagster
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_500_tasks_end_once_whenever_their_worker_is_killed(kafka: KafkaCluster, tmp_path: Path, seed: int) -> None:
    kill_and_work_on(Echo(kafka, f"echo{seed}", tmp_path).begin(), seed)


def test_a_worker_takes_over_the_partitions_of_one_that_never_comes_back(kafka: KafkaCluster, tmp_path: Path) -> None:
    echo = Echo(kafka, "pair", tmp_path, SLOW).begin()
    echo.submit(range(SHARED))
    dead, other = echo.worker(0), echo.worker(1)
    kill(dead, random.Random(5))
    to_end(other)
    to_the_last(echo, SHARED, 1)


def test_two_workers_at_once_of_which_one_is_killed_and_comes_back(kafka: KafkaCluster, tmp_path: Path) -> None:
    moments = random.Random(3)
    echo = Echo(kafka, "both", tmp_path, SLOW).begin()
    echo.submit(range(SHARED))
    one, other = echo.worker(0), echo.worker(1)
    kill(one, moments)
    kill(echo.worker(0), moments)
    to_end(echo.worker(0), other)
    to_the_last(echo, SHARED)


def test_partitions_are_handed_out_anew_whenever_another_worker_comes(kafka: KafkaCluster, tmp_path: Path) -> None:
    echo = Echo(kafka, "several", tmp_path, SLOW).begin()
    echo.submit(range(SHARED))
    workers: list[subprocess.Popen[bytes]] = []
    for slot in range(3):
        workers.append(echo.worker(slot))
        begun(workers[-1], 5)
    to_end(*workers)
    to_the_last(echo, SHARED)


def test_a_broker_is_killed_and_comes_back_while_a_worker_works(kafka: KafkaCluster, tmp_path: Path) -> None:
    echo = Echo(kafka, "lasting", tmp_path).begin()
    broken = kafka.ids[:ROUNDS]  # each of them where there is time for it
    share = TASKS // len(broken)
    for number, broker in enumerate(broken):
        echo.submit(range(number * share, (number + 1) * share if broker != broken[-1] else TASKS))
        worker = echo.worker()
        begun(worker, 10)
        kafka.kill(broker)
        begun(worker, 10)
        kafka.start(broker)
        to_some_end(worker)  # brokers that are long in finding their leaders give its transaction up
    to_the_last(echo, TASKS)
