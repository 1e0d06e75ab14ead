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
    above = _parents(receipts)
    below: defaultdict[str, list[tuple[TaskReceipt, How]]] = defaultdict(list)
    beginnings: list[TaskReceipt] = []
    for each in receipts:
        if each.id in above:
            parent, how = above[each.id]
            below[parent].append((each, how))
        else:
            beginnings.append(each)
    links: list[Link] = []
    placed: set[str] = set()

    def place(first: TaskReceipt, first_how: How) -> None:
        waiting: list[Link] = [Link(first, 0, None, first_how)]
        while waiting:
            link = waiting.pop()
            if link.receipt.id in placed:
                continue
            placed.add(link.receipt.id)
            links.append(link)
            found = below[link.receipt.id]
            waiting += [Link(each, link.depth + 1, link.receipt.id, how) for each, how in reversed(found)]

    for each in beginnings:
        place(each, How.BEGINNING)
    for each in receipts:
        if each.id not in placed:
            place(each, How.CIRCLE)
    return tuple(links)


def _parents(receipts: Sequence[TaskReceipt]) -> Mapping[str, tuple[str, How]]:
    """What each task follows from, of those that are there: the nearest reason counts."""
    known = {each.id for each in receipts}
    asked = {each.approval.id: each.id for each in receipts if each.approval and each.approval.answer is None}
    said: dict[str, str] = {}
    for each in receipts:
        for result in each.results:
            said.setdefault(result.event_id, each.id)
    reasons: tuple[tuple[How, Callable[[TaskReceipt], str | None]], ...] = (
        (How.REPLAY, lambda each: each.replay_of),
        (How.REQUEUE, lambda each: each.requeue_of),
        (How.ANSWER, lambda each: asked.get(each.approval.id) if each.approval and each.approval.answer else None),
        (How.DUPLICATE, lambda each: each.duplicate_of),
        (How.RESULT, lambda each: said.get(each.event_id)),
    )
    found: dict[str, tuple[str, How]] = {}
    for each in receipts:
        for how, reason in reasons:
            parent = reason(each)
            if parent in known and parent != each.id:
                found[each.id] = (parent, how)
                break
    return found
