"""A worker stops before it floods the topic of dead letters."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.breaker import TRIED, Breaker, Closed, Opened, State, after
from omni_assets.agents.task_receipt import TaskOutcome
from omni_assets.errors import DeadLettersHeld
from omni_assets.settings import BreakerSettings

DONE, LETTER, DUPLICATE, FAILED = (
    TaskOutcome.DONE,
    TaskOutcome.DEAD_LETTERED,
    TaskOutcome.DUPLICATE,
    TaskOutcome.FAILED,
)
LIMITS = BreakerSettings(window=10, share=0.5, least=4)
OUTCOMES = st.lists(st.sampled_from(TaskOutcome), max_size=60)


def folded(outcomes: Iterable[TaskOutcome], limits: BreakerSettings = LIMITS) -> State:
    state: State = Closed()
    for outcome in outcomes:
        state = after(state, outcome, limits)
    return state


def written(breaker: Breaker, outcomes: Iterable[TaskOutcome]) -> list[TaskOutcome]:
    """What a worker writes until it is stopped."""
    found: list[TaskOutcome] = []
    for outcome in outcomes:
        try:
            with breaker.around(outcome):
                found.append(outcome)
        except DeadLettersHeld:
            return found
    return found


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([LETTER] * 3, Closed((True,) * 3)),
        ([LETTER] * 4, Opened()),
        ([DONE] * 5 + [LETTER] * 4, Closed((False,) * 5 + (True,) * 4)),  # 4 of 9 are no half
        ([DONE] * 5 + [LETTER] * 5, Opened()),
        ([DONE] * 50 + [LETTER] * 5, Opened()),  # those before the window are forgotten
        ([LETTER, DUPLICATE, FAILED] * 3, Closed((True,) * 3)),
        ([LETTER] * 5, Opened(1)),
        ([LETTER] * (4 + TRIED), Opened()),
        ([LETTER] * 5 + [DONE], Closed()),
        ([LETTER] * 5 + [DONE] + [LETTER] * 3, Closed((True,) * 3)),
    ],
)
def test_it_opens_for_a_share_of_letters_and_their_number(outcomes: list[TaskOutcome], state: State) -> None:
    assert folded(outcomes) == state


def test_the_letter_that_opens_it_is_written_and_no_other() -> None:
    breaker = Breaker("echo", LIMITS)
    assert written(breaker, [LETTER] * 9) == [LETTER] * 4
    assert written(breaker, [DONE, DUPLICATE, FAILED, LETTER, DONE]) == [DONE, DUPLICATE, FAILED]
    with pytest.raises(DeadLettersHeld, match="`echo` stopped behind 4 dead letters"), breaker.around(LETTER):
        raise AssertionError


def test_the_next_worker_tries_a_few_and_one_that_is_done_closes_it() -> None:
    after_flood = [LETTER] * 4
    breaker = Breaker("echo", LIMITS)
    breaker.recall(after_flood)
    assert written(breaker, [LETTER] * 9) == [LETTER] * TRIED
    mended = Breaker("echo", LIMITS)
    mended.recall(after_flood + [LETTER] * TRIED)
    assert len(written(mended, [DONE, *[LETTER] * 3, *[DONE] * 9])) == 13


def test_one_that_is_never_to_open_never_does() -> None:
    assert len(written(Breaker("echo", BreakerSettings(window=10, least=11)), [LETTER] * 500)) == 500


@given(OUTCOMES, st.integers(0, 60))
def test_whoever_takes_over_goes_on_from_the_ledger(outcomes: list[TaskOutcome], number: int) -> None:
    alone, first, second = (Breaker("echo", LIMITS) for _ in range(3))
    ledger = written(first, outcomes[:number])
    if len(ledger) == len(outcomes[:number]) and folded(ledger) != Opened():
        second.recall(ledger)
        assert ledger + written(second, outcomes[number:]) == written(alone, outcomes)
    else:
        assert ledger == written(alone, outcomes)[: len(ledger)]


@given(OUTCOMES, OUTCOMES, OUTCOMES)
def test_what_was_hidden_counts_until_it_is_told_or_taken_back(
    outcomes: list[TaskOutcome], hidden: list[TaskOutcome], more: list[TaskOutcome]
) -> None:
    one, other = Breaker("echo", LIMITS), Breaker("echo", LIMITS)
    one.recall(outcomes, hidden)
    other.recall([*outcomes, *hidden])
    assert written(one, more) == written(other, more)
    one.recall(hidden)
    other.recall(())
    assert written(one, more) == written(other, more)


@given(st.lists(OUTCOMES, max_size=6), st.integers(1, 12), st.integers(1, 12), st.floats(0, 1))
def test_no_worker_writes_more_letters_in_a_row_than_open_it(
    lives: list[list[TaskOutcome]], window: int, least: int, share: float
) -> None:
    """However often it is started again: after a flood each start adds so few, and what is done is never held back."""
    limits = BreakerSettings(window=window, share=share, least=least)
    ledger: list[TaskOutcome] = []
    for life in lives:
        flooded = isinstance(folded(ledger, limits), Opened)
        breaker = Breaker("echo", limits)
        breaker.recall(ledger)
        wrote = written(breaker, life)
        row = longest_row(wrote)
        if least <= window:
            assert row <= max(window, least, TRIED)
        if flooded and DONE not in wrote and TaskOutcome.WAITING not in wrote:
            assert wrote.count(LETTER) <= min(TRIED, least)
        assert len(wrote) == len(life) or wrote[-1] is LETTER
        ledger += wrote


def longest_row(outcomes: Iterable[TaskOutcome]) -> int:
    longest = row = 0
    for outcome in outcomes:
        row = row + 1 if outcome is LETTER else row if outcome in (DUPLICATE, FAILED) else 0
        longest = max(longest, row)
    return longest


def test_of_those_that_end_side_by_side_none_slips_through() -> None:
    breaker, wrote = Breaker("echo", LIMITS), []

    async def one() -> None:
        await asyncio.sleep(0)
        with breaker.around(LETTER):
            wrote.append(LETTER)

    async def all_at_once() -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(one())

    with pytest.raises(ExceptionGroup):
        asyncio.run(all_at_once())
    assert len(wrote) == 4
