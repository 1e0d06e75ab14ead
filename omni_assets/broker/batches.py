"""Many questions in few requests: batches, few of them at a time, with an answer or an error for each key."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from threading import Thread
from time import monotonic
from typing import Generic, Protocol, TypeVar

from confluent_kafka import KafkaException

from omni_assets.broker.codes import NOT_ASKED, TIMED_OUT, topic_error
from omni_assets.broker.topics import TopicError

Key = TypeVar("Key")
Answer = TypeVar("Answer")
_Answer_co = TypeVar("_Answer_co", covariant=True)


class Pending(Protocol[_Answer_co]):
    """An answer that may not be there yet: a future, as far as it is needed here."""

    def result(self, timeout: float | None = None) -> _Answer_co: ...


@dataclass(frozen=True, slots=True)
class Batches(Generic[Key, Answer]):
    """How keys are asked for.

    ``ask`` sends one request for at most ``size`` keys and returns one future for each, in their order; at most
    ``in_flight`` requests are open at a time, and each is waited for until ``seconds`` after it was sent.
    """

    ask: Callable[[Sequence[Key]], Sequence[Pending[Answer]]]
    size: int
    in_flight: int
    seconds: float

    def answers(self, keys: Sequence[Key]) -> Iterator[tuple[Key, Answer | TopicError]]:
        """Each key with its answer, or with why there is none.

        When as many requests in a row as are in flight got no answer at all, the rest is not sent any more: a broker
        that has stopped answering costs one or two waits, however many keys there are.
        """
        batches = deque(keys[start : start + self.size] for start in range(0, len(keys), self.size))
        waiting: deque[tuple[Sequence[Key], Sequence[Pending[Answer] | TopicError], float]] = deque()
        silent = 0
        while batches or waiting:
            while batches and len(waiting) < self.in_flight and silent < self.in_flight:
                batch = batches.popleft()
                waiting.append((batch, self._asked(batch), monotonic() + self.seconds))
            if not waiting:
                yield from ((key, NOT_ASKED) for key in batches.popleft())
                continue
            batch, futures, deadline = waiting.popleft()
            answered = False
            for key, future in zip(batch, futures, strict=True):
                answer = _answer(future, deadline)
                answered = answered or not (isinstance(answer, TopicError) and answer.silent)
                yield key, answer
            silent = 0 if answered else silent + 1

    def _asked(self, batch: Sequence[Key]) -> Sequence[Pending[Answer] | TopicError]:
        try:
            return self.ask(batch)
        except KafkaException as error:
            return [topic_error(error.args[0])] * len(batch)
        except (TypeError, ValueError) as error:
            return [TopicError("_INVALID_ARG", f"not a request that the client accepts: {error}")] * len(batch)


def _answer(future: Pending[Answer] | TopicError, deadline: float) -> Answer | TopicError:
    if isinstance(future, TopicError):
        return future
    try:
        return future.result(max(0.0, deadline - monotonic()))
    except KafkaException as error:
        return topic_error(error.args[0])
    except FutureTimeout:
        return TIMED_OUT


def in_thread(call: Callable[[], Answer]) -> Future[Answer]:
    """A blocking call as a future, so that Ctrl-C ends the wait for it. The call itself must be bounded in time."""
    future: Future[Answer] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            future.set_exception(error)

    Thread(target=run, name="omni-broker-call", daemon=True).start()
    return future
