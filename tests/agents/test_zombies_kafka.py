"""As on the embedded broker, and where a group hands the partitions of a silent member to another one."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.agents.test_zombies import TASKS, assert_fenced_off
from tests.support.echo_tasks import Echo, stopped, to_end
from tests.support.echo_worker import Point
from tests.support.kafka_cluster import KafkaCluster, wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(300)]

GONE = frozenset({"ILLEGAL_GENERATION", "UNKNOWN_MEMBER_ID", "FENCED_INSTANCE_ID"})
"""What a group says of a member or a generation that is not its own any more."""


def test_a_worker_whose_seat_was_taken_while_it_stood_still_commits_nothing(
    kafka: KafkaCluster, tmp_path: Path
) -> None:
    assert_fenced_off(Echo(kafka, "fenced", tmp_path).begin(), Point.COMMITTING)


def test_a_worker_whose_partitions_another_was_given_commits_nothing_of_them(
    kafka: KafkaCluster, tmp_path: Path
) -> None:
    """The other one has a seat of its own: no producer is fenced off, and no transaction was open to time out."""
    echo = Echo(kafka, "moved", tmp_path).begin()
    echo.submit(range(TASKS))
    zombie = stopped(echo.worker(0, Point.WORKED, 2, signal.SIGSTOP))

    def moved() -> bool:
        to_end(echo.worker(1))
        return len(echo.results()) == TASKS

    wait_until(moved, 60, "the partitions of the worker that stands still to be handed on")
    zombie.send_signal(signal.SIGCONT)
    told, complaint = zombie.communicate(timeout=60)
    assert zombie.returncode == 0, complaint.decode()
    refused = [line.removeprefix("refused: ") for line in told.decode().splitlines() if line.startswith("refused")]
    assert set(refused) & GONE, refused
    echo.assert_ended(TASKS)
