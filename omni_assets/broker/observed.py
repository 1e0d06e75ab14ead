"""What is told of the calls of a broker's admin: a span for each, with how many requests it took."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from omni_assets.telemetry import conventions as names
from omni_assets.telemetry import signals


class _Counting(Protocol):
    """Counts the requests that it has made."""

    @property
    def calls(self) -> int: ...


_Admin = TypeVar("_Admin", bound=_Counting)
_Asked = ParamSpec("_Asked")
_Answer = TypeVar("_Answer")
_ABOUT: signals.Attributes = {names.MESSAGING_SYSTEM: names.KAFKA}


def observed(
    ask: Callable[Concatenate[_Admin, _Asked], _Answer],
) -> Callable[Concatenate[_Admin, _Asked], _Answer]:
    """A method that asks a broker, told of by its name. Of what it was asked nothing is told."""
    name = f"admin {ask.__name__}"

    @wraps(ask)
    def told(admin: _Admin, /, *arguments: _Asked.args, **options: _Asked.kwargs) -> _Answer:
        before = admin.calls
        with signals.span(name, signals.SpanKind.CLIENT, _ABOUT) as span:
            try:
                return ask(admin, *arguments, **options)
            finally:
                span.set({names.BROKER_CALLS: admin.calls - before})

    return told
