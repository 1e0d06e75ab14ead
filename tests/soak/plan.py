"""What is done in a soak, one step after the other: pure, and the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random

LONGEST_PAUSE = 3.0
"""Most seconds between the end of a step and the next."""


class Action(StrEnum):
    """One thing that happens to the project, as the table at the end names it."""

    SUBMIT = "tasks submitted"
    DISTURB = "drift made by another client"
    CALM = "drift taken back by that client"
    RECONCILE = "reconcile run"
    LOOK = "drift looked at and projected"
    REPORT = "report written"
    KILL_WORKER = "worker killed"
    KILL_RECONCILE = "reconcile run killed"
    KILL_PROJECTOR = "projector killed"
    KILL_REPORT = "writer of the report killed"
    KILL_DAGSTER = "Dagster's daemon or UI killed"
    KILL_BROKER = "broker killed"
    RESTART_BROKER = "broker restarted"
    JUMP = "clock set"


DECK: Mapping[Action, int] = {
    Action.SUBMIT: 10,
    Action.DISTURB: 3,
    Action.CALM: 2,
    Action.RECONCILE: 1,
    Action.LOOK: 2,
    Action.REPORT: 1,
    Action.KILL_WORKER: 3,
    Action.KILL_RECONCILE: 1,
    Action.KILL_PROJECTOR: 2,
    Action.KILL_REPORT: 1,
    Action.KILL_DAGSTER: 1,
    Action.KILL_BROKER: 1,
    Action.RESTART_BROKER: 1,
    Action.JUMP: 2,
}
"""How often each comes before all have come and it begins anew."""


@dataclass(frozen=True, slots=True)
class Step:
    """An action after ``pause`` seconds. ``chance``, from 0 to 1, is for what the action leaves open: how many tasks,
    which topic, how long something lives before it is killed.
    """

    action: Action
    pause: float
    chance: float


def steps(seed: int) -> Iterator[Step]:
    """Steps without end: deck after deck, each in an order of its own."""
    random = Random(seed)
    while True:
        deck = [action for action, times in DECK.items() for _ in range(times)]
        random.shuffle(deck)
        for action in deck:
            yield Step(action, random.uniform(0, LONGEST_PAUSE), random.random())
