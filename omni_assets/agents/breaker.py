"""A worker stops before it floods the topic of dead letters: where nearly every task ends there, it is not the tasks
that are wrong.

Its state follows from how a node's tasks ended, in their order. So whoever begins anew knows from the ledger that it
opened: then a few letters open it again, and one task that is done closes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from omni_assets.agents.task_receipt import TaskOutcome
from omni_assets.errors import DeadLettersHeld
from omni_assets.settings import BreakerSettings

TRIED = 3
"""Dead letters that open it again, before any task was done."""

_IS_LETTER = {TaskOutcome.DONE: False, TaskOutcome.WAITING: False, TaskOutcome.DEAD_LETTERED: True}
"""What an outcome says; those that are not here say nothing."""


@dataclass(frozen=True, slots=True)
class Closed:
    """``recent`` says of each of the latest tasks whether it ended as a dead letter, oldest first."""

    recent: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """It opened, and after that so many tasks ended as dead letters, and none was done."""

    tried: int = 0


State: TypeAlias = Closed | Opened


def after(state: State, outcome: TaskOutcome, limits: BreakerSettings) -> State:
    """The state behind one more task. ``Opened(0)`` says that it is this one which opens it."""
    letter = _IS_LETTER.get(outcome)
    if letter is None:
        return state
    if isinstance(state, Opened):
        return Opened((state.tried + 1) % min(TRIED, limits.least)) if letter else Closed()
    recent = (*state.recent, letter)[-limits.window :]
    return Opened() if letter and _is_flood(recent, limits) else Closed(recent)


def _is_flood(recent: tuple[bool, ...], limits: BreakerSettings) -> bool:
    letters = sum(recent)
    return letters >= limits.least and letters >= limits.share * len(recent)


class Breaker:
    """That of one worker of a node. It is used in one thread."""

    def __init__(self, node: str, limits: BreakerSettings) -> None:
        self._node = node
        self._limits = limits
        self._told: State = Closed()
        self._state: State = Closed()
        self._written = 0
        self._held: DeadLettersHeld | None = None

    @contextmanager
    def around(self, outcome: TaskOutcome) -> Iterator[None]:
        """Around the end of a task. Raises ``DeadLettersHeld``: behind the letter that opens it, and before any other
        one, which is not to be written.
        """
        if self._held is not None and outcome is TaskOutcome.DEAD_LETTERED:
            raise self._held
        yield
        if self._held is not None:
            return
        self._state = after(self._state, outcome, self._limits)
        self._written += outcome is TaskOutcome.DEAD_LETTERED
        if outcome is TaskOutcome.DEAD_LETTERED and self._state == Opened(0):
            self._held = DeadLettersHeld(self._node, self._written)
            raise self._held

    def recall(self, outcomes: Iterable[TaskOutcome], hidden: Iterable[TaskOutcome] = ()) -> None:
        """How the node's tasks ended since it was last told, whoever worked on them, oldest first; then those ends that
        may be told again, or taken back.
        """
        self._told = self._behind(self._told, outcomes)
        self._state = self._behind(self._told, hidden)

    def _behind(self, state: State, outcomes: Iterable[TaskOutcome]) -> State:
        for outcome in outcomes:
            state = after(state, outcome, self._limits)
        return state
