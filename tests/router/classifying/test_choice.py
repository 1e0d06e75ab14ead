"""The class of a task: stated, told, or not clear."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.errors import ClassUnclear, TaskLacks, TaskUnusable, UnknownTaskClass
from omni_assets.router.classifying import class_of, classifier
from omni_assets.router.classifying.learned import by_examples
from omni_assets.router.classifying.rules import by_rules
from omni_assets.router.task import Source, Task
from omni_assets.router.task_class import TaskClass

Classes = Mapping[str, TaskClass]


def never(task: Task, classes: Sequence[TaskClass]) -> tuple[str, Mapping[str, float]]:
    raise AssertionError("nobody has to be asked")


def even(task: Task, classes: Sequence[TaskClass]) -> tuple[str, Mapping[str, float]]:
    return "even", {each.name: 1 / len(classes) for each in classes}


def test_a_stated_class_is_taken(classes: Classes) -> None:
    found, how = class_of(Task(id="t", task_class="planning"), classes, never)
    assert (found.name, how.by, how.confidence) == ("planning", "stated", 1.0)


def test_a_stated_class_that_there_is_none_of(classes: Classes) -> None:
    with pytest.raises(UnknownTaskClass, match=r"there is no task class `planing`\. Perhaps `planning` is"):
        class_of(Task(id="t", task_class="planing"), classes, never)


@pytest.mark.parametrize(
    ("task", "name"),
    [
        (Task(id="t", inputs={"text": "It broke.", "labels": "bug, question"}), "classification"),
        (Task(id="t", inputs={"text": "A long story."}), "summarization"),
        (Task(id="t", inputs={"code": "x = 1", "request": "Rename x."}, tests="assert x"), "refactoring"),
        (Task(id="t", inputs={"output": "assert 1 == 2"}), "test-explanation"),
        (Task(id="t", inputs={"goal": "World peace"}), "planning"),
        (
            Task(id="t", inputs={"criterion": "It works."}, sources=(Source(id="a", text="b"),)),
            "acceptance-verification",
        ),
        (Task(id="t", inputs={"title": "Fix"}, sources=(Source(id="a", text="b", changed_lines=(1,)),)), "code-review"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_the_only_class_that_takes_the_inputs_is_certain(task: Task, name: str, classes: Classes) -> None:
    found, how = class_of(task, classes, never)
    assert (found.name, how.by, how.confidence) == (name, "inputs", 1.0)


def test_a_task_that_fits_no_class(classes: Classes) -> None:
    with pytest.raises(ClassUnclear, match=r"no task class takes its inputs\. State it as its `task_class`\."):
        class_of(Task(id="t", inputs={"question": "What?"}), classes, never)


def test_nothing_is_told_that_is_not_likely(classes: Classes) -> None:
    with pytest.raises(ClassUnclear, match=r"the likeliest is `acceptance-verification`, by \d+%"):
        class_of(Task(id="t", inputs={"request": "Do it."}), classes, even)


@pytest.mark.parametrize("choose", [by_rules, by_examples])
@pytest.mark.parametrize(
    ("request_", "lacks"),
    [
        ("Review this pull request: does the diff break anything?", "`sources` for the gate `citations-exist`"),
        ("Write a function that returns the n-th prime.", "`tests` for the gate `tests-pass`"),
    ],
)
def test_a_task_without_what_its_gates_look_at_is_refused_and_taken_for_no_other(
    request_: str, lacks: str, choose, classes: Classes
) -> None:
    with pytest.raises(TaskLacks, match=lacks):
        class_of(Task(id="t", inputs={"request": request_}), classes, choose)


def test_a_stated_class_is_held_to_its_gates_too(classes: Classes) -> None:
    with pytest.raises(TaskLacks, match="of the class `code-generation` lacks `tests`"):
        class_of(Task(id="t", task_class="code-generation", inputs={"request": "x"}), classes, never)


INPUTS = ("request", "text", "labels", "goal", "title", "code", "output")
TASKS = st.builds(
    Task,
    id=st.just("t"),
    task_class=st.none() | st.sampled_from(["planning", "code-review", "none"]),
    inputs=st.dictionaries(
        st.sampled_from(["request", "text", "labels", "goal", "title", "code", "output"]),
        st.text(max_size=50),
        max_size=3,
    ),
    tests=st.none() | st.text(max_size=5),
    sources=st.lists(st.builds(Source, id=st.just("a"), text=st.text(max_size=5)), max_size=2).map(tuple),
    output_schema=st.none() | st.just({}),
)


@pytest.mark.parametrize("choose", [by_rules, by_examples])
def test_a_task_has_a_class_that_can_take_it_or_is_unusable(choose, classes: Classes) -> None:
    @given(TASKS)
    def law(task: Task) -> None:
        try:
            found, how = class_of(task, classes, choose)
        except TaskUnusable:
            return
        assert how.confidence >= 0.5
        assert found.name in {task.task_class, *classes}
        assert class_of(task, classes, choose) == (found, how)

    law()


def test_the_learned_one_is_taken_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert classifier() is by_examples
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setattr("omni_assets.router.classifying.choice.find_spec", lambda name: None)
    assert classifier() is by_rules


def test_nothing_heavy_is_imported_before_it_is_asked() -> None:
    code = (
        "import sys, omni_assets.router.classifying.learned, omni_assets.router.files.class_files\n"
        "sys.exit(' '.join({'sklearn', 'jsonschema', 'openai', 'duckdb'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
