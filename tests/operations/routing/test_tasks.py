"""Tasks are read however they are written down, and what is wrong with them is named by file and field."""

from __future__ import annotations

import io
import json
import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.errors import TaskUnusable
from omni_assets.operations.routing.tasks import read_tasks

ONE, TWO = {"id": "one", "task_class": "sorting", "inputs": {"text": "a\nb"}}, {"id": "two"}


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(content, name="tasks.json"):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return write


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([ONE, TWO]),
        json.dumps([ONE, TWO], indent=2),
        f"{json.dumps(ONE)}\n{json.dumps(TWO)}",
        f"\n{json.dumps(ONE)}\n\n  {json.dumps(TWO)}\r\n",
        f"\ufeff{json.dumps(ONE)}\n{json.dumps(TWO)}\n",
    ],
)
def test_a_list_and_lines_say_the_same(file, text):
    assert [task.id for task in read_tasks([file(text)])] == ["one", "two"]


def test_one_object_is_one_task_over_many_lines(file):
    (task,) = read_tasks([file(json.dumps(ONE, indent=4))])
    assert task.inputs["text"] == "a\nb"


def test_several_files_and_standard_input(file, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(TWO).encode())))
    assert [task.id for task in read_tasks([file(json.dumps(ONE)), "-"])] == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"id": "one", "task_clas": "x"}', "tasks.json: `task_clas` is not a field; perhaps `task_class` is meant."),
        ('{"inputs": {}}', "tasks.json: `id` is missing."),
        ('[{"id": "one"}, {"id": ""}]', "tasks.json[1]: `id` is empty."),
        ('{"id": "one"}\n{"id": 7}', "tasks.json:2: `id` is not a text."),
        ('{"id": "a", "inputs": {"x": 1}}', "tasks.json: `inputs.x` is not a text."),
        ('{"id": "a", "sources": [{"id": "s"}]}', "tasks.json: `sources[0].text` is missing."),
        ('{"id": "a", "task_class": "A B"}', "tasks.json: `task_class` does not match the pattern"),
        ('{"id": "one"}\n{"id": "one"}', "tasks.json:2: `id` is `one`, which tasks.json:1 has too."),
        ("7", "tasks.json: it "),
        ('{"id": "a", "constraints": {"\\u001b[31m": 1}}', "`constraints.\\x1b[31m` is not a field."),
    ],
)
def test_a_flaw_is_named_by_file_and_field(file, text, words):
    with pytest.raises(TaskUnusable) as caught:
        read_tasks([file(text)])
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "tasks.json:1:2 is no JSON: expecting property name"),
        ('{\n  "id": one\n}', "tasks.json:2:9 is no JSON: expecting value"),
        ('{"id": "one"}\n{"id": }\n', "tasks.json:2:8 is no JSON: expecting value"),
        (b"\xff\xfe", "tasks.json is not UTF-8 at offset 0"),
        ("[" * 100_000, "tasks.json:1 is no JSON: it nests too deep"),
        (f'{{"id": {"9" * 5000}}}', "tasks.json:1 is no JSON: it nests too deep, or holds a number without end"),
        ("", "there is no task in what was named"),
        ("[]", "there is no task in what was named"),
    ],
)
def test_what_is_no_json_is_named_by_its_place(file, content, words):
    with pytest.raises(TaskUnusable) as caught:
        read_tasks([file(content)])
    assert words in caught.value.message


def test_a_file_that_is_not_there_and_a_folder(file, tmp_path):
    with pytest.raises(TaskUnusable, match=r"cannot read nothing\.json: no such file or directory"):
        read_tasks(["nothing.json"])
    with pytest.raises(TaskUnusable, match="is a folder"):
        read_tasks([str(tmp_path)])


def test_many_flaws_are_counted_and_a_few_are_shown(file):
    with pytest.raises(TaskUnusable) as caught:
        read_tasks([file("\n".join('{"id": ""}' for _ in range(1000)))])
    assert len(caught.value.message.splitlines()) == 22
    assert caught.value.message.endswith("and 980 flaws more.")


@given(content=st.binary(max_size=60))
def test_whatever_stands_in_a_file_ends_in_tasks_or_a_sentence(content, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "fuzzed.json"
    path.write_bytes(content)
    with suppress(TaskUnusable):
        assert read_tasks([str(path)])
