"""The reviewer: a model reviews a change whose tests are green; where none can, a person does."""

from __future__ import annotations

import json

from pydantic import ValidationError

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said
from omni_assets.agents.task_context import TaskContext
from omni_assets.agents.workflow.messages import (
    About,
    Answered,
    Note,
    Review,
    Unanswered,
    asked,
    question_id,
    read,
    read_about,
)
from omni_assets.agents.workflow.opening import MOST_DIFF
from omni_assets.agents.workflow.pull_requests import Kept, State, find, settle
from omni_assets.agents.workflow.questions import changed_files, question
from omni_assets.agents.workflow.repository import Repository, repository
from omni_assets.agents.workflow.topics import Topic

NODE, STATUS = "reviewer", "review"


def work(event: Event, context: TaskContext) -> Said | None:
    """Have a model review what passed its tests, or a person what no model could. Raises ``Hopeless`` where a model's
    review has none of the shape that was asked for.
    """
    topic = context.place.partition.topic
    if topic == Topic.EVT_ROUTER_ROUTING_COMPLETE_V1:
        answer = read(event, Answered)
        return _answered(answer)
    if topic == Topic.EVT_ROUTER_ROUTING_FAILED_V1:
        failure = read(event, Unanswered)
        return _unanswered(failure.task_id, failure.reason, context)
    return _reviewed(read_about(event), context)


def _reviewed(about: About, context: TaskContext) -> Said | None:
    there = repository(about.repository)
    kept = find(there, about.number)
    if not _stands(kept, about):
        return None
    sources = changed_files(there, kept)
    if not sources:
        return _by_person(there, kept, about, "what changed is no text that a model could be given", context)
    return question(question_id(NODE, about), about, "code-review", {"title": kept.pull_request.title}, sources)


def _answered(answer: Answered) -> Said | None:
    found = asked(answer.task_id, NODE)
    if found is None:
        return None
    try:
        document = json.loads(answer.text)
        notes = tuple(Note.model_validate(each, extra="ignore") for each in document["findings"])
        accepted = document["verdict"] == "approve"
    except (ValueError, TypeError, KeyError, ValidationError, RecursionError):
        raise Hopeless("a model's review has none of the shape that its gates let through") from None
    about, _ = found
    there = repository(about.repository)
    if not _stands(find(there, about.number), about):
        return None
    return _said(there, about, Review(accepted=accepted, by=answer.model, notes=notes))


def _unanswered(task_id: str, reason: str, context: TaskContext) -> Said | None:
    found = asked(task_id, NODE)
    if found is None:
        return None
    about, _ = found
    there = repository(about.repository)
    kept = find(there, about.number)
    return _by_person(there, kept, about, reason, context) if _stands(kept, about) else None


def _by_person(there: Repository, kept: Kept, about: About, why: str, context: TaskContext) -> Said | None:
    """What a person says, who is shown all of the change."""
    pull_request = kept.pull_request
    criteria = [f"- {each}" for each in pull_request.ticket.criteria]
    content = "\n".join(
        (
            f"{about.repository} #{about.number}: {pull_request.title}",
            f"{pull_request.branch} ({about.head[:10]}) is to go into {pull_request.target}.",
            f"Ticket {pull_request.ticket.id} wants:",
            *criteria,
            f"No model reviewed it: {why}",
            "",
            there.diff(pull_request.base, about.head, MOST_DIFF),
        )
    )
    answer = context.ask(content, f"Is pull request {about.number} of {about.repository} good as it is?")
    return _said(there, about, Review(accepted=answer.approved, by=answer.by, reason=answer.reason))


def _said(there: Repository, about: About, review: Review) -> Said | None:
    if settle(there, about, STATUS, review) != review:
        return None
    topic = Topic.EVT_REVIEWER_REVIEW_COMPLETE_V1 if review.accepted else Topic.EVT_REVIEWER_CHANGES_REQUESTED_V1
    document = review.model_dump(mode="json", exclude={"accepted"})
    return Said({**about.model_dump(), **document}, topic, about.key)


def _stands(kept: Kept, about: About) -> bool:
    """Whether this commit is still the one to be merged."""
    return kept.head == about.head and kept.pull_request.state is State.OPEN
