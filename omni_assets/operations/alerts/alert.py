"""What is wrong now: immutable values. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What can be wrong."""

    DRIFT = "drift"
    CHECK = "check"
    RUN = "run"
    BUDGET = "budget"
    BROKER = "broker"
    DEAD_LETTERS = "dead_letters"
    APPROVALS = "approvals"


class Severity(StrEnum):
    """How bad it is."""

    WARNING = "warning"
    ERROR = "error"


class Occasion(StrEnum):
    """Why something is said. What is only ``noticed`` is not yet, and what ``passed`` before it was told never is."""

    NOTICED = "noticed"
    APPEARED = "appeared"
    GREW = "grew"
    REMINDER = "reminder"
    OVER = "over"
    PASSED = "passed"


SILENT = frozenset({Occasion.NOTICED, Occasion.PASSED})
ENDED = frozenset({Occasion.OVER, Occasion.PASSED})

NO_PATIENCE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that is wrong now. The same thing has the same ``key``, however it is worded.

    ``title`` is a line, ``text`` what there is to know, and what to do; ``owner`` the node that answers for it. It is
    told again where ``newest``, when the latest part of it began, moves on. Until it has stood for its ``patience`` it
    is not told at all.
    """

    kind: Kind
    key: str
    severity: Severity
    title: str
    text: str
    owner: str = ""
    newest: datetime | None = None
    patience: timedelta = NO_PATIENCE


@dataclass(frozen=True, slots=True)
class Look:
    """What is wrong of the kinds that could be looked at. Of the other kinds nothing is known: none of them is over."""

    kinds: frozenset[Kind]
    alerts: tuple[Alert, ...] = ()

    def __or__(self, other: Look) -> Look:
        """Both looks together; a kind is looked at once."""
        return Look(self.kinds | other.kinds, (*self.alerts, *other.alerts))


NOTHING_SEEN = Look(frozenset())
