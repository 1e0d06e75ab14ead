"""Pull requests, and what is known of their commits, kept in the repository itself: nothing of it is in any memory.

==========================================  ===================================================================
``refs/pull/N/head``                        the commit that is to be merged, as forges have it
``refs/pull/N/state``                       a ``PullRequest`` as JSON
``refs/statuses/N/COMMIT/NAME``             what a node found of a commit of it, as JSON: the first finding stays
==========================================  ===================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import Field, ValidationError

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.workflow.git import Moved
from omni_assets.agents.workflow.messages import About, Ticket
from omni_assets.agents.workflow.repository import Change, Repository
from omni_assets.router.values import Strict

_PULL = "refs/pull/"
_TRIES = 20
_Document = TypeVar("_Document", bound=Strict)


class State(StrEnum):
    """How a pull request stands."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


class PullRequest(Strict):
    """A branch that is to be merged into ``target``. ``reason`` is a sentence: why it is closed, or not merged yet.

    ``base`` is the commit where the branch parted from its target. ``asked_by`` is the task that brought the newest
    commit, ``ended_by`` the one that merged or closed it, and ``merge`` the commit that came of it.
    """

    number: Annotated[int, Field(ge=1)]
    """Counts from 1 in its repository."""
    branch: str
    target: str
    title: str
    ticket: Ticket
    base: str
    asked_by: str
    state: State = State.OPEN
    reason: str = ""
    merge: str = ""
    ended_by: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A pull request with its newest commit; ``identity`` is that of what was read: who changes it names it."""

    pull_request: PullRequest
    head: str
    identity: str


def every(repository: Repository) -> Iterator[Kept]:
    """All pull requests, the newest first. Raises ``Hopeless`` where what is kept of one is none."""
    known = repository.objects(_PULL)
    numbers = sorted(_numbers(known), reverse=True)
    states = [known[_state(number)] for number in numbers]
    for number, identity, text in zip(numbers, states, repository.texts(states), strict=True):
        head = known.get(_head(number), "")
        yield Kept(_read(PullRequest, text, f"pull request {number}"), head, identity)


def find(repository: Repository, number: int) -> Kept:
    """The pull request ``number``. Raises ``Hopeless`` where there is none, or what is kept of it is none."""
    identity, text = repository.note(_state(number))
    head = repository.commit(_head(number))
    if not identity or not head:
        raise Hopeless(f"the repository `{repository.name}` has no pull request {number}")
    return Kept(_read(PullRequest, text, f"pull request {number}"), head, identity)


def add(repository: Repository, made: Callable[[int], PullRequest], head: str) -> Kept:
    """A new pull request, under the next number that is free. Raises ``Moved`` where others are always quicker."""
    for _ in range(_TRIES):
        number = 1 + max(_numbers(repository.objects(_PULL)), default=0)
        identity = repository.keep(_written(made(number)))
        try:
            repository.change(Change(_state(number), identity), Change(_head(number), head))
        except Moved:
            continue
        return Kept(made(number), head, identity)
    raise Moved("others open pull requests all the time")


def push(repository: Repository, kept: Kept, newer: PullRequest, head: str) -> Kept:
    """Another commit is to be merged now. Raises ``Moved``."""
    number = kept.pull_request.number
    identity = repository.keep(_written(newer))
    repository.change(Change(_head(number), head, kept.head), Change(_state(number), identity, kept.identity))
    return Kept(newer, head, identity)


def close(repository: Repository, kept: Kept, reason: str, task: str) -> None:
    """It is not to be merged. Raises ``Moved``."""
    _become(repository, kept, state=State.CLOSED, reason=reason, ended_by=task)


def block(repository: Repository, kept: Kept, reason: str) -> None:
    """It stays open, and says why it cannot be merged as it is. Raises ``Moved``."""
    _become(repository, kept, reason=reason)


def merge(repository: Repository, kept: Kept, before: str, commit: str, task: str) -> None:
    """The target leads to ``commit`` from now on, if it leads to ``before``, and the pull request says so: both at
    once. Raises ``Moved``."""
    done = kept.pull_request.model_copy(
        update={"state": State.MERGED, "reason": "", "merge": commit, "ended_by": task},
    )
    repository.change(
        Change(f"refs/heads/{done.target}", commit, before),
        Change(_state(done.number), repository.keep(_written(done)), kept.identity),
    )


def settle(repository: Repository, about: About, name: str, finding: _Document) -> _Document:
    """Keep what was found of a commit of a pull request, and give back what counts: what somebody found before comes
    first."""
    try:
        repository.change(Change(_status(about, name), repository.keep(_written(finding))))
    except Moved:
        found = status(repository, about, name, type(finding))
        if found is None:
            raise
        return found
    return finding


def status(repository: Repository, about: About, name: str, kind: type[_Document]) -> _Document | None:
    """What was found under a name, ``None`` where nothing was. Raises ``Hopeless`` where it is no such."""
    identity, text = repository.note(_status(about, name))
    return _read(kind, text, f"what is known of {about.head[:10]} ({name})") if identity else None


def _become(repository: Repository, kept: Kept, **update: object) -> None:
    changed = kept.pull_request.model_copy(update=update)
    if changed != kept.pull_request:
        identity = repository.keep(_written(changed))
        repository.change(Change(_state(changed.number), identity, kept.identity))


def _read(kind: type[_Document], text: bytes, what: str) -> _Document:
    try:
        return kind.model_validate_json(text)
    except ValidationError as flaw:
        first = flaw.errors(include_url=False, include_input=False)[0]
        raise Hopeless(f"{what} cannot be read: `{'.'.join(map(str, first['loc']))}`: {first['msg'].lower()}") from None


def _written(document: Strict) -> bytes:
    return document.model_dump_json().encode()


def _numbers(names: Iterable[str]) -> Iterator[int]:
    """The numbers of the pull requests that these references are of."""
    return (int(name.split("/")[2]) for name in names if name.endswith("/state"))


def _state(number: int) -> str:
    return f"{_PULL}{number}/state"


def _head(number: int) -> str:
    return f"{_PULL}{number}/head"


def _status(about: About, name: str) -> str:
    return f"refs/statuses/{about.number}/{about.head}/{name}"
