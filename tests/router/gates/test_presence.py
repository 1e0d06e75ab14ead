"""Whether there is an output, of the size that is wanted, with its end, and no refusal or circle."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router.gates.gate import Verdict
from omni_assets.router.values import FinishReason, OutputFormat


@pytest.mark.parametrize("text", ["", " \n\t", "...", "-- !? --", "\x00\x07", "\u200b\u2060", "```\n```", "<think>so"])
def test_nothing_is_no_answer(text: str, held: Any) -> None:
    assert held("not-empty", text).verdict is Verdict.FAILED


@pytest.mark.parametrize("text", ["a", "7", " é ", "{}1", "はい"])
def test_a_letter_or_a_digit_is_something(text: str, held: Any) -> None:
    assert held("not-empty", text).verdict is Verdict.PASSED


@given(text=st.text("ab\n", max_size=30), least=st.integers(0, 30), more=st.integers(0, 30) | st.none())
def test_lengths_are_those_of_the_output(text: str, least: int, more: int | None, held: Any) -> None:
    most = None if more is None else least + more
    size = len(text.strip("\n "))
    check = held("length-bounds", text, {"least": least, "most": most})
    assert (check.verdict is Verdict.PASSED) is (least <= size and (most is None or size <= most))


@pytest.mark.parametrize(("text", "lines"), [("", 0), ("a", 1), ("a\nb", 2), ("a\nb\n", 2)])
def test_lines_are_counted_as_people_do(text: str, lines: int, held: Any) -> None:
    bounds = {"least": 0, "least_lines": lines, "most_lines": lines}
    assert held("length-bounds", text, bounds).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("reason", "verdict"),
    [
        (FinishReason.STOP, Verdict.PASSED),
        (FinishReason.TOOL_CALLS, Verdict.PASSED),
        (FinishReason.LENGTH, Verdict.FAILED),
        (FinishReason.CONTENT_FILTER, Verdict.FAILED),
        (FinishReason.UNKNOWN, Verdict.UNKNOWN),
    ],
)
def test_who_was_cut_off_did_not_end(reason: FinishReason, verdict: Verdict, held: Any) -> None:
    assert held("not-truncated", "text", finish_reason=reason).verdict is verdict


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't assist with that.",
        "I\u2019m sorry, but I can\u2019t help with that request.",
        "Sorry, I am unable to open files.",
        "I cannot provide medical advice.",
        "As an AI language model, I have no opinion.",
        "Unfortunately, I'm not able to run code.",
        "I must decline.",
        "I don't have access to your repository.",
        "I apologize, but I cannot do this.",
        '{"label": "I cannot answer that"}',
        '{"steps": [{"title": "I\'m unable to plan this"}]}',
    ],
)
def test_a_refusal_is_heard(text: str, held: Any) -> None:
    output_format = OutputFormat.JSON if text.startswith("{") else OutputFormat.TEXT
    check = held("no-refusal", text, output_format=output_format)
    assert check.verdict is Verdict.FAILED
    assert "begins with a refusal: “" in check.evidence


@pytest.mark.parametrize(
    "text",
    [
        "The service cannot assist two clients at once.",
        "It failed: 'sorry, try again' is printed where a number is expected.",
        "The retry is sorry code. It waits for ever.",
        f"{'The plan is long. ' * 20} I cannot help with the rest.",
        '{"label": "bug"}',
    ],
)
def test_what_is_no_refusal_is_none(text: str, held: Any) -> None:
    assert held("no-refusal", text, output_format=OutputFormat.JSON).verdict is Verdict.PASSED


def test_phrases_of_ones_own_are_heard_too(held: Any) -> None:
    text = "Das kann ich nicht."
    assert held("no-refusal", text).verdict is Verdict.PASSED
    check = held("no-refusal", text, {"phrases": ["kann ich nicht"]})
    assert (check.verdict, check.evidence) == (Verdict.FAILED, "the output begins with a refusal: “kann ich nicht”")


def prose(words: int, seed: int) -> str:
    source = random.Random(seed)
    return " ".join("".join(source.choices("abcdefghijklmnop", k=source.randint(2, 9))) for _ in range(words))


@pytest.mark.parametrize("text", ["ha" * 5000, "the same again. " * 100, prose(50, 1) + " over and over and on" * 400])
def test_circles_are_seen(text: str, held: Any) -> None:
    assert held("not-degenerate", text).verdict is Verdict.FAILED


@given(words=st.integers(0, 400), seed=st.integers(0, 5))
def test_a_text_that_repeats_nothing_runs_in_no_circle(words: int, seed: int, held: Any) -> None:
    assert held("not-degenerate", prose(words, seed), prompt=prose(400, 99)).verdict is Verdict.PASSED


def test_the_prompt_given_back_is_no_answer(held: Any) -> None:
    asked = prose(200, 1)
    check = held("not-degenerate", asked, prompt=f"Sum this up: {asked}")
    assert (check.verdict, check.evidence) == (Verdict.FAILED, "100% of the output is the prompt given back")
    assert held("not-degenerate", f"{prose(100, 2)} {asked[:400]}", prompt=asked).verdict is Verdict.PASSED
    assert held("not-degenerate", asked, {"most_copied": 1}, prompt=asked).verdict is Verdict.PASSED


def test_a_short_answer_may_stand_in_the_prompt(held: Any) -> None:
    assert held("not-degenerate", "bug", prompt="Is it a bug or a feature?").verdict is Verdict.PASSED
