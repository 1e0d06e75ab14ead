"""What came of one beginning, as a tree: each task stands below the one that it follows from. Pure.

Every task stands there once, whatever its receipts say of one another: where they lead in a circle, it is cut at the
oldest, which says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from omni_assets.agents.task_receipt import TaskReceipt


class How(StrEnum):
    """How a task follows from the one above it."""

    BEGINNING = "beginning"
    RESULT = "result"
    DUPLICATE = "duplicate"
    REQUEUE = "requeue"
    REPLAY = "replay"
    ANSWER = "answer"
    CIRCLE = "circle"


IN_WORDS = {
    How.REQUEUE: "its dead letter, sent again",
    How.REPLAY: "the same in a replay",
    How.ANSWER: "the answer to its question",
    How.CIRCLE: "part of a circle, which is cut here",
}
"""What is said of a task beside what stands above it; nothing where its outcome or its event says it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What of a task says where it stands: ids of tasks, of its event and of its ``results``' events, and of the
    approval that it ``asks`` for or ``answers``."""

    id: str
    event_id: str
    results: Sequence[str] = ()
    duplicate_of: str | None = None
    requeue_of: str | None = None
    replay_of: str | None = None
    asks: str | None = None
    answers: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a task stands: ``depth`` steps below a beginning, and ``parent`` the id of the one above it."""

    id: str
    depth: int
    parent: str | None
    how: How


@dataclass(frozen=True, slots=True)
class Link:
    """A task in its chain: ``depth`` steps below a beginning, and ``parent`` the id of the one above it."""

    receipt: TaskReceipt
    depth: int
    parent: str | None
    how: How


def chained(receipts: Sequence[TaskReceipt]) -> tuple[Link, ...]:
    """The links of receipts that belong together, each behind the one above it; those side by side in the order given.

    Receipts have ids of their own.
    """
    known = {each.id: each for each in receipts}
    return tuple(Link(known[each.id], each.depth, each.parent, each.how) for each in placed([*map(_step, receipts)]))


def placed(steps: Sequence[Step]) -> tuple[Place, ...]:
    """Where steps that belong together stand, each behind the one above it; those side by side in the order given.

    Steps have ids of their own.
    """
    above = _parents(steps)
    below: defaultdict[str, list[tuple[str, How]]] = defaultdict(list)
    beginnings: list[str] = []
    for each in steps:
        if each.id in above:
            parent, how = above[each.id]
            below[parent].append((each.id, how))
        else:
            beginnings.append(each.id)
    places: list[Place] = []
    there: set[str] = set()

    def place(first: str, first_how: How) -> None:
        waiting: list[Place] = [Place(first, 0, None, first_how)]
        while waiting:
            now = waiting.pop()
            if now.id in there:
                continue
            there.add(now.id)
            places.append(now)
            found = below[now.id]
            waiting += [Place(each, now.depth + 1, now.id, how) for each, how in reversed(found)]

    for beginning in beginnings:
        place(beginning, How.BEGINNING)
    for each in steps:
        if each.id not in there:
            place(each.id, How.CIRCLE)
    return tuple(places)


def _step(receipt: TaskReceipt) -> Step:
    approval = receipt.approval
    return Step(
        receipt.id,
        receipt.event_id,
        tuple(each.event_id for each in receipt.results),
        receipt.duplicate_of,
        receipt.requeue_of,
        receipt.replay_of,
        asks=approval.id if approval and approval.answer is None else None,
        answers=approval.id if approval and approval.answer else None,
    )


def _parents(steps: Sequence[Step]) -> Mapping[str, tuple[str, How]]:
    """What each task follows from, of those that are there: the nearest reason counts."""
    known = {each.id for each in steps}
    asked = {each.asks: each.id for each in steps if each.asks is not None}
    said: dict[str, str] = {}
    for each in steps:
        for event_id in each.results:
            said.setdefault(event_id, each.id)
    reasons: tuple[tuple[How, Callable[[Step], str | None]], ...] = (
        (How.REPLAY, lambda each: each.replay_of),
        (How.REQUEUE, lambda each: each.requeue_of),
        (How.ANSWER, lambda each: None if each.answers is None else asked.get(each.answers)),
        (How.DUPLICATE, lambda each: each.duplicate_of),
        (How.RESULT, lambda each: said.get(each.event_id)),
    )
    found: dict[str, tuple[str, How]] = {}
    for each in steps:
        for how, reason in reasons:
            parent = reason(each)
            if parent in known and parent != each.id:
                found[each.id] = (parent, how)
                break
    return found
