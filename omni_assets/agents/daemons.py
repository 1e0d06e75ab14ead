"""Calls in threads that no end of a process waits for: a function that hangs holds up its own call and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from threading import Thread
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_Answer = TypeVar("_Answer")


class Daemons(Executor):
    """A thread for each call. How many run at once is the caller's to bound."""

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

        Thread(target=run, name="omni-handler", daemon=True).start()
        return future
