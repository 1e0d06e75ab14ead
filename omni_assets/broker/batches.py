"""Many questions in few requests: batches, few of them at a time, with an answer or an error for each key."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from threading import Thread
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

from confluent_kafka import KafkaException

from omni_assets.broker.codes import NOT_ASKED, TIMED_OUT, topic_error
from omni_assets.broker.topics import TopicError

Key = TypeVar("Key")
Answer = TypeVar("Answer")
_Answer_co = TypeVar("_Answer_co", covariant=True)


class Pending(Protocol[_Answer_co]):
    """An answer that may not be there yet: a future, as far as it is needed here."""

    def result(self, timeout: float | None = None) -> _Answer_co:
        """The answer, waited for ``timeout`` seconds at most, or without an end. Raises what the client raises."""


def as_it_is(answer: Any) -> Any:
    """The answer itself, where there is nothing to read out of it."""
    return answer


@dataclass(frozen=True, slots=True)
class Batches(Generic[Key, Answer]):
    """How keys are asked for.

    ``ask`` sends one request for at most ``size`` keys and returns one future for each, in their order; at most
    ``in_flight`` requests are open at a time, and each is waited for until ``seconds`` after it was sent. ``read``
    makes an answer or an error of what a future holds.
    """

    ask: Callable[[Sequence[Key]], Sequence[Pending[Any]]]
    size: int
    in_flight: int
    seconds: float
    read: Callable[[Any], Answer | TopicError] = as_it_is

    def answers(self, keys: Sequence[Key]) -> Iterator[tuple[Key, Answer | TopicError]]:
        """Each key with its answer, or with why there is none.

        The first requests are sent before this returns and the others as answers are taken, so that several questions
        can be under way together. When as many requests in a row as are in flight got no answer at all, the rest is
        not sent any more: a broker that has stopped answering costs one or two waits, however many keys there are.
        """
        asking = _Asking(self, deque(keys[start : start + self.size] for start in range(0, len(keys), self.size)))
        asking.send()
        return asking.taken()


@dataclass(slots=True)
class _Asking(Generic[Key, Answer]):
    """Keys that are being asked for: batches that were not sent yet, and requests that are open."""

    how: Batches[Key, Answer]
    unsent: deque[Sequence[Key]]
    sent: deque[tuple[Sequence[Key], Sequence[Pending[Any] | TopicError], float]] = field(default_factory=deque)

    def send(self) -> None:
        """Send as much as may be open at a time."""
        while self.unsent and len(self.sent) < self.how.in_flight:
            batch = self.unsent.popleft()
            self.sent.append((batch, self._request(batch), monotonic() + self.how.seconds))

    def taken(self) -> Iterator[tuple[Key, Answer | TopicError]]:
        silent = 0
        while self.sent:
            batch, futures, deadline = self.sent.popleft()
            answered = False
            for key, future in zip(batch, futures, strict=True):
                answer = self._answer(future, deadline)
                answered = answered or not (isinstance(answer, TopicError) and answer.silent)
                yield key, answer
            silent = 0 if answered else silent + 1
            if silent < self.how.in_flight:
                self.send()
        yield from ((key, NOT_ASKED) for batch in self.unsent for key in batch)

    def _request(self, batch: Sequence[Key]) -> Sequence[Pending[Any] | TopicError]:
        try:
            return self.how.ask(batch)
        except KafkaException as error:
            return [topic_error(error.args[0])] * len(batch)
        except (TypeError, ValueError) as error:
            return [TopicError("_INVALID_ARG", f"not a request that the client accepts: {error}")] * len(batch)

    def _answer(self, future: Pending[Any] | TopicError, deadline: float) -> Answer | TopicError:
        if isinstance(future, TopicError):
            return future
        try:
            return self.how.read(future.result(max(0.0, deadline - monotonic())))
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
