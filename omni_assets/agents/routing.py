"""The router as a node of its own: tasks that say their class come in, and what was decided, and answered, goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Handle, Handled, Said, read_task
from omni_assets.agents.task_context import TaskContext
from omni_assets.contracts.handling import ANSWER, FAILURE
from omni_assets.router.receipt import Receipt
from omni_assets.router.runtime import Router

DECISION = "scoring-decision"
"""The event that tells of a decision, where there is a topic for it."""


@dataclass(frozen=True, slots=True)
class RoutingTopics:
    """Where a router says what. ``decision`` may be empty."""

    answer: str
    failure: str
    decision: str = ""


def routing_topics(published: Mapping[str, str]) -> RoutingTopics:
    """The topics of a router, of those that its node publishes: names by their events. Raises ``KeyError`` with the
    event that is missing."""
    return RoutingTopics(published[ANSWER], published[FAILURE], published.get(DECISION, ""))


def router_handler(router: Router, topics: RoutingTopics) -> Handle:
    """The router, for tasks of any class: an event's data are the fields of a task. That no model could do one is an
    answer too, and no failure of the router's own task."""

    async def handle(event: Event, _: TaskContext) -> Handled:
        done = await router.run(read_task(event))
        receipt = done.receipt
        decided = (Said(_decision(receipt), topics.decision),) if topics.decision else ()
        if done.text is None:
            failure = {"task_id": receipt.task_id, "reason": receipt.failure or receipt.decision}
            return Handled((*decided, Said(failure, topics.failure)), receipt)
        answer = {"task_id": receipt.task_id, "text": done.text, "model": receipt.model}
        return Handled((*decided, Said(answer, topics.answer)), receipt)

    return handle


def _decision(receipt: Receipt) -> dict[str, Any]:
    return {
        "task_id": receipt.task_id,
        "task_class": receipt.task_class,
        "decision": receipt.decision,
        "candidates": [each.model_dump(mode="json") for each in receipt.candidates],
        "skipped": [each.model_dump(mode="json") for each in receipt.skipped],
    }
