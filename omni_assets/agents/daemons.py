"""Calls in threads that no end of a process waits for: a function that hangs holds up its own call and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import ParamSpec, TypeAlias, TypeVar

_P = ParamSpec("_P")
_Answer = TypeVar("_Answer")

_Calls: TypeAlias = SimpleQueue[Callable[[], None]]

THREAD = "omni-handler"
"""The name of such a thread."""

_REST_SECONDS = 1.0


class Daemons(Executor):
    """A thread for each call that runs; one whose call ended takes another, or ends after a second without any. How
    many run at once is the caller's to bound.
    """

    def __init__(self) -> None:
        self._resting: list[_Calls] = []
        self._lock = Lock()

    def submit(self, fn: Callable[_P, _Answer], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_Answer]:
        """Begin the call; the future has what comes of it."""
        future: Future[_Answer] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                answer = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - it is the caller's, who has the future
                future.set_exception(error)
            else:
                future.set_result(answer)

        with self._lock:
            calls = self._resting.pop() if self._resting else self._one_more()
        calls.put(run)
        return future

    def _one_more(self) -> _Calls:
        calls: _Calls = SimpleQueue()
        Thread(target=self._attend, args=(calls,), name=THREAD, daemon=True).start()
        return calls

    def _attend(self, calls: _Calls) -> None:
        while (call := self._next(calls)) is not None:
            call()
            with self._lock:
                self._resting.append(calls)

    def _next(self, calls: _Calls) -> Callable[[], None] | None:
        """The next call of a thread; ``None`` where none came, and none can come any more."""
        try:
            return calls.get(timeout=_REST_SECONDS)
        except Empty:
            with self._lock:
                if calls in self._resting:
                    self._resting.remove(calls)
                    return None
            return calls.get()
