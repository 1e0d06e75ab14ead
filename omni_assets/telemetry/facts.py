"""What is being worked on right now, so that each line of a log can say it: a run, a task, a place on the bus.

Facts belong to one course of work: tasks of an event loop, and threads that were given its context, have their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

Fact = str | int
_NONE: Mapping[str, Fact] = MappingProxyType({})
_current: ContextVar[Mapping[str, Fact]] = ContextVar("omni_facts", default=_NONE)


@contextmanager
def about(**facts: Fact) -> Iterator[None]:
    """What is logged within is about these, too."""
    token = _current.set({**_current.get(), **facts})
    try:
        yield
    finally:
        _current.reset(token)


def current() -> Mapping[str, Fact]:
    """What is being worked on here."""
    return _current.get()
