"""The learned classifier: what it makes of requests that it has not seen, and that it is always alike."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from difflib import SequenceMatcher

import pytest

from omni_assets.errors import ExtraMissing
from omni_assets.router.classifying import learned
from omni_assets.router.classifying.learned import by_examples, examples, likelihoods
from omni_assets.router.task import Task
from omni_assets.router.task_class import TaskClass

Classes = Mapping[str, TaskClass]


def test_there_are_a_few_dozen_examples_of_every_class(classes: Classes) -> None:
    assert set(examples()) == set(classes)
    assert all(len(requests) >= 30 for requests in examples().values())
    texts = [text for requests in examples().values() for text in requests]
    assert len(set(texts)) == len(texts)
    assert all(text.strip() == text != "" for text in texts)


def test_what_is_held_out_is_not_among_the_examples(held_out: list[tuple[str, str]]) -> None:
    for text, name in held_out:
        assert all(SequenceMatcher(None, text, known).ratio() < 0.9 for known in examples()[name]), text


def test_requests_that_it_has_not_seen(classes: Classes, held_out: list[tuple[str, str]]) -> None:
    """docs/routing.md states what it reaches; a little below is what must hold."""
    told = []
    for text, name in held_out:
        by, shares = by_examples(Task(id="t", inputs={"request": text}), list(classes.values()))
        found = max(shares, key=lambda each: shares[each])
        told.append((found == name, shares[found]))
        assert by == "examples"
        assert math.isclose(sum(shares.values()), 1)
    sure = [right for right, confidence in told if confidence >= 0.5]
    assert sum(right for right, _ in told) >= 0.9 * len(told)
    assert len(sure) >= 0.8 * len(told)
    assert sum(sure) >= 0.95 * len(sure)


def test_it_learns_the_same_each_time() -> None:
    first = likelihoods("Break the goal down into milestones.")
    learned._learnt.cache_clear()
    assert likelihoods("Break the goal down into milestones.") == first


def test_a_class_without_examples_leaves_it_to_the_rules(classes: Classes) -> None:
    own = classes["planning"].model_copy(update={"name": "my-own", "keywords": ("horoscope",)})
    by, shares = by_examples(Task(id="t", inputs={"request": "A horoscope, please."}), [*classes.values(), own])
    assert by == "rules"
    assert max(shares, key=lambda each: shares[each]) == "my-own"


def test_what_a_task_carries_counts_too(classes: Classes) -> None:
    said = {"request": "Have a look at this and tell me what you think."}
    plain = by_examples(Task(id="t", inputs=said), list(classes.values()))[1]
    changed = Task.model_validate(
        {"id": "t", "inputs": said, "sources": [{"id": "a.py", "text": "x", "changed_lines": [1]}]}
    )
    assert by_examples(changed, list(classes.values()))[1]["code-review"] > plain["code-review"]


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    learned._learnt.cache_clear()
    monkeypatch.setitem(sys.modules, "sklearn.pipeline", None)
    with pytest.raises(ExtraMissing, match=r"omni-assets\[classify\]"):
        likelihoods("anything")


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "x" * 10_000, "😀" * 50])
def test_any_text_has_its_likelihoods(text: str) -> None:
    assert math.isclose(sum(likelihoods(text).values()), 1)
