"""The verdict notices what it is there for: each thing that may go wrong is put in, one at a time."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.soak.sampling import Sample
from tests.soak.verdict import (
    GROWTH_KIB,
    LEAST_SECONDS,
    MORE,
    Books,
    Ended,
    Left,
    Noted,
    growths,
    lives,
    of_books,
    of_ends,
    of_left,
    of_samples,
)

GOOD = Books(
    submitted=["t0", "t1"],
    ledger=[
        Noted("r0", "echo", "t0", "done", ("a0",)),
        Noted("r1", "echo", "t1", "done", ("a1",)),
        Noted("r2", "echo", "t1", "duplicate"),
        Noted("r3", "counter", "a0", "done", ("c0",)),
        Noted("r4", "counter", "a1", "done", ("c1",)),
    ],
    projected=["r0", "r1", "r2", "r3", "r4"],
    rebuilt=["r4", "r3", "r2", "r1", "r0"],
    answered=["a0", "a1"],
    counted=["c0", "c1"],
)


def life(memory: list[float], name: str = "worker", pid: int = 1, **more: list[int]) -> list[Sample]:
    return [
        Sample(SECONDS * at, name, pid, int(each), **{what: more.get(what, [5] * len(memory))[at] for what in COUNTED})
        for at, each in enumerate(memory)
    ]


COUNTED = ("files", "threads", "children")
SECONDS = 10.0
LEAST = int(LEAST_SECONDS / SECONDS) + 1


def test_books_that_agree() -> None:
    assert list(of_books(GOOD)) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (replace(GOOD, submitted=["t0", "t1", "t2"]), "a task submitted has no receipt of echo: 1 of them, such as t2"),
        (replace(GOOD, submitted=["t0"]), "a receipt of echo belongs to no task submitted: 1 of them, such as t1"),
        (
            replace(GOOD, ledger=[*GOOD.ledger, Noted("r5", "echo", "t0", "done", ("a0",))]),
            "a task submitted has more than one receipt of echo: 1 of them, such as t0",
        ),
        (replace(GOOD, answered=["a0", "a1", "a1"]), "a result in a receipt of echo has more than one event answered"),
        (replace(GOOD, counted=["c0"]), "a result in a receipt of counter has no event counted: 1 of them, such as c1"),
        (replace(GOOD, projected=["r0"]), "a receipt in the ledger has no row of DuckDB: 4 of them, such as r1"),
        (replace(GOOD, rebuilt=[*GOOD.rebuilt, "r0"]), "has more than one row of a projection made anew: 1 of them"),
        (
            replace(GOOD, ledger=[*GOOD.ledger, Noted("r5", "echo", "t1", "dead-lettered")]),
            "1 tasks ended as dead-lettered, and none should have",
        ),
    ],
)
def test_books_that_do_not_agree(wrong: Books, said: str) -> None:
    assert any(said in each for each in of_books(wrong)), list(of_books(wrong))


@given(st.integers(0, 2**32), st.integers(50_000, 500_000))
def test_memory_that_only_wavers_is_flat(seed: int, mean: int) -> None:
    random = Random(seed)
    assert list(of_samples(life([mean + random.uniform(-1_000, 1_000) for _ in range(60)]))) == []


@given(st.integers(50_000, 500_000))
def test_memory_that_grows_is_not(mean: int) -> None:
    allowed = GROWTH_KIB + 0.06 * mean
    (said,) = of_samples(life([mean + 2.2 * allowed * at / 60 for at in range(60)]))
    assert said.startswith("worker grew by")


def test_what_grew_while_it_began_does_not_count() -> None:
    assert list(of_samples(life([1_000 * min(at, 20) for at in range(60)]))) == []


@pytest.mark.parametrize("what", COUNTED)
def test_more_and_more_of_something(what: str) -> None:
    (said,) = of_samples(life([1e5] * 40, **{what: [5] * 20 + [6 + MORE] * 20}))
    assert said == f"worker had 5 {what} first and {6 + MORE} at last"


def test_short_lives_and_others_of_that_name_are_told_apart() -> None:
    short = life([1e5] * (LEAST - 1), pid=2)
    assert lives([*short, *life([1e5] * LEAST, pid=1)]) == [life([1e5] * LEAST, pid=1)]
    assert growths(lives(short)) == []


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (Ended("a", -9, killed=True, complaint=""), ""),
        (Ended("a", 2, killed=False, complaint="omni: no broker answers."), ""),
        (Ended("a", -11, killed=False, complaint=""), "a ended with -11 by itself: it said nothing"),
        (Ended("a", 2, killed=False, complaint=" "), "a could not run, and did not say why"),
        (Ended("a", 1, killed=False, complaint="Traceback (most recent call last):\nKeyError"), "and a traceback"),
    ],
)
def test_ends(ended: Ended, said: str) -> None:
    found = list(of_ends([ended]))
    assert len(found) == bool(said)
    assert all(said in each for each in found)


def test_what_is_left() -> None:
    assert list(of_left(Left([], [], []))) == []
    assert list(of_left(Left(["omni worker"], ["a.lock"], ["b.tmp"]))) == [
        "a process is left: omni worker",
        "a locked file is left: a.lock",
        "a temporary file is left: b.tmp",
    ]
