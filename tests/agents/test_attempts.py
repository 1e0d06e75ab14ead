"""A call that is tried again, on a clock of its own: no second of these tests is waited for."""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.attempts import Hopeless, Patience, Tried, attempt
from omni_assets.errors import BrokerRefused, BrokerTimeout

_Answer = TypeVar("_Answer")
PATIENCE = Patience(attempts=3, seconds=10, first_pause=1, longest_pause=4)


class _Clock(selectors.DefaultSelector):
    """Nothing is waited for: time passes by itself."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if not found and timeout:
            self.now += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = _Clock()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now


def run(work: Coroutine[Any, Any, _Answer]) -> _Answer:
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work)


class Script:
    """Each call takes its seconds, and then fails, or answers where its error is ``None``."""

    def __init__(self, *calls: tuple[float, Exception | None]) -> None:
        self._calls = list(calls)
        self.spans: list[tuple[float, float]] = []

    async def __call__(self) -> str:
        clock = asyncio.get_running_loop().time
        seconds, error = self._calls.pop(0) if self._calls else (0.0, None)
        began = clock()
        try:
            await asyncio.sleep(seconds)
        finally:
            self.spans.append((began, clock()))
        if error is not None:
            raise error
        return "answer"


async def tried(script: Script, left: float = math.inf, patience: Patience = PATIENCE) -> tuple[Tried[str], float]:
    """What came of it, and when it was over."""
    came = await attempt(script, patience, asyncio.Semaphore(1), left)
    return came, asyncio.get_running_loop().time()


def test_it_ends_with_the_first_answer_and_tells_why_those_before_were_none() -> None:
    came, over = run(tried(Script((2, RuntimeError("no")), (2, BrokerTimeout("it", 1)), (2, None))))
    assert (came.answer, over, came.late) == ("answer", 2 + 1 + 2 + 2 + 2, False)
    assert [each.reason for each in came.attempts] == [
        "RuntimeError: no",
        "the broker did not answer it within 1 s. Try again, or give it longer with OMNI_BROKER_TIMEOUT.",
        "",
    ]
    assert [each.seconds for each in came.attempts] == [2, 2, 2]


@pytest.mark.parametrize("error", [Hopeless("never"), BrokerRefused("it", "no")])
def test_what_is_lasting_is_tried_once(error: Exception) -> None:
    came, over = run(tried(Script((2, error))))
    assert (came.answer, came.error, len(came.attempts), over) == (None, error, 1, 2)


def test_each_attempt_has_its_time() -> None:
    came, over = run(tried(Script(*[(60, None)] * 3)))
    assert [each.reason for each in came.attempts] == ["it did not end within 10 s"] * 3
    assert (came.answer, came.late, over) == (None, False, 10 + 1 + 10 + 2 + 10)


def test_a_timeout_of_the_handlers_own_is_told_as_such() -> None:
    came, _ = run(tried(Script((1, TimeoutError("the desk")), (0, None))))
    assert came.attempts[0].reason == "TimeoutError: the desk"


def test_what_is_late_already_is_not_begun() -> None:
    script = Script()
    came, over = run(tried(script, left=-1))
    assert (came, over, script.spans) == (Tried(None, (), None, late=True), 0, [])


def test_an_attempt_ends_when_its_task_is_due() -> None:
    came, over = run(tried(Script((60, None)), left=3))
    assert (came.answer, came.late, over) == (None, True, 3)
    assert [each.reason for each in came.attempts] == ["it did not end within 3 s"]


def test_no_pause_is_made_behind_which_there_is_no_time() -> None:
    came, over = run(tried(Script((2, RuntimeError("no")), (2, RuntimeError("no"))), left=6))
    assert (came.late, len(came.attempts), over) == (True, 2, 2 + 1 + 2)
    assert came.reason == "RuntimeError: no"


def test_what_waited_for_room_until_it_was_due_is_not_begun() -> None:
    @asynccontextmanager
    async def crowded() -> Any:
        await asyncio.sleep(5)
        yield

    script = Script()
    came = run(attempt(script, PATIENCE, crowded(), 5))
    assert (came.late, came.attempts, script.spans) == (True, (), [])


_SECONDS = st.integers(0, 24)  # half seconds, so that sums are exact
_CALLS = st.lists(st.tuples(_SECONDS, st.sampled_from(["passes", "lasts", None])), max_size=6)
_ERRORS = {"passes": RuntimeError("no"), "lasts": Hopeless("never"), None: None}


@given(_CALLS, st.integers(-2, 60), st.integers(1, 4), st.integers(1, 16))
def test_nothing_begins_goes_on_or_is_waited_for_when_the_task_is_due(
    calls: list[tuple[int, str | None]], half_seconds: int, attempts: int, limit: int
) -> None:
    left = half_seconds / 2
    patience = Patience(attempts=attempts, seconds=limit / 2, first_pause=0.5, longest_pause=2)
    script = Script(*[(seconds / 2, _ERRORS[kind]) for seconds, kind in calls])
    came, over = run(tried(script, left, patience))
    assert over <= max(0, left)
    assert all(began < left and ended - began <= patience.seconds for began, ended in script.spans)
    assert len(script.spans) == len(came.attempts) <= attempts
    without, _ = run(tried(Script(*[(seconds / 2, _ERRORS[kind]) for seconds, kind in calls]), math.inf, patience))
    if came.late:
        assert came.answer is None
        assert len(came.attempts) <= len(without.attempts)
    else:
        assert (came.answer, came.attempts) == (without.answer, without.attempts)  # one that was kept changes nothing
