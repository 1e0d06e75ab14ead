"""Workers are killed without warning on both sides of an effect outside the bus: each effect happens exactly once."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from omni_assets.agents.effects import Effects
from omni_assets.agents.task_receipt import TaskReceipt, read_task_receipt
from omni_assets.broker.assignment import Partition
from omni_assets.operations.agents.submitting import Submission, submit
from omni_assets.operations.agents.working import work as work_here
from omni_assets.operations.provision import provision
from tests.support import outside
from tests.support.outside import ASKED, INTENTS, LEDGER, LETTERS, MERGED, context_of, project
from tests.support.stranded import committed

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(240)]

ROOT = Path(__file__).resolve().parents[2]
TASKS = 12


@pytest.fixture
def folder(tmp_path: Path, broker) -> Path:
    """A project with tasks that wait for the node `merger`."""
    project(tmp_path)
    context = context_of(tmp_path, broker.bootstrap_servers)
    provision(context, context.manifest(), trigger="tests")
    lines = ({"topic": ASKED, "key": f"k{number % 3}", "data": {}, "id": f"e{number}"} for number in range(TASKS))
    assert not submit(context, [Submission.model_validate(line) for line in lines]).failed
    return tmp_path


@pytest.fixture
def work(folder: Path, broker) -> Callable[..., int]:
    """A worker until nothing is left, or until it dies; gives back how it ended."""

    def run(**environ: str) -> int:
        command = [sys.executable, "-m", "tests.support.outside", str(folder), broker.bootstrap_servers]
        ran = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **environ}, capture_output=True, timeout=120, check=False
        )
        assert b"Traceback" not in ran.stderr, ran.stderr.decode()
        return ran.returncode

    return run


def merged(folder: Path) -> Counter[str]:
    return Counter((folder / "merged.txt").read_text().split())


def receipts(broker) -> dict[str, TaskReceipt]:
    found = [read_task_receipt(each.value() or b"") for each in committed(broker.bootstrap_servers, LEDGER, 3)]
    assert len({each.event_id for each in found}) == len(found)
    return {each.event_id: each for each in found}


def outcomes(broker) -> Counter[str]:
    return Counter(effect.outcome for each in receipts(broker).values() for effect in each.effects)


@pytest.mark.parametrize(
    ("deaths", "found"),
    [
        (["before 2"], range(2)),  # two at once: the other one may have happened, and not be committed
        (["after 2"], range(1, 3)),
        (["before 1", "after 1", "after 3", "before 2"], range(2, 13)),
    ],
    ids=["between intent and effect", "between effect and commit", "again and again"],
)
def test_an_effect_happens_once_wherever_its_worker_is_killed(
    broker, folder: Path, work: Callable[..., int], deaths: list[str], found: range
) -> None:
    for death in deaths:
        assert work(DIES=death) == -signal.SIGKILL
    assert work() == 0
    assert merged(folder) == Counter(f"e{number}" for number in range(TASKS))
    told = receipts(broker)
    assert (len(told), {each.outcome for each in told.values()}) == (TASKS, {"done"})
    assert outcomes(broker).keys() <= {"done", "found"}
    assert outcomes(broker)["found"] in found
    assert len(committed(broker.bootstrap_servers, MERGED, 3)) == TASKS
    keys = [each.key() for each in committed(broker.bootstrap_servers, INTENTS, 2)]
    assert len(keys) == len(set(keys)) == TASKS


def test_where_nobody_can_tell_the_task_is_a_dead_letter_and_nothing_is_repeated(
    broker, folder: Path, work: Callable[..., int]
) -> None:
    assert work(DIES="after 1") == -signal.SIGKILL
    assert work(BLIND="yes") == 0
    told = Counter(each.outcome for each in receipts(broker).values())
    assert told["dead-lettered"] in (1, 2)
    assert told["done"] == TASKS - told["dead-lettered"]
    assert max(merged(folder).values()) == 1
    lost = [each for each in receipts(broker).values() if each.outcome == "dead-lettered"]
    assert all("cannot be told, so it is not repeated: ConnectionError: nobody answers" in each.reason for each in lost)
    assert {effect.outcome for each in lost for effect in each.effects} == {"unknown"}
    assert len(committed(broker.bootstrap_servers, LETTERS, 1)) == len(lost)


def test_a_worker_that_stood_still_behind_its_intent_does_nothing_that_its_successor_did(
    broker, folder: Path, work: Callable[..., int]
) -> None:
    command = [sys.executable, "-m", "tests.support.outside", str(folder), broker.bootstrap_servers]
    zombie = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "STANDS": "yes"}, stderr=subprocess.DEVNULL)
    try:
        _, status = os.waitpid(zombie.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert merged(folder) == Counter()
        assert work() == 0
        assert merged(folder) == Counter(f"e{number}" for number in range(TASKS))
        zombie.send_signal(signal.SIGCONT)
        zombie.wait(60)  # it was replaced, or has partitions again in which nothing is left
    finally:
        zombie.kill()
        zombie.wait(10)
    assert merged(folder) == Counter(f"e{number}" for number in range(TASKS))
    assert {each.outcome for each in receipts(broker).values()} == {"done"}


def test_a_worker_that_is_ended_within_an_effect_gives_its_partitions_back_once_that_can_be_found(
    broker, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that is within its effect cannot be ended, and must not be repeated."""
    monkeypatch.setenv("OUTSIDE", str(folder))
    monkeypatch.setenv("HELD", "yes")
    outside.BEGUN.clear()
    outside.GO_ON.clear()
    context = context_of(folder, broker.bootstrap_servers)

    def leave(effects: Effects, partitions: Iterable[Partition]) -> None:
        assert not merged(folder)
        threading.Timer(0.2, outside.GO_ON.set).start()
        _leave(effects, partitions)
        left.append(merged(folder))

    left: list[Counter[str]] = []
    _leave = Effects.leave
    monkeypatch.setattr(Effects, "leave", leave)

    async def ended() -> None:
        worker = asyncio.create_task(work_here(context, concurrency=1))
        assert await asyncio.to_thread(outside.BEGUN.wait, 60)
        worker.cancel()
        await asyncio.wait([worker])
        assert worker.cancelled()

    asyncio.run(ended())
    assert [sum(each.values()) for each in left] == [1]
    monkeypatch.setattr(Effects, "leave", _leave)
    asyncio.run(work_here(context, drain=True))
    assert merged(folder) == Counter(f"e{number}" for number in range(TASKS))
    assert {each.outcome for each in receipts(broker).values()} == {"done"}
    assert outcomes(broker)["found"] == 1
