"""The merger: what is tested, reviewed and verified is merged, once, and only as a tree whose tests pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from filelock import FileLock, Timeout

from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said
from omni_assets.agents.task_context import TaskContext
from omni_assets.agents.workflow.git import Moved
from omni_assets.agents.workflow.messages import About, Blocked, Ran, Review, Verified, mine, read_about
from omni_assets.agents.workflow.pull_requests import Kept, State, block, find, merge, settle, status
from omni_assets.agents.workflow.repository import Repository, repository
from omni_assets.agents.workflow.reviewing import STATUS as REVIEW
from omni_assets.agents.workflow.suite import run_suite
from omni_assets.agents.workflow.testing import STATUS as TESTS
from omni_assets.agents.workflow.topics import Topic
from omni_assets.agents.workflow.verifying import STATUS as CRITERIA
from omni_assets.contracts.text import count, visible

EFFECT = "merge"

_LOCK = "omni-merging.lock"
_LONGEST_WAIT = 240.0
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class _Plan:
    """What the target is to become: ``commit`` in place of ``before``."""

    before: str
    commit: str


def work(event: Event, context: TaskContext) -> Said | None:
    """Merge a pull request, if now all is there. Merges of one repository wait for each other. Raises ``Moved`` where
    others take too long.
    """
    about = read_about(event)
    there = repository(about.repository)
    with _alone(there):
        kept = find(there, about.number)
        ours = mine(event, context.id)
        if kept.head != about.head or not _is_due(there, kept, about, ours):
            return None
        planned = _planned(there, kept, about, context.id)
        if isinstance(planned, Blocked):
            return _blocked(there, kept, about, planned) if planned.task in ours else None

        def done() -> dict[str, Any]:
            merge(there, kept, planned.before, planned.commit, context.id)
            return {"merge": planned.commit}

        def found() -> dict[str, Any] | None:
            now = find(there, about.number).pull_request
            return {"merge": now.merge} if now.state is State.MERGED and now.ended_by in ours else None

        target = kept.pull_request.target
        facts = context.effect(EFFECT, done, found, {**about.model_dump(), "target": target, "merge": planned.commit})
    data = {**about.model_dump(), "target": target, **facts}
    return Said(data, Topic.EVT_MERGER_PULL_REQUEST_MERGED_V1, f"{about.repository}:{target}".encode())


@contextmanager
def _alone(there: Repository) -> Iterator[None]:
    """While this merges, nobody else does on this machine. Raises ``Moved`` where others take too long."""
    lock = FileLock(there.folder / _LOCK, timeout=_LONGEST_WAIT)
    try:
        lock.acquire()
    except Timeout:
        raise Moved(f"other merges into `{there.name}` take longer than {_LONGEST_WAIT:g} s") from None
    try:
        yield
    finally:
        lock.release()


def _is_due(there: Repository, kept: Kept, about: About, ours: frozenset[str]) -> bool:
    """Whether tests, review and criteria are all there for its newest commit, and nobody else has merged it."""
    if kept.pull_request.state is not State.OPEN:
        return kept.pull_request.state is State.MERGED and kept.pull_request.ended_by in ours
    ran = status(there, about, TESTS, Ran)
    review = status(there, about, REVIEW, Review)
    verified = status(there, about, CRITERIA, Verified)
    passed = ran is not None and ran.green
    return passed and review is not None and review.accepted and verified is not None and verified.met


def _planned(there: Repository, kept: Kept, about: About, task: str) -> _Plan | Blocked:
    """The commit that the merge would be, if the tests of its tree pass. What is in the way of it is found once."""
    pull_request = kept.pull_request
    if pull_request.state is State.MERGED:
        return _Plan("", pull_request.merge)
    before = there.branch(pull_request.target)
    both = there.merge(before, kept.head)
    conflicting = _conflicting(kept, both.conflicts)
    blocked = conflicting or _failing(kept, run_suite(there.files(both.tree)))
    if blocked is not None:
        return settle(there, about, f"merge-{before}", blocked.model_copy(update={"task": task}))
    words = f"Merge pull request {pull_request.number} from {pull_request.branch}\n\n{visible(pull_request.title)}\n"
    parents = (before, kept.head)
    return _Plan(before, there.commit_tree(both.tree, parents, words, there.time(kept.head)))


def _conflicting(kept: Kept, conflicts: Sequence[str]) -> Blocked | None:
    if not conflicts:
        return None
    files = tuple(visible(each) for each in conflicts[:_MOST_NAMED])
    return Blocked(reason=f"it conflicts with `{kept.pull_request.target}` in {', '.join(files)}.", files=files)


def _failing(kept: Kept, ran: Ran) -> Blocked | None:
    if ran.green:
        return None
    failed = ran.failed[:_MOST_NAMED]
    what = f"{count(len(ran.failed), 'test')} failed: {', '.join(failed)}" if failed else ran.broken
    return Blocked(reason=f"merged into `{kept.pull_request.target}` as it is now, {what}.", failed=failed)


def _blocked(there: Repository, kept: Kept, about: About, blocked: Blocked) -> Said:
    block(there, kept, blocked.reason)
    data = {
        **about.model_dump(),
        "target": kept.pull_request.target,
        "reason": blocked.reason,
        "files": blocked.files,
        "failed": blocked.failed,
    }
    return Said(data, Topic.EVT_MERGER_MERGE_BLOCKED_V1, about.key)
