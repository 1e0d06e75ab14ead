from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future

import pytest
from confluent_kafka import KafkaError, KafkaException

from omni_assets.broker.batches import Batches, in_thread
from omni_assets.broker.codes import NOT_ASKED, TIMED_OUT
from omni_assets.broker.topics import TopicError


def answered(value: int) -> Future[int]:
    future: Future[int] = Future()
    future.set_result(value)
    return future


def failed(error: Exception) -> Future[int]:
    future: Future[int] = Future()
    future.set_exception(error)
    return future


def test_every_key_is_answered_in_order_from_bounded_batches() -> None:
    batches: list[int] = []

    def ask(keys: Sequence[int]) -> list[Future[int]]:
        batches.append(len(keys))
        return [answered(key * 2) for key in keys]

    answers = list(Batches(ask, size=3, in_flight=2, seconds=1).answers(range(7)))
    assert answers == [(key, key * 2) for key in range(7)]
    assert batches == [3, 3, 1]


def test_no_more_requests_are_open_than_allowed() -> None:
    open_now: list[int] = []
    most = 0

    def ask(keys: Sequence[int]) -> list[Future[int]]:
        nonlocal most
        open_now.append(keys[0])
        most = max(most, len(open_now))
        return [answered(keys[0])]

    for key, _ in Batches(ask, size=1, in_flight=3, seconds=1).answers(range(20)):
        open_now.remove(key)
    assert most == 3


def test_the_first_requests_are_sent_at_once_and_the_others_as_answers_are_taken() -> None:
    sent: list[int] = []

    def ask(keys: Sequence[int]) -> list[Future[int]]:
        sent.extend(keys)
        return [answered(key) for key in keys]

    answers = Batches(ask, size=1, in_flight=3, seconds=1).answers(range(5))
    assert sent == [0, 1, 2]
    next(answers)
    next(answers)
    assert sent == [0, 1, 2, 3]
    assert list(answers) == [(2, 2), (3, 3), (4, 4)]
    assert sent == [0, 1, 2, 3, 4]


def test_an_answer_that_came_while_another_was_read_counts_after_its_deadline() -> None:
    answers = Batches(lambda keys: [answered(key) for key in keys], size=1, in_flight=1, seconds=0).answers([7])
    assert list(answers) == [(7, 7)]


def test_answers_are_kept_as_they_are_read_and_may_turn_out_to_be_none() -> None:
    asked: list[int] = []

    def ask(keys: Sequence[int]) -> list[Future[int]]:
        asked.extend(keys)
        return [answered(key) for key in keys]

    def read(answer: int) -> str | TopicError:
        return str(answer) if answer < 2 else TIMED_OUT

    answers = list(Batches(ask, size=1, in_flight=2, seconds=1, read=read).answers(range(9)))
    assert answers[:4] == [(0, "0"), (1, "1"), (2, TIMED_OUT), (3, TIMED_OUT)]
    assert answers[-1] == (8, NOT_ASKED)
    assert len(asked) < 9


def test_one_error_stays_with_its_key() -> None:
    refused = KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))

    def ask(keys: Sequence[int]) -> list[Future[int]]:
        return [failed(refused) if key == 1 else answered(key) for key in keys]

    answers = dict(Batches(ask, size=3, in_flight=1, seconds=1).answers(range(3)))
    assert answers == {0: 0, 1: TopicError("TOPIC_AUTHORIZATION_FAILED", "not authorised"), 2: 2}


@pytest.mark.parametrize(
    "error", [KafkaException(KafkaError(KafkaError._INVALID_ARG)), ValueError("x"), TypeError("x")]
)
def test_a_request_that_cannot_be_sent_fails_its_own_keys_only(error: Exception) -> None:
    def ask(keys: Sequence[int]) -> list[Future[int]]:
        if 0 in keys:
            raise error
        return [answered(key) for key in keys]

    answers = dict(Batches(ask, size=1, in_flight=1, seconds=1).answers(range(2)))
    assert isinstance(answers[0], TopicError)
    assert not answers[0].transient
    assert answers[1] == 1


def test_a_broker_that_stopped_answering_is_not_asked_for_ever() -> None:
    asked: list[int] = []

    def ask(keys: Sequence[int]) -> list[Future[int]]:
        asked.extend(keys)
        return [Future() for _ in keys]

    answers = dict(Batches(ask, size=1, in_flight=2, seconds=0.01).answers(range(100)))
    assert len(answers) == 100
    assert len(asked) < 5
    assert answers[0] == TIMED_OUT
    assert answers[99] == NOT_ASKED


def test_one_slow_batch_marks_just_its_keys() -> None:
    def ask(keys: Sequence[int]) -> list[Future[int]]:
        return [Future() if key == 0 else answered(key) for key in keys]

    answers = dict(Batches(ask, size=1, in_flight=2, seconds=0.01).answers(range(10)))
    assert answers == {0: TIMED_OUT} | {key: key for key in range(1, 10)}


def test_the_keys_of_one_request_share_one_deadline() -> None:
    patience: list[float] = []

    class Unanswered(Future[int]):
        def result(self, timeout: float | None = None) -> int:
            assert timeout is not None
            patience.append(timeout)
            return super().result(timeout)

    def ask(keys: Sequence[int]) -> list[Future[int]]:
        return [Unanswered() for _ in keys]

    answers = list(Batches(ask, size=50, in_flight=2, seconds=0.05).answers(range(100)))
    assert answers == [(key, TIMED_OUT) for key in range(100)]
    assert sum(patience) <= 2 * 0.05


def test_an_answer_that_came_in_time_counts_although_another_key_waited_to_the_deadline() -> None:
    def ask(keys: Sequence[int]) -> list[Future[int]]:
        return [Future() if key == 0 else answered(key) for key in keys]

    answers = list(Batches(ask, size=3, in_flight=1, seconds=0.01).answers(range(3)))
    assert answers == [(0, TIMED_OUT), (1, 1), (2, 2)]


def test_a_blocking_call_gives_its_result_or_its_error_and_leaves_no_thread() -> None:
    before = threading.active_count()
    assert in_thread(lambda: 3).result(5) == 3
    with pytest.raises(ZeroDivisionError):
        in_thread(lambda: 1 // 0).result(5)
    while threading.active_count() > before:
        time.sleep(0.001)
