"""Tasks beside one another: what is poison, slow, tried again or given twice harms nobody else."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest
from confluent_kafka import Producer

from omni_assets.agents.attempts import Patience
from omni_assets.operations.agents.working import work
from tests.support import echo_node
from tests.support.echo_node import OTHERS, Gathering
from tests.support.echo_tasks import KEYS, Echo, assert_killed, stopped, to_end
from tests.support.echo_worker import Point

pytestmark = [pytest.mark.broker, pytest.mark.slow]

TASKS = 60
PATIENT = Patience(attempts=100_000, first_pause=0.01, longest_pause=0.01)


@pytest.fixture
def gathering(monkeypatch: pytest.MonkeyPatch) -> Gathering:
    made = Gathering()
    monkeypatch.setattr(echo_node, "gathering", made)
    return made


def begun(broker, folder: Path, entry: str) -> Echo:
    return Echo(broker, "echo", folder, f"tests.support.echo_node:{entry}").begin()


def test_a_key_that_is_tried_again_is_parked_and_the_others_go_on(broker, tmp_path, gathering):
    echo = begun(broker, tmp_path, "fail_until_others_end")
    echo.submit(range(TASKS))
    asyncio.run(work(echo.context, drain=True, patience=PATIENT))
    echo.assert_whole(TASKS)
    (parked,) = [each for each in echo.receipts() if each.event_id == "e0"]
    assert {each.reason for each in parked.attempts} == {"RuntimeError: not yet", ""}
    behind = gathering.order.index(KEYS)
    assert 0 not in gathering.order[behind:]
    assert len(set(gathering.order[:behind])) == OTHERS + 1


def test_a_slow_task_keeps_back_nobody_else_s_results(broker, tmp_path, gathering):
    echo = begun(broker, tmp_path, "wait_until_others_are_seen")
    echo.submit(range(TASKS))

    async def watch() -> None:
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            group.create_task(work(echo.context, drain=True))
            while len(await asyncio.to_thread(echo.results)) < OTHERS:  # noqa: ASYNC110 - a broker tells nobody
                await asyncio.sleep(0.05)
            gathering.seen.set()

    asyncio.run(watch())
    echo.assert_whole(TASKS)


def test_poison_ends_as_dead_letters_and_whatever_stands_behind_it_is_done(broker, tmp_path):
    echo = begun(broker, tmp_path, "choke")
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "log_level": 0})
    for partition in range(3):
        producer.produce(echo.asked, b"\xff", b"key-1", partition=partition)
        producer.produce(echo.asked, None, b"key-1", partition=partition)
        producer.produce(echo.asked, b"{}", None, partition=partition, headers=[("ce_id", b"1"), ("ce_id", b"\xff")])
    assert producer.flush(20) == 0
    echo.submit(range(TASKS))
    asyncio.run(work(echo.context, drain=True))
    poison = [number for number in range(TASKS) if number % 7 == 0]
    assert Counter(each.outcome for each in echo.receipts()) == {
        "dead-lettered": 9 + len(poison),
        "done": TASKS - len(poison),
    }
    assert sorted(int(each.value() or b"") for each in echo.results()) == sorted({*range(TASKS)} - {*poison})
    echo.assert_remembered()


def test_what_is_given_again_while_its_worker_is_dead_is_done_once(broker, tmp_path):
    echo = Echo(broker, "echo", tmp_path).begin()
    echo.submit(range(TASKS))
    assert_killed(echo.worker(point=Point.COMMITTED, time=2))
    echo.submit(range(TASKS))
    standing = stopped(echo.worker(point=Point.COMMITTING, send=signal.SIGSTOP))
    echo.submit(range(TASKS))
    standing.send_signal(signal.SIGCONT)
    to_end(standing)
    receipts = echo.receipts()
    first = {each.event_id: each.id for each in receipts if each.outcome == "done"}
    assert Counter(each.outcome for each in receipts) == {"done": TASKS, "duplicate": 2 * TASKS}
    assert all(each.duplicate_of == first[each.event_id] for each in receipts if each.outcome == "duplicate")
    assert sorted(int(each.value() or b"") for each in echo.results()) == list(range(TASKS))
    echo.assert_remembered()
