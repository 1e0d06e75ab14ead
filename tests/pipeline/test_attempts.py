"""What the sensor remembers of topics that it tried to have created."""

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
    assert Attempts().due(["a"], now=0) == ("a",)


def test_a_topic_that_was_tried_waits_ever_longer() -> None:
    attempts, now, pauses = Attempts(), 1_000.0, []
    for _ in range(9):
        attempts = attempts.tried(["a"], now)
        due_at = attempts.next_at(["a"])
        assert due_at is not None
        assert attempts.due(["a"], due_at - 1) == ()
        assert attempts.due(["a"], due_at) == ("a",)
        pauses.append(due_at - now)
        now = due_at
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE


def test_another_topic_does_not_wait_for_one_that_cannot_be_created() -> None:
    attempts = Attempts().tried(["a"], 100.0)
    assert attempts.due(["a", "b"], 101.0) == ("b",)


def test_a_topic_that_is_there_again_is_forgotten() -> None:
    attempts = Attempts().tried(["a", "b"], 100.0).only(["b"])
    assert attempts.due(["a", "b"], 101.0) == ("a",)


def test_a_clock_that_was_set_back_does_not_silence_it() -> None:
    assert Attempts().tried(["a"], 1e9).due(["a"], 100.0) == ("a",)


@pytest.mark.parametrize("cursor", [None, "", "nonsense", "[]", '{"a": 1}', '{"a": ["x", "y"]}', '{"a": [1]}', "3"])
def test_a_cursor_that_cannot_be_read_is_an_empty_one(cursor: str | None) -> None:
    assert parse(cursor) == Attempts()


@given(ATTEMPTS)
def test_a_cursor_is_read_back(attempts: Attempts) -> None:
    assert parse(dump(attempts)) == attempts


@given(ATTEMPTS, TIMES)
def test_what_waits_is_due_at_its_time(attempts: Attempts, now: float) -> None:
    for topic in attempts.by_topic:
        due_at = attempts.next_at([topic])
        assert due_at is not None
        assert topic in attempts.due([topic], max(now, due_at))
