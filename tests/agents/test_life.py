"""Whatever happens to the tasks of a node, in whatever order, each record ends in the one receipt that is due to it.

A machine submits, crashes, drains, sends letters again, answers questions and replays, on a real broker. What is due
follows from what was submitted alone: the first record of an event is worked on, each later one is a duplicate.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from omni_assets.agents.attempts import Patience
from omni_assets.agents.events import Event, from_record, to_record
from omni_assets.agents.task_receipt import Answer, TaskOutcome, TaskReceipt
from omni_assets.broker import worker
from omni_assets.errors import InputError
from omni_assets.operations.agents import approving, dead_letters, replaying
from omni_assets.operations.agents.replaying import ReplayRequest
from omni_assets.operations.agents.working import Stint, staffed, work_for
from tests.support.echo_tasks import PARTITIONS, Echo
from tests.support.echo_worker import Point, watched

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(600)]

EXAMPLES, STEPS = 5, 14
QUICK = Patience(attempts=2, first_pause=0.001)
POINTS = [Point.WORKED, Point.BEGUN, Point.COMMITTING, Point.COMMITTED]

keys = st.sampled_from([b"a", b"b", b"c"])
deaths = st.tuples(st.sampled_from(POINTS), st.integers(1, 3))
numbers = st.integers(0, 1_000)
tasks = st.lists(st.tuples(keys, st.sampled_from(["say", "stumble", "fail", "ask"])), min_size=1, max_size=8)


class Dead(RuntimeError):
    """A worker in this process that writes nothing any more."""


@contextmanager
def dying(point: Point, time: int) -> Iterator[None]:
    """Workers whose producers fall silent at a point: what they left open stays open, as when a process is killed."""
    left = {point: time}

    def come(here: Point) -> None:
        if here is point:
            left[point] -= 1
        if left[point] <= 0:
            raise Dead

    alive = worker.Producer
    worker.Producer = watched(come)  # type: ignore[misc]
    try:
        with suppress(Dead):
            yield
    finally:
        worker.Producer = alive  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class Asked:
    """A record of the topic of tasks: an event as it came first, or the letter of a receipt sent again."""

    event: str
    key: bytes
    wants: str
    requeue_of: str | None = None


class Due(NamedTuple):
    """What a receipt has to say."""

    event: str
    requeue_of: str | None
    replay: str | None
    outcome: TaskOutcome


def due(records: Iterable[Asked], replay: str | None = None) -> Iterator[Due]:
    """The receipts of these records, worked on in their order."""
    seen = set()
    for each in records:
        identity = (each.event, each.requeue_of)
        outcome = TaskOutcome.DUPLICATE if identity in seen else _ends(each)
        seen.add(identity)
        yield Due(each.event, each.requeue_of, replay, outcome)


def _ends(record: Asked) -> TaskOutcome:
    if record.wants == "fail":
        return TaskOutcome.DONE if record.requeue_of else TaskOutcome.DEAD_LETTERED
    return TaskOutcome.WAITING if record.wants == "ask" else TaskOutcome.DONE


class Life(RuleBasedStateMachine):
    """``asked``, ``answered`` and ``replayed`` are all that was done to the node; its receipts are read from the ledger
    whenever it has come to rest. ``waits`` says that it may have something to do.
    """

    def __init__(self, echo: Echo) -> None:
        super().__init__()
        self.echo = echo
        self.asked: list[Asked] = []
        self.answered: dict[str, list[Answer]] = defaultdict(list)
        self.replayed: dict[str, list[Asked]] = {}
        self.known: dict[str, TaskReceipt] = {}
        self.waits = False

    @initialize(tasks=tasks)
    def begin(self, tasks: list[tuple[bytes, str]]) -> None:
        self.submit(tasks)

    @rule(tasks=tasks)
    def submit(self, tasks: list[tuple[bytes, str]]) -> None:
        self._submit(*(Asked(f"e{number}", *each) for number, each in enumerate(tasks, len(self.asked))))

    @precondition(lambda self: self.asked)
    @rule(numbers=st.lists(numbers, min_size=1, max_size=4))
    def submit_again(self, numbers: list[int]) -> None:
        submitted = [each for each in self.asked if each.requeue_of is None]
        self._submit(*(submitted[number % len(submitted)] for number in numbers))

    @precondition(lambda self: self.waits)
    @rule(death=deaths)
    def crash(self, death: tuple[Point, int]) -> None:
        with dying(*death):
            self._work()

    @precondition(lambda self: self.waits)
    @rule()
    def drain(self) -> None:
        self._work()
        self.waits = False
        self.check()

    @precondition(lambda self: self._ended(TaskOutcome.DEAD_LETTERED))
    @rule(number=numbers)
    def requeue(self, number: int) -> None:
        receipt = self._one_that_ended(TaskOutcome.DEAD_LETTERED, number)
        letters = dead_letters.letters(self.echo.context, dead_letters.Filter(), 1_000).found
        (position,) = [each.position for each in letters if each.origin and each.origin.receipt == receipt.id]
        done = dead_letters.requeue(self.echo.context, [position])
        if done.sent:
            self.asked.append(Asked(receipt.event_id, receipt.key.encode(), "fail", receipt.id))
            self.waits = True
        else:
            assert any(each.requeue_of == receipt.id for each in self.echo.receipts())

    @precondition(lambda self: self._ended(TaskOutcome.WAITING))
    @rule(number=numbers, answer=st.sampled_from(Answer))
    def answer(self, number: int, answer: Answer) -> None:
        receipt = self._one_that_ended(TaskOutcome.WAITING, number)
        asked = approving.find(self.echo.context, receipt.id)
        approving.answer(self.echo.context, asked, answer, "somebody")
        self.answered[receipt.id].append(answer)
        self.waits = True

    @precondition(lambda self: self.asked)
    @rule(key=st.none() | keys, death=st.none() | deaths)
    def replay(self, key: bytes | None, death: tuple[Point, int] | None) -> None:
        if self.waits:
            self.drain()
        start = dict.fromkeys(range(PARTITIONS), 0)
        plan = replaying.prepare(self.echo.context, ReplayRequest(self.echo.asked, start, key=key and key.decode()))
        replaying.begin(self.echo.context, plan)
        if death is not None:
            with dying(*death):
                asyncio.run(replaying.go_on(self.echo.context, plan))
        with suppress(InputError):  # it has ended, and the broker has nothing of it any more
            asyncio.run(replaying.go_on(self.echo.context, replaying.resumable(self.echo.context, plan.id)))
        self.replayed[plan.id] = [each for each in self.asked if key in (None, each.key)]
        self.check()

    def teardown(self) -> None:
        self.drain()
        self.echo.assert_projected()

    def check(self) -> None:
        """Every receipt is due and none is missing, and what they name stands in the topics, in order."""
        receipts = self.echo.receipts()
        self.known = {each.id: each for each in receipts}
        assert len(self.known) == len(receipts)
        of_tasks = [each for each in receipts if each.topic == self.echo.asked]
        found = Counter(Due(each.event_id, each.requeue_of, each.replay, each.outcome) for each in of_tasks)
        expected = Counter(due(self.asked))
        for replay, records in self.replayed.items():
            expected.update(due(records, replay))
        assert found == expected
        self._check_answers(each for each in receipts if each.topic == self.echo.answers)
        self._check_duplicates(receipts)
        self._check_results(receipts)

    def _check_answers(self, receipts: Iterable[TaskReceipt]) -> None:
        of_question = defaultdict(list)
        for each in receipts:
            if each.outcome is TaskOutcome.DONE:
                assert each.approval is not None
                of_question[each.approval.id].append(each.approval.answer)
            else:
                assert each.outcome is TaskOutcome.DUPLICATE
        assert dict(of_question) == {question: given[:1] for question, given in self.answered.items()}

    def _check_duplicates(self, receipts: Iterable[TaskReceipt]) -> None:
        for each in receipts:
            if each.duplicate_of is not None:
                first = self.known[each.duplicate_of]
                assert (first.event_id, first.requeue_of, first.replay) == (
                    each.event_id,
                    each.requeue_of,
                    each.replay,
                )
                assert (first.partition, first.offset) < (each.partition, each.offset)

    def _check_results(self, receipts: Iterable[TaskReceipt]) -> None:
        named = {
            result.event_id: each for each in receipts for result in each.results if result.topic == self.echo.answered
        }
        answers = [from_record(each.key(), each.value(), each.headers()).id for each in self.echo.results()]
        assert Counter(answers) == Counter(named.keys())
        silent = {each.id for each in receipts if each.outcome is TaskOutcome.DONE} - {
            each.id for each in named.values()
        }
        assert all(
            self.known[each].approval is not None and self.known[each].approval.answer is Answer.REJECTED
            for each in silent
        )
        of_key = defaultdict(list)
        for each in answers:
            receipt = named[each]
            of_key[receipt.topic, receipt.key, receipt.replay].append(receipt.offset)
        assert all(offsets == sorted(offsets) for offsets in of_key.values())

    def _submit(self, *asked: Asked) -> None:
        events = [Event(each.event, "/tests", self.echo.asked, data=b'"%s"' % each.wants.encode()) for each in asked]
        self.echo.write(*(to_record(event, each.key) for event, each in zip(events, asked, strict=True)))
        self.asked += asked
        self.waits = True

    def _work(self) -> None:
        stint = Stint(staffed(self.echo.manifest), idle_seconds=0.1)
        asyncio.run(work_for(self.echo.context, self.echo.manifest, stint, patience=QUICK))

    def _ended(self, outcome: TaskOutcome) -> list[TaskReceipt]:
        return [each for _, each in sorted(self.known.items()) if each.outcome is outcome]

    def _one_that_ended(self, outcome: TaskOutcome, number: int) -> TaskReceipt:
        found = self._ended(outcome)
        return found[number % len(found)]


def test_each_record_ends_in_the_receipt_that_is_due_to_it(broker: Any, tmp_path: Path) -> None:
    names = itertools.count()

    def begun() -> Life:
        name = f"life{next(names)}"
        return Life(Echo(broker, name, tmp_path / name, "tests.support.echo_node:live", asks=True).begin())

    make: Callable[[], RuleBasedStateMachine] = begun
    run_state_machine_as_test(
        make,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
