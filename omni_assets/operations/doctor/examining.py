"""Areas looked at side by side, each within its time: one that hangs or breaks hides no other.

A look runs in a thread that no end of this process waits for. What it did not answer in time is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import NamedTuple, TypeAlias

from omni_assets.errors import OmniError
from omni_assets.operations.doctor.examination import Area, Checked, Examination, Told, problem, unknown

SECONDS = 60.0
"""Most seconds that the whole examination takes."""

Notify: TypeAlias = Callable[[int, int], None]
"""Told how many areas are done, and how many there are."""


class LeftOpen(Exception):
    """Raised by a look that cannot go on; says, as a clause, why its other questions are not asked."""


class _Ended(NamedTuple):
    """A look is over; ``told`` says of the questions that it left open why they are."""

    told: Told


_LATE = unknown(f"nothing was told within {SECONDS:g} s", "Ask again; `omni doctor` waits no longer for one answer.")
_LEFT_OPEN = _Ended(unknown("it was not told"))


def examine(areas: Sequence[Area], notify: Notify = lambda _done, _of: None, seconds: float = SECONDS) -> Examination:
    """Look at all areas at once. Takes ``seconds`` at most, and raises nothing of what a look raises."""
    heard: SimpleQueue[tuple[int, Checked | _Ended]] = SimpleQueue()
    for number, area in enumerate(areas):
        Thread(target=_attend, args=(number, area, heard), name="omni-doctor", daemon=True).start()
    answers: list[list[Checked]] = [[] for _ in areas]
    over: dict[int, Told] = {}
    deadline = monotonic() + seconds
    notify(0, len(areas))
    while len(over) < len(areas):
        try:
            number, said = heard.get(timeout=max(deadline - monotonic(), 0.0))
        except Empty:
            break
        if isinstance(said, _Ended):
            over[number] = said.told
            notify(len(over), len(areas))
        else:
            answers[number].append(said)
    return Examination(
        tuple(
            check
            for number, area in enumerate(areas)
            for check in _in_order(area, answers[number], over.get(number, _LATE))
        )
    )


def told_by(error: OmniError) -> Told:
    """An error as the answer to what it kept from working."""
    return problem(clause_of(error), error.remedy or "Mend that first.")


def clause_of(error: OmniError) -> str:
    """What an error says, on one line and without its stop."""
    return " ".join(error.message.split("\n")).rstrip(".")


def _attend(number: int, area: Area, heard: SimpleQueue[tuple[int, Checked | _Ended]]) -> None:
    ended = _LEFT_OPEN
    try:
        for check in area.look():
            heard.put((number, check))
    except LeftOpen as why:
        ended = _Ended(unknown(f"not asked, since {why}"))
    except OmniError as error:
        ended = _Ended(unknown(clause_of(error), error.remedy))
    except Exception as error:  # noqa: BLE001 - whatever breaks one look must not break the others
        # Its words are not told: they may hold anything, a secret too.
        ended = _Ended(unknown(f"an unforeseen {type(error).__name__} ended the look", "Report it."))
    heard.put((number, ended))


def _in_order(area: Area, answers: Sequence[Checked], otherwise: Told) -> list[Checked]:
    """The known questions first, those that nobody answered too, then what else was told."""
    told = {check.question: check.told for check in answers}
    known = [Checked(question, told.pop(question, otherwise)) for question in area.questions]
    return [*known, *(Checked(question, said) for question, said in told.items())]
