"""The eight classes of this project: for each, an answer that its gates let through, and what they bar."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from omni_assets.router.files.catalog_file import read_catalog
from omni_assets.router.files.class_files import read_task_classes
from omni_assets.router.gates.gate import Evidence, Output
from omni_assets.router.gates.judging import judge
from omni_assets.router.gates.table import bind
from omni_assets.router.needs import lacking
from omni_assets.router.normalise import normalise
from omni_assets.router.prompt import render
from omni_assets.router.task import Task
from omni_assets.router.task_class import TaskClass
from omni_assets.router.values import FinishReason

ROOT = Path(__file__).resolve().parents[2]
ARTICLE = (
    "The release was delayed by two days because the payment tests failed on Tuesday. A currency table had not been "
    "updated since March. After the fix all 312 tests passed, and version 4.2 was shipped on Friday."
)
RETRY = "def retry(call, times):\n    for attempt in range(times + 1):\n        call()"
LARGER = (
    "from answer import larger\n\n\ndef test_larger():\n    assert larger(1, 2) == 2\n    assert larger(5, -1) == 5\n"
)


class Case(NamedTuple):
    """A task, an answer that is right, and answers that must be barred, each with the gate that does."""

    task: Mapping[str, Any]
    right: str
    wrong: Mapping[str, str]


CASES: Mapping[str, Case] = {
    "classification": Case(
        {
            "inputs": {"text": "The app crashes.", "labels": "bug, question", "meaning": "a bug is a mistake"},
            "output_schema": {"properties": {"label": {"enum": ["bug", "question"]}}, "required": ["label"]},
        },
        '```json\n{"label": "bug"}\n```',
        {"valid-json": "It is a bug.", "matches-schema": '{"label": "cold"}'},
    ),
    "summarization": Case(
        {"inputs": {"text": ARTICLE, "focus": "dates"}},
        "Version 4.2 was shipped on Friday, two days late, because a stale currency table made payment tests fail.",
        {
            "length-bounds": "It was late.",
            "no-refusal": "I'm sorry, but I cannot summarize this text for you, since I am only a language model.",
            "not-empty": "...",
        },
    ),
    "code-generation": Case(
        {"inputs": {"request": "Write larger."}, "signature": "def larger(a, b): ...", "tests": LARGER},
        "Here it is:\n```python\ndef larger(a, b):\n    return a if a > b else b\n```\nIt compares both.",
        {
            "parses": "def larger(a, b):\n    return a if a > b els b",
            "no-undefined-names": "def larger(a, b):\n    return biggest(a, b)",
            "tests-pass": "def larger(a, b):\n    return a",
        },
    ),
    "refactoring": Case(
        {
            "inputs": {"request": "No else.", "code": "def larger(a, b):\n    if a > b: return a\n    else: return b"},
            "tests": LARGER,
        },
        "def larger(a, b):\n    return max(a, b)",
        {"tests-pass": "def larger(a, b):\n    return min(a, b)", "parses": "def larger(a, b)\n    return max(a, b)"},
    ),
    "test-explanation": Case(
        {
            "inputs": {"output": "assert 5 == 6\n  where 5 = total([1, 2, 3])"},
            "sources": [{"id": "cart.py", "text": "def total(prices):\n    return sum(prices[1:])"}],
        },
        'The test expected the sum of all three prices, 6, and got 5. The cause is "return sum(prices[1:])": it leaves '
        "out the first price.",
        {
            "quotes-occur": 'It expected 6 and got 5, and the cause is the line "return sum(prices[0:1] + 1)" in it.',
            "length-bounds": "The sum is wrong.",
        },
    ),
    "code-review": Case(
        {
            "inputs": {"title": "Count retries"},
            "sources": [{"id": "retry.py", "text": RETRY, "changed_lines": [2]}],
        },
        json.dumps(
            {
                "verdict": "request-changes",
                "findings": [
                    {"file": "retry.py", "line": 2, "problem": "It calls `call` once more than `times` says."}
                ],
            }
        ),
        {
            "cites-changed-lines": '{"verdict": "request-changes", "findings": '
            '[{"file": "retry.py", "line": 3, "problem": "It swallows the result."}]}',
            "citations-exist": '{"verdict": "request-changes", "findings": '
            '[{"file": "other.py", "line": 2, "problem": "It swallows the result."}]}',
            "identifiers-exist": '{"verdict": "request-changes", "findings": '
            '[{"file": "retry.py", "line": 2, "problem": "It calls `sleep_between` too often."}]}',
            "matches-schema": '{"verdict": "request-changes", "findings": []}',
        },
    ),
    "acceptance-verification": Case(
        {
            "inputs": {"criterion": "All tests pass."},
            "sources": [{"id": "report.txt", "text": "collected 12 items\n12 passed in 0.3 s"}],
        },
        '{"verdict": "met", "evidence": [{"source": "report.txt", "quote": "12 passed in 0.3 s"}]}',
        {
            "quotes-occur": '{"verdict": "met", "evidence": [{"source": "report.txt", "quote": "all 13 passed"}]}',
            "citations-exist": '{"verdict": "met", "evidence": [{"source": "log.txt", "quote": "12 passed in 0.3 s"}]}',
            "matches-schema": '{"verdict": "met", "evidence": []}',
        },
    ),
    "planning": Case(
        {"inputs": {"goal": "A static blog", "context": "WordPress", "limits": "one week"}},
        json.dumps(
            {
                "steps": [
                    {"id": 1, "title": "Export the posts", "done_when": "All posts are Markdown files.", "after": []},
                    {"id": 2, "title": "Choose a generator", "done_when": "One post is rendered.", "after": []},
                    {"id": 3, "title": "Publish the site", "done_when": "The address shows it.", "after": [1, 2]},
                ]
            }
        ),
        {"matches-schema": '{"steps": [{"id": 1, "title": "Do it all", "done_when": "It is done.", "after": []}]}'},
    ),
}


@pytest.fixture(scope="module")
def classes() -> Mapping[str, TaskClass]:
    return read_task_classes(str(ROOT / "contracts" / "task_classes"), read_catalog(str(ROOT / "models.yaml")))


def barring(task_class: TaskClass, task: Task, text: str) -> set[str]:
    """The gates that bar an output."""
    prompt = render(task, task_class)
    seen = normalise(text, task_class.output_format, task_class.answer_key)
    output = Output("m", seen.text, FinishReason.STOP, seen.value, seen.answer)
    gates = [bind(use) for use in task_class.gates]
    return {
        check.gate for check in asyncio.run(judge(gates, Evidence(task, task_class, prompt.user, output))) if check.bars
    }


def test_every_class_has_its_case(classes: Mapping[str, TaskClass]) -> None:
    assert set(CASES) == set(classes)


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_right_answer_counts(name: str, classes: Mapping[str, TaskClass]) -> None:
    task = Task.model_validate({"id": name, **CASES[name].task})
    assert not lacking(task, classes[name])
    assert barring(classes[name], task, CASES[name].right) == set()


@pytest.mark.parametrize(("name", "gate"), [(name, gate) for name, case in CASES.items() for gate in case.wrong])
def test_a_wrong_answer_is_barred_by_the_gate_that_is_there_for_it(
    name: str, gate: str, classes: Mapping[str, TaskClass]
) -> None:
    task = Task.model_validate({"id": name, **CASES[name].task})
    assert gate in barring(classes[name], task, CASES[name].wrong[gate])


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_request_in_one_text_can_be_asked_too(name: str, classes: Mapping[str, TaskClass]) -> None:
    task = Task.model_validate({"id": name, **CASES[name].task, "inputs": {"request": "Please do it."}})
    if name == "refactoring":
        assert "The code:" not in render(task, classes[name]).user
    assert "Please do it." in render(task, classes[name]).user
