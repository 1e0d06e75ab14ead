"""What a sensor remembers of what it tried."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.pipeline.topics.attempts import FIRST_PAUSE, LONGEST_PAUSE, Attempt, Attempts, dump, parse

TOPICS = st.sampled_from(["a", "b", "c"])
TIMES = st.floats(min_value=0, max_value=2e9)
ATTEMPTS = st.builds(
    Attempts, st.dictionaries(TOPICS, st.builds(Attempt, st.integers(min_value=1, max_value=10_000), TIMES))
)


def test_a_topic_that_was_never_tried_is_due() -> None:
    assert Attempts().waits_until(["a"], now=0) is None


def test_a_topic_that_was_tried_waits_ever_longer() -> None:
    attempts, now, pauses = Attempts(), 1_000.0, []
    for _ in range(9):
        attempts = attempts.tried(["a"], now)
        due_at = attempts.waits_until(["a"], now)
        assert due_at is not None
        assert attempts.waits_until(["a"], due_at - 1) == due_at
        assert attempts.waits_until(["a"], due_at) is None
        pauses.append(due_at - now)
        now = due_at
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


def test_another_topic_does_not_wait_for_one_that_cannot_be_created() -> None:
    attempts = Attempts().tried(["a"], 100.0)
    assert attempts.waits_until(["a"], 101.0) is not None
    assert attempts.waits_until(["a", "b"], 101.0) is None


def test_a_topic_that_is_there_again_is_forgotten() -> None:
    attempts = Attempts().tried(["a", "b"], 100.0).only(["b"])
    assert attempts.waits_until(["a"], 101.0) is None
    assert attempts.waits_until(["b"], 101.0) is not None


def test_a_clock_that_was_set_back_does_not_silence_it() -> None:
    assert Attempts().tried(["a"], 1e9).waits_until(["a"], 100.0) is None


@pytest.mark.parametrize("cursor", [None, "", "nonsense", "[]", '{"a": 1}', '{"a": ["x", "y"]}', '{"a": [1]}', "3"])
def test_a_cursor_that_cannot_be_read_is_an_empty_one(cursor: str | None) -> None:
    assert parse(cursor) == Attempts()


@given(ATTEMPTS)
def test_a_cursor_is_read_back(attempts: Attempts) -> None:
    assert parse(dump(attempts)) == attempts


@given(ATTEMPTS, TIMES)
def test_what_waits_is_due_at_its_time(attempts: Attempts, now: float) -> None:
    for name in attempts.by_name:
        due_at = attempts.waits_until([name], now)
        assert due_at is None or now < due_at <= now + LONGEST_PAUSE
        assert attempts.waits_until([name], due_at or now) is None
