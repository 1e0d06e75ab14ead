"""The rules: keywords and what a task carries, in shares that make 1."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.router.classifying.rules import by_rules
from omni_assets.router.classifying.shares import in_shares
from omni_assets.router.task import Source, Task
from omni_assets.router.task_class import TaskClass

Classes = Mapping[str, TaskClass]


def likeliest(classes: Classes, **fields: object) -> tuple[str, float]:
    task = Task.model_validate({"id": "t", **fields})
    by, shares = by_rules(task, list(classes.values()))
    assert by == "rules"
    assert math.isclose(sum(shares.values()), 1)
    name = max(shares, key=lambda each: shares[each])
    return name, shares[name]


@pytest.mark.parametrize(
    ("carries", "name"),
    [
        ({"tests": "def test(): pass", "signature": "def f(): ..."}, {"code-generation", "refactoring"}),
        ({"sources": (Source(id="a", text="b", changed_lines=(1,)),)}, {"code-review"}),
    ],
)
def test_what_a_task_carries_speaks_for_the_class_that_uses_it(
    carries: dict[str, object], name: set[str], classes: Classes
) -> None:
    assert likeliest(classes, inputs={"request": "Please."}, **carries)[0] in name


def test_a_keyword_is_found_where_a_word_begins(classes: Classes) -> None:
    assert likeliest(classes, inputs={"request": "SUMMARIZED, please"})[0] == "summarization"
    alike = likeliest(classes, inputs={"request": "xsummarize"})[1]
    assert alike == likeliest(classes, inputs={"request": "x"})[1]


def test_several_keywords_of_several_classes_make_it_unclear(classes: Classes) -> None:
    assert likeliest(classes, inputs={"request": "Summarize the traceback and refactor."})[1] < 0.5


def test_the_rules_on_requests_that_they_were_not_made_with(classes: Classes, held_out: list[tuple[str, str]]) -> None:
    told = [(likeliest(classes, inputs={"request": text}), name) for text, name in held_out]
    sure = [(found, name) for (found, confidence), name in told if confidence >= 0.5]
    assert len(sure) >= 0.7 * len(told)
    assert sum(found == name for found, name in sure) >= 0.9 * len(sure)


@given(st.dictionaries(st.text(), st.floats(-1e6, 1e6), min_size=1))
def test_shares_make_one_and_keep_the_order(logarithms: dict[str, float]) -> None:
    shares = in_shares(logarithms)
    assert math.isclose(sum(shares.values()), 1)
    assert all(0 <= share <= 1 for share in shares.values())
    most = max(logarithms, key=lambda each: logarithms[each])
    assert shares[most] == max(shares.values())
