"""Areas are looked at side by side; what one of them does is its own affair."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from omni_assets.errors import BrokerRefused
from omni_assets.operations.doctor.examination import (
    Answer,
    Area,
    Checked,
    Examination,
    Question,
    Told,
    examples,
    problem,
    unknown,
    warning,
    well,
)
from omni_assets.operations.doctor.examining import LeftOpen, examine

FIRST, SECOND, THIRD = (Question(f"a.{name}", "?") for name in ("first", "second", "third"))


def answered(*told: Checked, then: Exception | None = None) -> Area:
    def look() -> Iterator[Checked]:
        yield from told
        if then is not None:
            raise then

    return Area((FIRST, SECOND), look)


def test_known_questions_come_in_their_order_and_what_else_was_told_after_them() -> None:
    done = examine([answered(Checked(THIRD, well("c")), Checked(SECOND, well("b")), Checked(FIRST, well("a")))])
    assert [check.question for check in done.checks] == [FIRST, SECOND, THIRD]
    assert done.sound(strict=True)


@pytest.mark.parametrize(
    ("then", "seen"),
    [
        (None, "it was not told"),
        (LeftOpen("nobody is there"), "not asked, since nobody is there"),
        (BrokerRefused("a request", "no"), "the broker refused a request: no"),
        (KeyError("sasl.password=hunter2"), "an unforeseen KeyError ended the look"),
    ],
)
def test_what_a_look_leaves_open_is_unknown_and_says_why(then: Exception | None, seen: str) -> None:
    done = examine([answered(Checked(FIRST, well("a")), then=then), answered(Checked(FIRST, problem("b", "c.")))])
    assert [check.told.answer for check in done.checks] == [Answer.OK, Answer.UNKNOWN, Answer.PROBLEM, Answer.UNKNOWN]
    assert done.checks[1].told.seen == seen


def test_a_look_that_hangs_holds_up_no_other() -> None:
    ended = threading.Event()

    def hang() -> Iterator[Checked]:
        yield Checked(FIRST, well("a"))
        ended.wait()

    said: list[tuple[int, int]] = []
    done = examine([Area((FIRST, SECOND), hang), answered()], lambda *each: said.append(each), seconds=0.5)
    ended.set()
    assert [check.told.answer for check in done.checks] == [Answer.OK, *[Answer.UNKNOWN] * 3]
    assert done.checks[1].told.seen.startswith("nothing was told within")
    assert said == [(0, 2), (1, 2)]


@pytest.mark.parametrize(
    ("told", "sound", "strictly"),
    [
        (well("a"), True, True),
        (warning("a", "b."), True, False),
        (unknown("a"), True, False),
        (problem("a", "b."), False, False),
    ],
)
def test_what_counts_as_sound(told: Told, sound: bool, strictly: bool) -> None:
    done = Examination((Checked(FIRST, told),))
    assert (done.sound(), done.sound(strict=True)) == (sound, strictly)
    assert done.counts == {answer: int(answer is told.answer) for answer in Answer}


def test_many_names_are_counted() -> None:
    assert examples(["a", "b"]) == "a, b"
    assert examples(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
