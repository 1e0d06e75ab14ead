"""What an examination is made of: immutable values, and what they come to. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias


class Answer(StrEnum):
    """``PROBLEM``: something does not work; ``WARNING``: it works, and will not for long, or not as somebody means.
    ``UNKNOWN``: it could not be seen, which is neither well nor ill."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


class Question(NamedTuple):
    """``name`` is what programs know it by, ``area.subject``; ``asks`` is the question in words."""

    name: str
    asks: str

    @property
    def area(self) -> str:
        """The area that it belongs to."""
        return self.name.partition(".")[0]


class Told(NamedTuple):
    """An answer, what was seen as a clause, and what to do about it as sentences, empty where nothing is to be done."""

    answer: Answer
    seen: str
    remedy: str = ""


class Checked(NamedTuple):
    """A question and what it was told."""

    question: Question
    told: Told


Look: TypeAlias = Callable[[], Iterator[Checked]]


@dataclass(frozen=True, slots=True)
class Area:
    """Questions that one look answers, one after the other; it may answer more than are known beforehand."""

    questions: tuple[Question, ...]
    look: Look


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was asked, in the order of the areas."""

    checks: tuple[Checked, ...]

    @property
    def counts(self) -> Mapping[Answer, int]:
        """How many checks have each answer."""
        counted = Counter(check.told.answer for check in self.checks)
        return {answer: counted[answer] for answer in Answer}

    def sound(self, strict: bool = False) -> bool:
        """Whether nothing is a problem; under ``strict`` no warning counts as sound, and nothing that is unknown."""
        unsound = {Answer.PROBLEM, Answer.WARNING, Answer.UNKNOWN} if strict else {Answer.PROBLEM}
        return not any(check.told.answer in unsound for check in self.checks)


def well(seen: str) -> Told:
    """All is as it should be."""
    return Told(Answer.OK, seen)


def warning(seen: str, remedy: str) -> Told:
    """It works, and something should be done."""
    return Told(Answer.WARNING, seen, remedy)


def problem(seen: str, remedy: str) -> Told:
    """It does not work."""
    return Told(Answer.PROBLEM, seen, remedy)


def unknown(seen: str, remedy: str = "") -> Told:
    """It could not be seen."""
    return Told(Answer.UNKNOWN, seen, remedy)


def examples(names: Sequence[str], most: int = 3) -> str:
    """The first names, and how many there are more: ``a, b, c and 4 more``."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
