"""What the agents of the fleet do with a change: write it, test it, have a person review it."""

from __future__ import annotations

import json
from typing import Any

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said
from omni_assets.agents.task_context import TaskContext


def write(event: Event) -> Any:
    """The change that a plan is about; a plan without one is refused in its own words."""
    plan = json.loads(event.data)
    if "diff" not in plan:
        raise Hopeless(plan["refusal"])
    return plan


def test(event: Event) -> Said:
    """Whether the tests of a change pass, as the change itself says."""
    change = json.loads(event.data)
    return Said(change, topic=f"onex.evt.tester.tests-{'passed' if change['green'] else 'failed'}.v1")


def review(event: Event, context: TaskContext) -> Any:
    """What a person says to a change whose tests pass."""
    change = json.loads(event.data)
    answer = context.ask(change["diff"], change["title"])
    return {"branch": change["branch"], "good": answer.approved, "by": answer.by}
