"""The criteria verifier: what can be looked up is looked up, the rest a model judges; what nobody can tell is unmet."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said
from omni_assets.agents.task_context import TaskContext
from omni_assets.agents.workflow.criteria import Change, added_lines, judge
from omni_assets.agents.workflow.messages import (
    About,
    Answered,
    Judged,
    Ran,
    Unanswered,
    Verified,
    asked,
    mine,
    question_id,
    read,
    read_about,
)
from omni_assets.agents.workflow.opening import MOST_DIFF
from omni_assets.agents.workflow.pull_requests import Kept, State, find, settle, status
from omni_assets.agents.workflow.questions import question
from omni_assets.agents.workflow.repository import Repository, repository
from omni_assets.agents.workflow.testing import STATUS as TESTS
from omni_assets.agents.workflow.topics import Topic

NODE, STATUS = "criteria-verifier", "criteria"
_MOST_TESTS = 200


def work(event: Event, context: TaskContext) -> Said | list[Said] | None:
    """Hold the criteria of a ticket against a pull request whose tests are green, or take a model's word on one. Raises
    ``Hopeless`` where there is no such criterion, or the model's word has none of the shape that was asked for.
    """
    topic = context.place.partition.topic
    ours = mine(event, context.id)
    if topic == Topic.EVT_ROUTER_ROUTING_COMPLETE_V1:
        answer = read(event, Answered)
        return _judged(answer.task_id, lambda: _verdict(answer.text), ours, context.id)
    if topic == Topic.EVT_ROUTER_ROUTING_FAILED_V1:
        failure = read(event, Unanswered)
        return _judged(failure.task_id, lambda: (False, f"no model could tell: {failure.reason}"), ours, context.id)
    return _verified(read_about(event), ours, context.id)


def _verified(about: About, ours: frozenset[str], task: str) -> Said | list[Said] | None:
    there = repository(about.repository)
    kept = find(there, about.number)
    ran = status(there, about, TESTS, Ran)
    if kept.head != about.head or kept.pull_request.state is not State.OPEN or ran is None:
        return None
    diff = there.diff(kept.pull_request.base, about.head, MOST_DIFF)
    change = Change(ran, frozenset(there.files(about.head)), added_lines(diff))
    left: list[Said] = []
    for number, criterion in enumerate(kept.pull_request.ticket.criteria):
        judged = judge(criterion, change)
        if judged is not None:
            settle(there, about, _status(number), judged)
        else:
            task_id = question_id(NODE, about, str(number))
            sources = _evidence(diff, ran)
            left.append(question(task_id, about, "acceptance-verification", {"criterion": criterion}, sources))
    return left or _said(there, kept, about, ours, task)


def _evidence(diff: str, ran: Ran) -> list[dict[str, Any]]:
    tests = "".join(f"{name} PASSED\n" for name in ran.passed[:_MOST_TESTS])
    return [{"id": "change.diff", "text": diff}, {"id": "test-report.txt", "text": tests}]


def _judged(task_id: str, verdict: Callable[[], tuple[bool, str]], ours: frozenset[str], task: str) -> Said | None:
    """What follows from a verdict, which is read where this node asked for it."""
    found = asked(task_id, NODE)
    if found is None:
        return None
    about, which = found
    there = repository(about.repository)
    kept = find(there, about.number)
    criteria = kept.pull_request.ticket.criteria
    if not which.isdecimal() or int(which) >= len(criteria):
        raise Hopeless(f"pull request {about.number} of `{about.repository}` has no criterion `{which}`")
    met, evidence = verdict()
    settle(there, about, _status(int(which)), Judged(criterion=criteria[int(which)], met=met, evidence=evidence))
    return _said(there, kept, about, ours, task)


def _said(there: Repository, kept: Kept, about: About, ours: frozenset[str], task: str) -> Said | None:
    """What holds, once all is known; one task alone says it."""
    found = [status(there, about, _status(each), Judged) for each in range(len(kept.pull_request.ticket.criteria))]
    known = tuple(each for each in found if each is not None)
    if len(known) < len(found) or kept.head != about.head:
        return None
    verified = settle(there, about, STATUS, Verified(criteria=known, task=task))
    if verified.task not in ours:
        return None
    met, unmet = Topic.EVT_CRITERIA_VERIFIER_CRITERIA_MET_V1, Topic.EVT_CRITERIA_VERIFIER_CRITERIA_UNMET_V1
    criteria = [each.model_dump() for each in verified.criteria]
    return Said({**about.model_dump(), "criteria": criteria}, met if verified.met else unmet, about.key)


def _verdict(text: str) -> tuple[bool, str]:
    try:
        document = json.loads(text)
        quotes = [f"\u201c{each['quote']}\u201d ({each['source']})" for each in document["evidence"]]
        return document["verdict"] == "met", f"a model says {document['verdict']}: {' '.join(quotes) or 'no evidence'}"
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Hopeless("a model's verdict has none of the shape that its gates let through") from None


def _status(number: int) -> str:
    return f"criterion-{number}"
