"""Effects outside the bus, such as a merge: each is written down before it happens, and never blindly repeated.

A transaction of the bus does not cover the outside world. So an intent stands in a topic of its own before anything
happens there; whoever tries the task again finds it, and asks the effect itself whether it happened.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import Event
from omni_assets.agents.handlers import Said
from omni_assets.agents.task_context import TaskContext, undeclared
from omni_assets.agents.task_receipt import EffectOutcome, TaskEffect, result_id
from omni_assets.agents.terms import requeue_of
from omni_assets.broker.assignment import Partition
from omni_assets.broker.worker import SESSION_MS, Outgoing
from omni_assets.contracts.text import visible

MOST_INTENTS = 100_000
"""Intents that are remembered, the newest ones. Where there were more, every effect is asked after first."""


LEAVING_SECONDS = 60.0
"""How long partitions are kept from whoever has them next, while an effect of theirs is under way."""

_PAUSE = 0.02


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


class _Known(NamedTuple):
    """An intent that stands there: of which effect, and whether it was written here."""

    name: str
    own: bool


class Effects:
    """The effects of one node: those that its contract declares, and the intents of them that were written down.

    It is used from several threads. Who had the partitions before may still be within an effect, and hears within
    ``session`` seconds that they are somebody else's: until then nothing that it began is done again.
    """

    def __init__(
        self,
        declared: Iterable[str] = (),
        sink: Sink | None = None,
        most: int = MOST_INTENTS,
        session: float = SESSION_MS / 1_000,
    ) -> None:
        self._declared = tuple(declared) if sink is not None else ()
        self._sink = sink
        self._most = most
        self._session = session
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._since = time.monotonic()
        self._whole = True
        self._in_work: dict[str, Partition] = {}
        self._left = -1  # the latest assignment that was given back
        self._looked: float | None = None
        self._pauses = self._pauses_before = 0
        self._changed = threading.Condition()

    def recall(self, recalled: Recalled) -> None:
        """What others wrote down counts from now on."""
        self.pauses()
        with self._changed:
            self._pauses_before = self._pauses
            self._since = time.monotonic()
            self._whole = self._whole and recalled.whole
            for key, name in recalled.names.items():
                self._remember(key, _Known(name, own=False))

    def begin(
        self, event: Event, context: TaskContext, noted: MutableMapping[str, TaskEffect], at: Partition | None = None
    ) -> Steps:
        """One try of a task, as a context manager: what it does counts until it is left, and is noted by key. ``at`` is
        the partition that it holds, where that is not the one of its context.
        """
        return Steps(self, event, context, noted, at or context.place.partition)

    def alive(self) -> None:
        """To be called all the time, while partitions are held."""
        self._looked = self._looked or time.monotonic()
        self.pauses()

    def pauses(self) -> int:
        """How often everything here stood still for longer than a session: others may have had the partitions."""
        with self._changed:
            now = time.monotonic()
            if self._looked is not None:
                self._pauses += now - self._looked > self._session
                self._looked = now
            return self._pauses

    def undisturbed(self) -> bool:
        """Whether nobody else can have written an intent down since those that stand there were read."""
        return self._whole and self.pauses() == self._pauses_before

    def to_wait(self, key: str) -> float:
        """How many seconds it takes until whoever else wrote down that intent is within its effect no longer."""
        with self._changed:
            known = self._known.get(key)
            if known is None or known.own:
                return 0.0
            return max(0.0, self._since + self._session - time.monotonic())

    def leave(self, partitions: Iterable[Partition], seconds: float = LEAVING_SECONDS) -> None:
        """No effect begins any more in partitions of an assignment that is given back; those under way are waited for,
        so that whoever has them next finds them.
        """
        with self._changed:
            self._left = max((each.assignment for each in partitions), default=self._left)
            self._changed.wait_for(lambda: not any(map(self._is_left, self._in_work.values())), seconds)

    def intend(self, name: str, key: str, step: int, event: Event, context: TaskContext, about: Any) -> bool:
        """Write the intent down, unless it is there: that of the effect which is the task's ``step``th, from 1. Whether
        the effect may have happened already, be it elsewhere.

        Raises ``Hopeless`` where the contract does not say that there is such an effect, or the intent is of another.
        """
        if self._sink is None or name not in self._declared:
            raise undeclared(name, self._declared)
        with self._changed:
            earlier = self._known.get(key)
        if earlier is None:
            said = Said(_intent(name, key, context, about), self._sink.topic, key.encode())
            self._sink.append(self._sink.publish(said, event, result_id(context.id, -step), said.key))
            with self._changed:
                self._remember(key, _Known(name, own=True))
            # The task of a letter that was sent again was tried before, at another place.
            return not self.undisturbed() or requeue_of(event, context.node) is not None
        if earlier.name not in ("", name):
            was = visible(earlier.name)
            raise Hopeless(f"its effect {step} was `{was}` when it was tried before, and is `{name}` now")
        return True

    def enter(self, key: str, at: Partition, wait: float | None) -> bool:
        """Begin with an effect, once what was begun for its key before, and nobody waits for any more, has ended.
        Whether that is so within ``wait`` seconds; without them it is waited for.

        Raises ``EffectUnclear`` where its partition was given back.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: key not in self._in_work, wait):
                return False
            if self._is_left(at):
                raise EffectUnclear("its partition was given back before the effect began")
            self._in_work[key] = at
            return True

    def exit(self, key: str) -> None:
        """An effect is under way no longer."""
        with self._changed:
            self._in_work.pop(key, None)
            self._changed.notify_all()

    def _is_left(self, at: Partition) -> bool:
        return at.assignment <= self._left

    def _remember(self, key: str, known: _Known) -> None:
        self._known[key] = known
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
    _at: Partition
    _number: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def perform(self, name: str, do: Callable[[], Any], find: Callable[[], Any], about: Any) -> Any:
        """As ``TaskContext.effect``."""
        step, key = self._next()
        self._effects.enter(key, self._at, None)
        try:
            self._go_on()
            ask = self._effects.intend(name, key, step, self._event, self._context, about)
            self._note(name, key, EffectOutcome.UNKNOWN)
            while ask:
                pauses = self._effects.pauses()
                with _telling(name):
                    found = find()
                if found is not None:
                    return self._came(name, key, EffectOutcome.FOUND, found)
                wait = self._effects.to_wait(key)
                time.sleep(wait)
                ask = wait > 0 or self._effects.pauses() != pauses
            self._go_on()
            return self._came(name, key, EffectOutcome.DONE, do())
        finally:
            self._effects.exit(key)

    async def perform_async(
        self, name: str, do: Callable[[], Awaitable[Any]], find: Callable[[], Awaitable[Any]], about: Any
    ) -> Any:
        """As ``TaskContext.effect_async``."""
        step, key = self._next()
        while not self._effects.enter(key, self._at, 0):  # noqa: ASYNC110 - threads tell of it
            await asyncio.sleep(_PAUSE)

        def over(ended: asyncio.Task[Any]) -> None:
            self._effects.exit(key)
            if not ended.cancelled():
                ended.exception()  # which is nobody's where nobody waits any more

        # What is under way comes to its end, as in a thread, whoever waits for it.
        under_way = asyncio.create_task(self._perform_async(step, key, name, do, find, about))
        under_way.add_done_callback(over)
        return await asyncio.shield(under_way)

    async def _perform_async(
        self,
        step: int,
        key: str,
        name: str,
        do: Callable[[], Awaitable[Any]],
        find: Callable[[], Awaitable[Any]],
        about: Any,
    ) -> Any:
        ask = await asyncio.to_thread(self._effects.intend, name, key, step, self._event, self._context, about)
        self._note(name, key, EffectOutcome.UNKNOWN)
        while ask:
            pauses = self._effects.pauses()
            with _telling(name):
                found = await find()
            if found is not None:
                return self._came(name, key, EffectOutcome.FOUND, found)
            wait = self._effects.to_wait(key)
            await asyncio.sleep(wait)
            ask = wait > 0 or self._effects.pauses() != pauses
        self._go_on()
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
