"""What works on a node's events: a function in Python, found by its name, or a model by way of the router."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextvars import copy_context
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import ValidationError

from omni_assets.agents.attempts import Hopeless, Setback, words_of
from omni_assets.agents.events import Event
from omni_assets.agents.task_context import Ask, TaskContext
from omni_assets.errors import HandlerUnusable
from omni_assets.router.receipt import Outcome, Receipt
from omni_assets.router.runtime import Router
from omni_assets.router.task import Task


@dataclass(frozen=True, slots=True)
class Said:
    """An event that a handler wants published: ``data`` is JSON, or bytes as they are.

    Without ``topic``, it goes to the one event that the node's contract publishes; without ``key``, it keeps the key
    of the record that it answers.
    """

    data: Any
    topic: str = ""
    key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Handled:
    """What a handler made of an event, and what the router did on the way, where it was asked. Where a person has to
    answer first, ``asked`` is the question, and nothing is said.
    """

    said: tuple[Said, ...]
    routing: Receipt | None = None
    asked: Ask | None = None


Handle: TypeAlias = Callable[[Event, TaskContext], Awaitable[Handled]]
"""Works on one event. Raises ``Hopeless`` where trying again would not help, anything else where it might."""


class RoutingFailed(Setback):
    """No answer of a model was accepted; ``receipt`` tells of every call. ``str()`` is the chain of reasons."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__(receipt.failure or receipt.decision)
        self.receipt = receipt


class NoAnswerCounts(RoutingFailed, Hopeless):
    """All that could be asked were, and none of it will pass: to ask again would cost as much, and end as it did."""


def python_handler(entry: str, threads: Executor) -> Handle:
    """The function ``module:function``, which is given the event, and a ``TaskContext`` where it takes two arguments.

    It gives back ``None``, what it wants to say as JSON, a ``Said``, or several of them; or it raises ``Ask``. One that
    is not asynchronous runs in one of ``threads``, with the context of its task: nothing can end it there, and after
    its time nobody waits for it.
    One that exits, or cancels itself, ends its own call and nothing else. Raises ``HandlerUnusable``.
    """
    function = function_of(entry)
    taken = _arguments(entry, function)

    async def handle(event: Event, context: TaskContext) -> Handled:
        given = (event, context)[:taken]
        try:
            if inspect.iscoroutinefunction(function):
                answered = await _awaited(function, given)
            else:
                call = partial(copy_context().run, _called, function, given)
                answered = await asyncio.get_running_loop().run_in_executor(threads, call)
        except Ask as asked:
            return Handled((), asked=asked)
        return Handled(_said(answered))

    return handle


def _called(function: Callable[..., Any], given: Sequence[Any]) -> Any:
    """Raises ``Setback`` instead of what would end a thread, or what no future can hold."""
    try:
        return function(*given)
    except BaseException as error:
        if isinstance(error, Exception) and not isinstance(error, StopIteration):
            raise
        raise _left(error) from error


async def _awaited(function: Callable[..., Awaitable[Any]], given: Sequence[Any]) -> Any:
    """Raises ``Setback`` instead of what would end the event loop; ``CancelledError`` where somebody cancelled it."""
    try:
        return await function(*given)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise _left(error) from error
    except (SystemExit, KeyboardInterrupt) as error:
        raise _left(error) from error


def _left(error: BaseException) -> Setback:
    return Setback(f"{type(error).__name__}: {words_of(error)}".removesuffix(": "))


def llm_handler(router: Router, task_class: str) -> Handle:
    """The router, for tasks of one class: an event's data are the fields of a task. Its accepted answer is said."""

    async def handle(event: Event, _: TaskContext) -> Handled:
        done = await router.run(read_task(event, task_class=task_class))
        if done.receipt.outcome is not Outcome.ACCEPTED or done.text is None:
            raise _failed(done.receipt)
        return Handled((Said({"task_id": done.receipt.task_id, "text": done.text}),), done.receipt)

    return handle


def _failed(receipt: Receipt) -> RoutingFailed:
    """Why there is no answer. It may pass where an endpoint did not answer, or where nothing could be asked for now."""
    if receipt.attempts:
        may_pass = any(each.failure is not None and each.failure.transient for each in receipt.attempts)
    else:
        may_pass = bool(receipt.candidates or receipt.skipped)
    return RoutingFailed(receipt) if may_pass else NoAnswerCounts(receipt)


def read_task(event: Event, **stated: str) -> Task:
    """The task whose fields an event carries; what is ``stated`` comes before them. Raises ``Hopeless``."""
    try:
        fields = json.loads(event.data)
    except (ValueError, RecursionError) as flaw:
        raise Hopeless(f"its data is no JSON: {flaw}") from None
    if not isinstance(fields, dict):
        raise Hopeless("its data is no JSON object with the fields of a task")
    try:
        return Task.model_validate({"id": event.id[:200], **fields, **stated})
    except ValidationError as flaw:
        first = flaw.errors(include_url=False, include_input=False)[0]
        path = ".".join(map(str, first["loc"]))
        raise Hopeless(f"its data is no task: `{path}`: {first['msg'].lower()}") from None


def _said(answered: Any) -> tuple[Said, ...]:
    if answered is None:
        return ()
    if isinstance(answered, Said):
        return (answered,)
    if isinstance(answered, Sequence) and answered and all(isinstance(each, Said) for each in answered):
        return tuple(answered)
    return (Said(answered),)


_ARGUMENTS = (2, 1)


def _arguments(entry: str, function: Callable[..., Any]) -> int:
    """How many of event and context a function takes. Raises ``HandlerUnusable`` where it cannot be called with any."""
    for number in _ARGUMENTS:
        try:
            inspect.signature(function).bind(*range(number))
        except (TypeError, ValueError):  # the latter where it has no signature that could be looked at
            continue
        return number
    raise HandlerUnusable(entry, "it cannot be called with an event, nor with an event and its context")


def function_of(entry: str) -> Callable[..., Any]:
    """The function ``module:function``; the module is installed, or lies in the working folder. Raises
    ``HandlerUnusable``.
    """
    name, _, attribute = entry.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)  # behind everything that is installed, so that it stands in nobody's place
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a module does when it is imported
        raise HandlerUnusable(entry, f"`{name}` cannot be imported: {_left(error)}") from None
    function = getattr(module, attribute, None)
    if not callable(function):
        known: Mapping[str, Any] = vars(module)
        near = get_close_matches(attribute, [each for each in known if callable(known[each])], 1)
        meant = f"; perhaps `{near[0]}` is meant" if near else ""
        raise HandlerUnusable(entry, f"`{name}` has no function `{attribute}`{meant}")
    return function  # type: ignore[no-any-return]
