"""Answers that say the same, however they are written, and those that do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router.gates.meaning import meaning

SAME = [
    ("1800", "$1,800.00", 1800, 1800.0, "1800 miles", "\\$1,800", "**1800**".strip("*"), "$1800$", "x = 1800"),
    ("0.5", "\\frac{1}{2}", "1/2", "\\dfrac{1}{2}", "\\(\\frac{1}{2}\\)", ".5", "\\boxed{\\frac12}"),
    ("{'a': 1, 'b': [2]}", '{"b": [2], "a": 1}', {"a": 1, "b": [2]}, "{ 'a':1,'b':[ 2 ] }"),
    ("{1, 2}", "{2, 1}"),
    ("'hello'", "hello", '"hello"', "Hello", " hello. "),
    ("\\frac{3\\sqrt{2}}{2}", "3\\sqrt{2}/2", "(3\\sqrt2)/2", "\\frac{3 \\sqrt{2}}{2}"),
    ("2\\pi", "2π", "2 \\pi", "$2\\pi$"),
    ("True", True),
    ("50\\%", "50%", "50"),
]
OTHER = ["1800", "18000", "180", "-1800", "0.5", "{1: 2}", "{2: 1}", "[1, 2]", "[2, 1]", "hello", "", "2\\pi", "x+1"]


@pytest.mark.parametrize("answers", SAME, ids=str)
def test_one_meaning(answers: tuple[object, ...]) -> None:
    assert len({meaning(answer) for answer in answers}) == 1, {answer: meaning(answer) for answer in map(str, answers)}


def test_other_meanings() -> None:
    assert len({meaning(answer) for answer in OTHER}) == len(OTHER)
    assert meaning(None) is None


@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_whatever_is_answered_means_something(answer: object) -> None:
    said = meaning(answer)
    assert said == meaning(answer)
    assert (said is None) <= (answer is None or not isinstance(answer, str))


@given(st.integers(-(10**9), 10**9))
def test_a_number_is_what_it_is_worth(number: int) -> None:
    written = {str(number), f"{number:,}", f"{number}.0", f"${number}$", number, float(number)}
    assert len({meaning(each) for each in written}) == 1


@pytest.mark.parametrize(
    "text",
    ["(" * 2000, "{" * 1999, "\\frac{" * 300, "[" * 1000 + "]" * 1000, "9" * 2000, "1e999", "'" * 1000, "$" * 1999],
)
def test_hostile_answers_are_compared_as_they_stand(text: str) -> None:
    assert meaning(text) is not None
    assert meaning(text * 1000) == meaning(text * 1000)
