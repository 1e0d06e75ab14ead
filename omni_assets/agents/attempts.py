"""A call that is tried again: so often, with growing pauses, each within its time and all before the task is due."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar

from omni_assets.agents.task_receipt import TaskAttempt
from omni_assets.contracts.text import visible
from omni_assets.credentials import redacted
from omni_assets.errors import OmniError
from omni_assets.telemetry import conventions as names
from omni_assets.telemetry import signals

_Answer = TypeVar("_Answer")

_MOST_OF_A_REASON, _MOST_LOOKED_AT = 500, 5_000


class Setback(Exception):
    """Raised by a handler: this task cannot be done now. ``str()`` says why, as a clause."""


class Hopeless(Setback):
    """Raised by a handler: this task cannot be done, however often it is tried."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a task is tried, how long each time, and with which pauses between, in seconds: they double."""

    attempts: int = 3
    seconds: float = 300.0
    first_pause: float = 0.5
    longest_pause: float = 30.0

    def pause(self, attempt: int) -> float:
        """The pause behind an attempt, in seconds; attempts count from 1."""
        return min(self.longest_pause, self.first_pause * 2.0 ** (attempt - 1))


@dataclass(frozen=True, slots=True)
class Tried(Generic[_Answer]):
    """What came of the attempts. ``answer`` is ``None`` where all failed; ``error`` is the last one's then. ``late``
    says that there was no time for a further one.
    """

    answer: _Answer | None
    attempts: tuple[TaskAttempt, ...]
    error: Exception | None = None
    late: bool = False

    @property
    def reason(self) -> str:
        """Why the last attempt failed, as a clause; empty where none did."""
        return self.attempts[-1].reason if self.attempts else ""


async def attempt(
    call: Callable[[], Awaitable[_Answer]],
    patience: Patience,
    room: AbstractAsyncContextManager[object],
    left: float = math.inf,
) -> Tried[_Answer]:
    """Call until it succeeds, raises ``Hopeless`` or an error that is lasting, or patience or what is ``left`` ends, in
    seconds: no call begins, goes on or is waited for after that.

    ``room`` is held while a call runs, and not during pauses: whoever waits keeps nobody else from working. Raises
    nothing but ``CancelledError``.
    """
    clock = asyncio.get_running_loop().time
    due = clock() + left
    attempts: list[TaskAttempt] = []
    failed: Exception | None = None
    while True:
        async with room:
            began = clock()
            if began >= due:
                return Tried(None, tuple(attempts), failed, late=True)
            try:
                with signals.span("attempt", attributes={names.ATTEMPT: len(attempts) + 1}):
                    async with asyncio.timeout_at(min(began + patience.seconds, due)) as limit:
                        answer = await call()
            except Exception as error:  # noqa: BLE001 - one task stops no other
                failed, ended = error, clock()
                cut = limit.expired() and due <= began + patience.seconds
                reason = _reason(error, limit.expired(), min(patience.seconds, due - began))
                attempts.append(TaskAttempt(number=len(attempts) + 1, seconds=ended - began, reason=reason))
            else:
                last = TaskAttempt(number=len(attempts) + 1, seconds=clock() - began)
                return Tried(answer, (*attempts, last))
        if cut:
            return Tried(None, tuple(attempts), failed, late=True)
        if len(attempts) >= patience.attempts or not _may_pass(failed):
            return Tried(None, tuple(attempts), failed)
        pause = patience.pause(len(attempts))
        if ended + pause >= due:
            return Tried(None, tuple(attempts), failed, late=True)
        await asyncio.sleep(pause)


def words_of(error: BaseException) -> str:
    """What an exception says, at most 500 characters and without a secret of this process: it goes into receipts.

    Empty where it says nothing, or fails at it.
    """
    try:
        return visible(redacted(str(error)[:_MOST_LOOKED_AT])[:_MOST_OF_A_REASON])
    except Exception:  # noqa: BLE001 - it is anybody's
        return ""


def _reason(error: Exception, timed_out: bool, seconds: float) -> str:
    if timed_out:
        return f"it did not end within {seconds:.3g} s"
    words = words_of(error)
    return words if isinstance(error, Setback | OmniError) else f"{type(error).__name__}: {words}".removesuffix(": ")


def _may_pass(error: Exception) -> bool:
    if isinstance(error, OmniError):
        return error.transient
    return not isinstance(error, Hopeless)
