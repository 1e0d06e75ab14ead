"""The opener: a branch becomes a pull request, and one that later agents find fault with is closed, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field, ValidationError

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said
from omni_assets.agents.task_context import TaskContext
from omni_assets.agents.workflow.messages import About, Judged, Note, Wish, mine, read, read_about
from omni_assets.agents.workflow.pull_requests import Kept, PullRequest, State, add, close, every, find, push
from omni_assets.agents.workflow.repository import Repository, branch_name, repository
from omni_assets.agents.workflow.topics import Topic
from omni_assets.contracts.text import count
from omni_assets.router.values import Strict

MOST_DIFF = 150_000
"""Bytes of a change that is reviewed: a person can be shown all of it."""

EFFECT = "open-pull-request"


def work(event: Event, context: TaskContext) -> Said | None:
    """Open a pull request, or close it. Raises ``Hopeless`` for a branch that has nothing to merge."""
    topic = context.place.partition.topic
    reason = _REASONS.get(topic)
    return _open(event, context) if reason is None else _close(event, context, reason)


def _open(event: Event, context: TaskContext) -> Said | None:
    wish = read(event, Wish)
    there = repository(wish.repository)
    branch_name(wish.target)
    head, target = there.branch(wish.branch), there.branch(wish.target)
    base = there.parted(target, head)
    ours = mine(event, context.id)
    earlier = next((each for each in every(there) if _is_of(each, wish)), None)
    if earlier is not None and earlier.head == head and earlier.pull_request.asked_by not in ours:
        return None
    if base == head:
        raise Hopeless(f"the branch `{wish.branch}` has nothing that `{wish.target}` lacks")
    diff = there.diff(base, head, MOST_DIFF)

    def made(number: int) -> PullRequest:
        return PullRequest(
            number=number,
            branch=wish.branch,
            target=wish.target,
            title=wish.title,
            ticket=wish.ticket,
            base=base,
            asked_by=context.id,
        )

    def opened() -> dict[str, Any]:
        if earlier is None:
            return _facts(wish, add(there, made, head))
        return _facts(wish, push(there, earlier, made(earlier.pull_request.number), head))

    def found() -> dict[str, Any] | None:
        return next((_facts(wish, each) for each in every(there) if each.pull_request.asked_by in ours), None)

    about = {"repository": wish.repository, "branch": wish.branch, "head": head}
    facts = context.effect(EFFECT, opened, found, about)
    data = {
        **facts,
        **wish.model_dump(mode="json", include={"branch", "target", "title", "ticket"}),
        "base": base,
        "diff": diff,
    }
    key = About.model_validate(facts).key
    return Said(data, Topic.EVT_PULL_REQUEST_OPENER_PULL_REQUEST_OPENED_V1, key)


def _is_of(kept: Kept, wish: Wish) -> bool:
    pull_request = kept.pull_request
    return pull_request.state is State.OPEN and (pull_request.branch, pull_request.target) == (wish.branch, wish.target)


def _facts(wish: Wish, kept: Kept) -> dict[str, Any]:
    return {"repository": wish.repository, "number": kept.pull_request.number, "head": kept.head}


def _close(event: Event, context: TaskContext, reason: Callable[[Event], str]) -> Said | None:
    about = read_about(event)
    there = repository(about.repository)
    kept = find(there, about.number)
    why = reason(event)
    if not _closes(there, kept, about, why, mine(event, context.id), context.id):
        return None
    data = {**about.model_dump(), "branch": kept.pull_request.branch, "reason": why}
    return Said(data, Topic.EVT_PULL_REQUEST_OPENER_PULL_REQUEST_CLOSED_V1)


def _closes(there: Repository, kept: Kept, about: About, why: str, ours: frozenset[str], task: str) -> bool:
    """Whether it is this task that closes it. A newer commit has its own tests, review and criteria."""
    if kept.pull_request.state is not State.OPEN or kept.head != about.head:
        return kept.pull_request.state is State.CLOSED and kept.pull_request.ended_by in ours
    close(there, kept, why, task)
    return True


class _TestsFailed(Strict):
    failed: tuple[str, ...] = ()
    explanation: str


class _ChangesRequested(Strict):
    by: str
    reason: str = ""
    notes: tuple[Note, ...] = ()


class _Unmet(Strict):
    criteria: tuple[Judged, ...] = Field(min_length=1)


def _tests_failed(event: Event) -> str:
    said = _part(event, _TestsFailed)
    return f"{count(len(said.failed), 'test')} failed. {said.explanation}"


def _changes_requested(event: Event) -> str:
    said = _part(event, _ChangesRequested)
    notes = [f"{note.file}:{note.line}: {note.problem}" for note in said.notes]
    return " ".join((f"{said.by} asks for changes.", *filter(None, [said.reason]), *notes))


def _unmet(event: Event) -> str:
    open_ones = [each for each in _part(event, _Unmet).criteria if not each.met]
    return " ".join(f"`{each.criterion}` does not hold: {each.evidence}" for each in open_ones)


_REASONS: Mapping[str, Callable[[Event], str]] = {
    Topic.EVT_TEST_RUNNER_TESTS_FAILED_V1: _tests_failed,
    Topic.EVT_REVIEWER_CHANGES_REQUESTED_V1: _changes_requested,
    Topic.EVT_CRITERIA_VERIFIER_CRITERIA_UNMET_V1: _unmet,
}


def _part(event: Event, kind: type[Any]) -> Any:
    """What an event says beside which pull request it is about. Raises ``Hopeless``."""
    try:
        return kind.model_validate_json(event.data, extra="ignore")
    except ValidationError:
        raise Hopeless("its data does not say what is wrong") from None
