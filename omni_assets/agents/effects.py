"""Effects outside the bus, such as a merge: each is written down before it happens, and never blindly repeated.

A transaction of the bus does not cover the outside world. So an intent stands in a topic of its own before anything
happens there; whoever tries the task again finds it, and asks the effect itself whether it happened.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said
from omni_assets.agents.task_context import TaskContext, undeclared
from omni_assets.agents.task_receipt import EffectOutcome, TaskEffect, result_id
from omni_assets.agents.terms import requeue_of
from omni_assets.broker.worker import Outgoing
from omni_assets.contracts.text import visible

MOST_INTENTS = 100_000
"""Intents that are remembered, the newest ones. Where there were more, every effect is asked after first."""


class EffectUnclear(Exception):
    """Nobody can tell whether an effect happened when its task was tried before, so it is not repeated."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """What stands in the topic of intents: names of effects by key, oldest first; ``whole`` says that nothing of it is
    gone or was left out.
    """

    names: Mapping[str, str]
    whole: bool


@dataclass(frozen=True, slots=True)
class Sink:
    """Where intents go. ``publish`` makes the record of an event that follows from another one, as the node's contract
    lets it; ``append`` writes it and waits until it is acknowledged, or raises ``OmniError``.
    """

    topic: str
    publish: Callable[[Said, Event, str, bytes | None], Outgoing]
    append: Callable[[Outgoing], None]


class Effects:
    """The effects of one node: those that its contract declares, and the intents of them that were written down.

    It is used from several threads.
    """

    def __init__(self, declared: Iterable[str] = (), sink: Sink | None = None, most: int = MOST_INTENTS) -> None:
        self._declared = tuple(declared) if sink is not None else ()
        self._sink = sink
        self._most = most
        self._known: OrderedDict[str, str] = OrderedDict()
        self._whole = True
        self._in_work: set[str] = set()
        self._changed = threading.Condition()

    def recall(self, recalled: Recalled) -> None:
        """What others wrote down counts from now on."""
        with self._changed:
            self._whole = self._whole and recalled.whole
            for key, name in recalled.names.items():
                self._remember(key, name)

    def begin(self, event: Event, context: TaskContext, noted: MutableMapping[str, TaskEffect]) -> Steps:
        """One try of a task, as a context manager: what it does counts until it is left, and is noted by key."""
        return Steps(self, event, context, noted)

    def intend(self, name: str, key: str, step: int, event: Event, context: TaskContext, about: Any) -> bool:
        """Write the intent down, unless it is there. Whether the effect may have happened already.

        Raises ``Hopeless`` where the contract does not say that there is such an effect, or the intent is of another.
        """
        if self._sink is None or name not in self._declared:
            raise undeclared(name, self._declared)
        with self._changed:
            earlier, whole = self._known.get(key), self._whole
        if earlier is None:
            said = Said(_intent(name, key, context, about), self._sink.topic, key.encode())
            self._sink.append(self._sink.publish(said, event, result_id(context.id, -step), said.key))
            with self._changed:
                self._remember(key, name)
            # The task of a letter that was sent again was tried before, at another place.
            return not whole or requeue_of(event, context.node) is not None
        if earlier not in ("", name):
            raise Hopeless(f"its effect {step} was `{visible(earlier)}` when it was tried before, and is `{name}` now")
        return True

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """What was begun for this key before, and that nobody waits for any more, has ended when this is entered."""
        with self._changed:
            self._changed.wait_for(lambda: key not in self._in_work)
            self._in_work.add(key)
        try:
            yield
        finally:
            with self._changed:
                self._in_work.discard(key)
                self._changed.notify_all()

    def _remember(self, key: str, name: str) -> None:
        self._known[key] = name
        self._known.move_to_end(key)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
            self._whole = False


@dataclass(slots=True)
class Steps:
    """The effects of one try. When it is left, threads that still run in it come to nothing more."""

    _effects: Effects
    _event: Event
    _context: TaskContext
    _noted: MutableMapping[str, TaskEffect]
    _number: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def perform(self, name: str, do: Callable[[], Any], find: Callable[[], Any], about: Any) -> Any:
        """As ``TaskContext.effect``."""
        step, key = self._next()
        with self._effects.alone(key):
            self._go_on()
            if self._effects.intend(name, key, step, self._event, self._context, about):
                self._note(name, key, EffectOutcome.UNKNOWN)
                with _telling(name):
                    found = find()
                if found is not None:
                    return self._came(name, key, EffectOutcome.FOUND, found)
            self._go_on()
            self._note(name, key, EffectOutcome.UNKNOWN)
            return self._came(name, key, EffectOutcome.DONE, do())

    async def perform_async(
        self, name: str, do: Callable[[], Awaitable[Any]], find: Callable[[], Awaitable[Any]], about: Any
    ) -> Any:
        """As ``TaskContext.effect_async``."""
        step, key = self._next()
        if await asyncio.to_thread(self._effects.intend, name, key, step, self._event, self._context, about):
            self._note(name, key, EffectOutcome.UNKNOWN)
            with _telling(name):
                found = await find()
            if found is not None:
                return self._came(name, key, EffectOutcome.FOUND, found)
        self._go_on()
        self._note(name, key, EffectOutcome.UNKNOWN)
        return self._came(name, key, EffectOutcome.DONE, await do())

    def _next(self) -> tuple[int, str]:
        self._number += 1
        place = self._context.place
        return self._number, f"{place.partition.topic}/{place.partition.number}/{place.offset}/{self._number}"

    def _go_on(self) -> None:
        if self._over.is_set():
            raise EffectUnclear("its time was over before the effect began")

    def _came(self, name: str, key: str, outcome: EffectOutcome, facts: Any) -> Any:
        self._note(name, key, outcome)
        return facts

    def _note(self, name: str, key: str, outcome: EffectOutcome) -> None:
        if not self._over.is_set():
            self._noted[key] = TaskEffect(name=name, key=key, outcome=outcome)


NO_EFFECTS = Effects()
"""Those of a node whose contract declares none."""


def _intent(name: str, key: str, context: TaskContext, about: Any) -> dict[str, Any]:
    return {"effect": name, "key": key, "task": context.id, "node": context.node, "about": about}


@contextmanager
def _telling(name: str) -> Iterator[None]:
    try:
        yield
    except Hopeless as error:
        raise Hopeless(f"{_UNCLEAR.format(name)}: {error}") from error
    except Exception as error:
        raise EffectUnclear(f"{_UNCLEAR.format(name)}: {type(error).__name__}: {error}".removesuffix(": ")) from error


_UNCLEAR = "whether its effect `{}` happened when it was tried before cannot be told, so it is not repeated"
