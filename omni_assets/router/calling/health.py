"""Whether an endpoint can be asked: a circuit breaker for each, and a health check that costs nothing.

::

    closed ──(failures one after the other)──▶ open ──(it has rested)──▶ half-open ──(a call came back)──▶ closed
                                                ▲                            │
                                                └──────(its call failed)─────┘

Half-open, one call goes through; the rest wait for what becomes of it. An endpoint rests twice as long each time that
it fails again, up to a limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from omni_assets.router.calling.failures import Failed

if TYPE_CHECKING:
    from omni_assets.router.calling.client import Client

SECONDS_TO_LOOK = 3.0
"""The most that a health check takes."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How much of an endpoint is borne: so many failures one after the other, and how many seconds it then rests."""

    failures: int = 5
    rest_seconds: float = 5.0
    longest_rest_seconds: float = 300.0

    def rest(self, rests: int) -> float:
        """Seconds of the rest after so many others."""
        return min(self.rest_seconds * 2.0 ** min(rests, 60), self.longest_rest_seconds)


@dataclass(frozen=True, slots=True)
class Closed:
    """Calls go through. ``failures`` came one after the other, the last of them just now."""

    failures: int = 0


@dataclass(frozen=True, slots=True)
class Open:
    """No call goes through before ``until``. ``rests`` it had before, and ``reason`` is the last failure."""

    until: float
    rests: int
    reason: str


@dataclass(frozen=True, slots=True)
class HalfOpen:
    """One call is on its way, and decides. It came after ``rests``, the last for ``reason``."""

    rests: int
    reason: str


State: TypeAlias = Closed | Open | HalfOpen


def admitted(state: State, now: float) -> State | None:
    """The state once a call is let through ``now``, in seconds of the monotonic clock, or ``None`` where none is."""
    match state:
        case Closed():
            return state
        case Open(until, rests, reason) if now >= until:
            return HalfOpen(rests + 1, reason)
        case _:
            return None


def succeeded(_: State) -> State:
    """The state once a call came back: whatever was before, the endpoint answers."""
    return Closed()


def failed(state: State, now: float, reason: str, patience: Patience) -> State:
    """The state once a call failed in a way that speaks of the endpoint, ``now``, in seconds of the monotonic clock."""
    match state:
        case Closed(failures) if failures + 1 < patience.failures:
            return replace(state, failures=failures + 1)
        case Closed():
            return Open(now + patience.rest(0), 0, reason)
        case HalfOpen(rests):
            return Open(now + patience.rest(rests), rests, reason)
        case Open():
            return state


def abandoned(state: State, now: float) -> State:
    """The state once a call ended without a word about the endpoint, ``now``, in seconds of the monotonic clock: the
    next one decides in its stead.
    """
    return Open(now, state.rests - 1, state.reason) if isinstance(state, HalfOpen) else state


class Breaker:
    """The circuit breaker of one endpoint. ``clock`` gives seconds that never go back."""

    def __init__(self, patience: Patience | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience = patience or Patience()
        self._clock = clock
        self.state: State = Closed()

    def admit(self) -> bool:
        """Whether a call may go through now. What becomes of it has to be told afterwards."""
        state = admitted(self.state, self._clock())
        if state is not None:
            self.state = state
        return state is not None

    def succeeded(self) -> None:
        """A call came back, be it with an answer or with a refusal."""
        self.state = succeeded(self.state)

    def failed(self, reason: str) -> None:
        """A call failed in a way that speaks of the endpoint."""
        self.state = failed(self.state, self._clock(), reason, self._patience)

    def abandoned(self) -> None:
        """A call ended without a word about the endpoint: it was cancelled."""
        self.state = abandoned(self.state, self._clock())

    def trip(self, reason: str) -> None:
        """Open at once, for what a health check found."""
        self.state = Open(self._clock() + self._patience.rest(0), 0, reason)

    def why_not(self) -> str | None:
        """Why no call would go through now, as a clause; ``None`` where one would."""
        state, now = self.state, self._clock()
        match state:
            case Open(until, _, reason) if now < until:
                return f"its endpoint is down and is asked again in {until - now:.0f} s ({reason})"
            case HalfOpen(_, reason):
                return f"its endpoint was down, and one call finds out whether it still is ({reason})"
            case _:
                return None


@dataclass(frozen=True, slots=True)
class Health:
    """What a health check found. ``unlisted`` are models that the catalog has there and the endpoint does not list."""

    endpoint: str
    latency_seconds: float
    problem: str | None = None
    unlisted: tuple[str, ...] = ()


async def look(name: str, client: Client, served_names: Iterable[str], seconds: float = SECONDS_TO_LOOK) -> Health:
    """Ask an endpoint for its models, which none charges for. Only where it cannot be reached, or fails itself,
    is there a problem: a list that is not there, or is not for this key, proves nothing against it.
    """
    started = time.monotonic()
    listed = await client.models(seconds)
    latency = time.monotonic() - started
    if isinstance(listed, Failed):
        return Health(name, latency, listed.message)
    missing = sorted(set(served_names) - set(listed)) if listed else ()
    return Health(name, latency, unlisted=tuple(missing))
