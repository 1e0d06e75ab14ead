"""What the events of the workflow carry, as values. The schemas in the contracts say the same to everybody else."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import Field, ValidationError

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import Event
from omni_assets.agents.terms import REQUEUE
from omni_assets.agents.workflow.repository import is_commit
from omni_assets.router.values import Strict

MOST_CRITERIA = 20
"""Most criteria of one ticket."""

_Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Commit = Annotated[str, Field(pattern=r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$")]
_Number = Annotated[int, Field(ge=1, le=2**31)]
_Message = TypeVar("_Message", bound=Strict)


class Ticket(Strict):
    """What somebody wants, and how to tell that they have it."""

    id: _Line
    criteria: Annotated[tuple[_Line, ...], Field(max_length=MOST_CRITERIA)] = ()


class Wish(Strict):
    """`open-pull-request`: a branch that is to be merged into ``target``."""

    repository: _Line
    branch: _Line
    title: _Line
    target: _Line = "main"
    ticket: Ticket


class About(Strict):
    """A pull request as it was at one commit: what nearly every event of the workflow is about."""

    repository: _Line
    number: _Number
    head: _Commit

    @property
    def key(self) -> bytes:
        """The key of records about it: they stay in their order."""
        return f"{self.repository}/{self.number}".encode()


class Isolation(StrEnum):
    """Where a suite ran: in a ``cell`` without network, files and privileges, or in a plain ``process``."""

    CELL = "cell"
    PROCESS = "process"


class Ran(Strict):
    """What came of a test suite. ``failed`` and ``passed`` are tests by their names, ``output`` is what pytest says of
    those that failed. ``broken`` is a clause, why the suite as a whole did not pass; ``why_process`` one, why there was
    no cell.
    """

    isolation: Isolation
    seconds: Annotated[float, Field(ge=0)]
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    output: str = ""
    broken: str = ""
    why_process: str = ""

    @property
    def green(self) -> bool:
        """Whether tests passed, and none failed."""
        return bool(self.passed) and not self.failed and not self.broken


class Note(Strict):
    """What a review finds wrong at a line of a file."""

    file: str
    line: Annotated[int, Field(ge=1)]
    problem: str


class Review(Strict):
    """What came of a review ``by`` a model or a person. ``reason`` is a person's, and may be empty."""

    accepted: bool
    by: str
    notes: tuple[Note, ...] = ()
    reason: str = ""


class Judged(Strict):
    """One criterion, and whether it holds. ``evidence`` is a sentence."""

    criterion: str
    met: bool
    evidence: str


class Verified(Strict):
    """All criteria of a ticket. ``task`` is the one that said so first."""

    criteria: tuple[Judged, ...]
    task: str

    @property
    def met(self) -> bool:
        """Whether each of them holds."""
        return all(each.met for each in self.criteria)


class Blocked(Strict):
    """Why a commit could not be merged into its target as that was, as a sentence: the ``files`` that conflict, or the
    tests that ``failed``. ``task`` is the one that said so first."""

    reason: str
    files: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    task: str = ""


class Merged(About):
    """`pull-request-merged`: ``target`` leads to the commit ``merge`` now."""

    target: _Line
    merge: _Commit


class Answered(Strict):
    """`routing-complete`: a model's answer to the task ``task_id``."""

    task_id: str
    text: str
    model: str


class Unanswered(Strict):
    """`routing-failed`: no model could do the task ``task_id``."""

    task_id: str
    reason: str


def mine(event: Event, task: str) -> frozenset[str]:
    """The tasks that this one goes on with: itself, and that whose letter was sent again."""
    return frozenset({task, event.extensions.get(REQUEUE, task)})


def read(event: Event, kind: type[_Message]) -> _Message:
    """What an event carries, all of it. Raises ``Hopeless`` where that is something else."""
    try:
        return kind.model_validate_json(event.data)
    except ValidationError as flaw:
        first = flaw.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "it"
        raise Hopeless(f"its data is no {kind.__name__.lower()}: `{place}`: {first['msg'].lower()}") from None


def read_about(event: Event) -> About:
    """Which pull request an event is about, whatever else it says. Raises ``Hopeless``."""
    try:
        document = json.loads(event.data)
        return About.model_validate({name: document[name] for name in About.model_fields})
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Hopeless("its data does not say which pull request it is about") from None


def question_id(node: str, about: About, what: str = "") -> str:
    """The id of a task for a model that tells what it is about: its answer is matched by nothing else."""
    return "/".join((node, about.repository, str(about.number), about.head, *([what] if what else ())))


def asked(task_id: str, node: str) -> tuple[About, str] | None:
    """What an answer is about, and what was asked; ``None`` where another node asked."""
    who, _, rest = task_id.partition("/")
    parts = rest.split("/")
    if who != node or len(parts) not in (3, 4) or not parts[1].isdecimal() or not is_commit(parts[2]):
        return None
    try:
        about = About(repository=parts[0], number=int(parts[1]), head=parts[2])
    except ValidationError:
        return None
    return about, parts[3] if len(parts) == 4 else ""
