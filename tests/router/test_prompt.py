"""Prompts: what fills a template, what is left out, and what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.errors import PromptError
from omni_assets.router.prompt import MalformedTemplate, Variable, misfits, parse, render, variables
from omni_assets.router.task import Source, Task
from omni_assets.router.task_class import PromptTemplate, TaskClass


def class_of(user: str, system: str = "", **fields: object) -> TaskClass:
    prompt = PromptTemplate(version=1, system=system, user=user)
    return TaskClass.model_validate(
        {"name": "a-class", "description": "", "quality_floor": 0.9, "prompt": prompt, **fields}
    )


def task_with(**inputs: str) -> Task:
    return Task(id="a-task", inputs=inputs)


def test_inputs_fill_both_texts() -> None:
    prompt = render(task_with(text="two words", tone="short"), class_of("Text: {text}", "Be {tone}."))
    assert (prompt.system, prompt.user) == ("Be short.", "Text: two words")


def test_doubled_braces_are_braces() -> None:
    assert render(task_with(a="1"), class_of('{{"a": {a}}} {{{a}}}')).user == '{"a": 1} {1}'


def test_what_fills_a_variable_is_no_template() -> None:
    assert render(task_with(a="{b} {{", b="2"), class_of("{a}{b}")).user == "{b} {{2"


def test_a_paragraph_without_its_optional_input_is_left_out() -> None:
    template = class_of("Do it.\n\nContext:\n{context?}\n \nText:\n{text}")
    assert render(task_with(text="t"), template).user == "Do it.\n\nText:\nt"
    assert render(task_with(text="t", context="a\n\nb"), template).user == "Do it.\n\nContext:\na\n\nb\n\nText:\nt"


def test_missing_and_unused_inputs_are_told_together() -> None:
    with pytest.raises(PromptError) as caught:
        render(task_with(txt="t"), class_of("{text}{label}{context?}"))
    assert caught.value.message == (
        "the task `a-task` lacks `text`, `label`, which the prompt of `a-class` asks for and has `txt`, for which the "
        "prompt of `a-class` has no place."
    )
    assert misfits(task_with(text="t", label=""), class_of("{text}{label}{context?}")) == ((), ())


def test_what_a_task_carries_for_the_gates_is_there_too() -> None:
    task = Task(
        id="t",
        sources=(Source(id="a.md", text="one"), Source(id="b.py", text="x = 1\ny = 2", changed_lines=(2,))),
        signature="def f(): ...",
        tests="assert f()",
        symbols=("g", "h"),
        language="go",
        output_schema={"type": "object"},
    )
    shown = render(task, class_of("{sources}\n\n{signature} {tests} {symbols} {language} {schema}")).user
    assert shown == (
        '[a.md]\none\n\n[b.py]\n    1 x = 1\n+   2 y = 2\n\ndef f(): ... assert f() g, h go {"type": "object"}'
    )
    assert render(task_with(tests="mine"), class_of("{tests}")).user == "mine"
    with pytest.raises(PromptError, match="lacks `tests`, `schema`"):
        render(task_with(), class_of("{tests}{schema}"))


def test_the_schema_of_the_class_stands_in_for_the_tasks() -> None:
    assert render(task_with(), class_of("{schema}", output_schema={"type": "array"})).user == '{"type": "array"}'


def test_a_task_in_one_text_has_a_template_of_its_own() -> None:
    template = class_of("Sort {text} by {labels}").prompt.model_copy(update={"request": "{request}\n\nSay one word."})
    free = class_of("-", prompt=template)
    assert render(task_with(request="Is it late?"), free).user == "Is it late?\n\nSay one word."
    assert render(task_with(text="t", labels="l"), free).user == "Sort t by l"
    with pytest.raises(PromptError, match="lacks `labels`"):
        render(task_with(request="Is it late?", text="t"), free)
    assert render(task_with(request="Is it late?"), class_of("Do: {request}")).user == "Do: Is it late?"


def test_variables_are_required_where_they_stand_without_a_question_mark() -> None:
    assert variables("{a}", "{a?} {b} {c?}") == {"a": True, "b": True, "c": False}


@pytest.mark.parametrize(
    ("template", "offset"), [("a {", 2), ("}", 0), ("{Name}", 0), ("{a b}", 0), ("{}", 0), ("{{a}", 3), ("x\n\n{y", 3)]
)
def test_a_lone_brace_is_told_with_its_place(template: str, offset: int) -> None:
    with pytest.raises(MalformedTemplate) as caught:
        parse(template)
    assert caught.value.offset == offset


@given(st.text(alphabet="ab{}?\n "))
def test_a_template_is_parsed_or_malformed(template: str) -> None:
    try:
        paragraphs = parse(template)
    except MalformedTemplate as error:
        paragraphs, brace = (), template[error.offset]
    else:
        brace = "{"
    assert brace in "{}"
    assert all(isinstance(part, Variable) or part for paragraph in paragraphs for part in paragraph)


@given(st.text(min_size=1).filter(lambda text: text.strip() == text), st.text(alphabet="xyz{}", min_size=1))
def test_any_text_can_be_written_as_a_template(value: str, literal: str) -> None:
    escaped = literal.replace("{", "{{").replace("}", "}}")
    assert render(task_with(v=value), class_of(f"{escaped}{{v}}")).user == literal + value


def test_the_digest_tells_system_from_user() -> None:
    one, other = render(task_with(), class_of("b", "a")), render(task_with(), class_of("ab"))
    assert one.sha256 != other.sha256
    assert len(one.sha256) == 64
