"""Tasks that end the process of their worker: what was under way as it died is worked on alone by the next one, and is
given up where that dies of it again.

A call of a handler is written down as it begins and as it ends, in a log that outlives the process. Who dies by itself
with several calls under way leaves several suspects; who dies with one alone leaves no doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from omni_assets.agents.attempts import Hopeless

MOST_DEATHS = 3
"""How often the process of a worker may end during a task before that is given up."""

MOST_SUSPECTS = 1_000
"""Suspects that are remembered, the latest ones."""

_BEGUN, _ALONE, _ENDED, _DIED = "begun", "alone", "ended", "died"


class EndsItsWorker(Hopeless):
    """The process of the worker ended whenever the task was worked on, at last with no other beside it."""

    def __init__(self, deaths: int) -> None:
        super().__init__(f"the process of its worker ended {deaths} times while it was worked on")


def suspects(lines: Iterable[str]) -> dict[str, int]:
    """The tasks that a process which is dead may have died of, with the deaths that each was there at.

    Lines that say something else are passed over: the last one may be cut off.
    """
    under_way: dict[str, str] = {}
    deaths: dict[str, int] = {}
    for line in lines:
        match line.split():
            case [what, task] if what in (_BEGUN, _ALONE):
                under_way[task] = what
            case [what, task] if what == _ENDED:
                under_way.pop(task, None)
                deaths.pop(task, None)
            case [what, task, number] if what == _DIED and number.isascii() and number.isdecimal():
                deaths[task] = int(number)
    alone = [task for task, what in under_way.items() if what == _ALONE]
    for task in alone or under_way:
        deaths[task] = deaths.get(task, 0) + 1
    return dict(list(deaths.items())[-MOST_SUSPECTS:])


def earlier(lines: Iterable[str]) -> list[str]:
    """Of a log, what says of deaths before it was begun: all that counts while its own process lives."""
    return [line for line in lines if line.startswith(f"{_DIED} ")]


class Calls:
    """The calls of the handler of one node, as they begin and end; ``write`` takes a line of the log."""

    def __init__(self, deaths: Mapping[str, int], write: Callable[[str], None]) -> None:
        self._deaths = dict(deaths)
        self._under_way: dict[str, str] = {}
        self._write = write

    def deaths(self, task: str) -> int:
        """How many processes may have died of a task."""
        return self._deaths.get(task, 0)

    @contextmanager
    def under_way(self, task: str) -> Iterator[None]:
        """A call for a task. Whatever comes of it, it did not end the process."""
        what = _ALONE if task in self._deaths else _BEGUN
        self._under_way[task] = what
        self._write(f"{what} {task}\n")
        try:
            yield
        finally:
            del self._under_way[task]
            self._deaths.pop(task, None)
            self._write(f"{_ENDED} {task}\n")

    def lines(self) -> Iterator[str]:
        """The log anew, without what is over."""
        yield from (f"{_DIED} {task} {number}\n" for task, number in self._deaths.items())
        yield from (f"{what} {task}\n" for task, what in self._under_way.items())


NO_LOG = Calls({}, lambda _: None)
"""Where nobody writes anything down."""
