"""What a handler may know of its task, and may ask for, beside the event."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.task_receipt import Answer
from omni_assets.broker.assignment import Place

MOST_SHOWN = 200_000
"""Bytes that a person may be shown of one question."""


class Ask(Exception):
    """Raised by a handler: a person has to answer before it goes on. ``content`` is JSON; a text is shown as it is.

    The task ends as waiting. The answer is a task of its own, in which the handler is called again with the same event.
    Raises ``Hopeless`` where nobody could be shown that.
    """

    def __init__(self, content: Any, title: str) -> None:
        super().__init__(title)
        self.content = content
        self.title = title
        try:
            size = len(self.shown.encode())
        except UnicodeEncodeError as flaw:
            raise Hopeless(f"its question to a person is no text that can be shown: {flaw.reason}") from None
        if size > MOST_SHOWN:
            raise Hopeless(f"its question to a person has {size:,} bytes, and {MOST_SHOWN:,} may be shown")

    @property
    def shown(self) -> str:
        """Exactly what a person is asked: the title, an empty line, the content; control characters as they are."""
        return f"{self.title}\n\n{self.content if isinstance(self.content, str) else _laid_out(self.content)}"

    @property
    def sha256(self) -> str:
        """The digest of what is shown, in hex: an answer is good for that alone."""
        return sha256(self.shown.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Approval:
    """What a person answered to the question ``id``, whose digest is ``content_sha256``. ``reason`` may be empty."""

    id: str
    content_sha256: str
    answer: Answer
    by: str
    reason: str = ""
    content: Any = None

    @property
    def approved(self) -> bool:
        """Whether the answer was yes."""
        return self.answer is Answer.APPROVED


class Steps(Protocol):
    """The effects of one try of a task, numbered as they come."""

    def perform(self, name: str, do: Callable[[], Any], find: Callable[[], Any], about: Any) -> Any:
        """As ``TaskContext.effect``."""

    async def perform_async(
        self, name: str, do: Callable[[], Awaitable[Any]], find: Callable[[], Awaitable[Any]], about: Any
    ) -> Any:
        """As ``TaskContext.effect_async``."""


class NoSteps:
    """For nodes whose contract declares no effect."""

    def perform(self, name: str, do: Callable[[], Any], find: Callable[[], Any], about: Any) -> Any:  # noqa: ARG002 - as of the protocol
        """Raises ``Hopeless``: no effect is declared."""
        raise undeclared(name, ())

    async def perform_async(
        self,
        name: str,
        do: Callable[[], Awaitable[Any]],  # noqa: ARG002 - as of the protocol
        find: Callable[[], Awaitable[Any]],  # noqa: ARG002 - as of the protocol
        about: Any,  # noqa: ARG002 - as of the protocol
    ) -> Any:
        """Raises ``Hopeless``: no effect is declared."""
        raise undeclared(name, ())


@dataclass(frozen=True, slots=True)
class TaskContext:
    """A task of ``node``: the record at ``place``. ``id`` is that of its receipt, the same whenever it is tried;
    nothing that comes of it counts after ``deadline``.

    Where a person answered a question of the handler, ``approval`` is the answer, and event and place are those of the
    record that the question was about.
    """

    id: str
    node: str
    place: Place
    deadline: datetime | None = None
    approval: Approval | None = None
    steps: Steps = field(default_factory=NoSteps, repr=False, compare=False)

    def effect(self, name: str, do: Callable[[], Any], find: Callable[[], Any], about: Any = None) -> Any:
        """Have an effect outside the bus, once: ``do`` has it, and gives back what there is to say of it, as JSON.

        ``name`` is one of ``handler.effects`` in the contract. That it is about to happen is written down first, with
        ``about``, which is JSON. Where it may have happened already, because the task was tried before, ``find`` is
        asked instead: it gives back what there is to say of it, ``None`` where it did not happen (then ``do`` is
        called), and raises where nobody can tell. Calls are told apart by their number within the handler: what comes
        before one has to be the same whenever the task is tried.

        For functions that are not asynchronous. Raises ``Hopeless`` where the contract does not declare it, where
        another effect stood in its place before, and where ``find`` raises that; ``EffectUnclear`` where ``find``
        raises anything else; ``BrokerError`` where nothing could be written down, and what ``do`` raises.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self.steps.perform(name, do, find, about)
        raise Hopeless(f"it is asynchronous, and has to write `await context.effect_async` for `{name}`")

    async def effect_async(
        self, name: str, do: Callable[[], Awaitable[Any]], find: Callable[[], Awaitable[Any]], about: Any = None
    ) -> Any:
        """As ``effect``, for asynchronous functions."""
        return await self.steps.perform_async(name, do, find, about)

    def ask(self, content: Any, title: str) -> Approval:
        """What a person answered to exactly this. Raises ``Ask`` where nobody did yet, and as ``Ask`` does."""
        asked = Ask(content, title)
        if self.approval is None or self.approval.content_sha256 != asked.sha256:
            raise asked
        return self.approval


def undeclared(name: str, declared: tuple[str, ...]) -> Hopeless:
    """What is raised for an effect that is none of those that the contract declares."""
    known = ", ".join(f"`{each}`" for each in declared) or "none"
    return Hopeless(f"it may not have the effect `{name}`: `handler.effects` of its contract names {known}")


def _laid_out(content: Any) -> str:
    try:
        return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2, sort_keys=True)
    except (TypeError, ValueError, RecursionError) as flaw:
        raise Hopeless(f"what it asks a person is no JSON: {flaw}") from None
