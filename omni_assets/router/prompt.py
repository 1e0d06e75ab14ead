"""What is sent to a model: the template of a class, filled with the inputs of a task. Pure.

``{name}`` stands for an input, ``{name?}`` for one that may be missing: the paragraph that holds it is left out then.
``{{`` and ``}}`` are braces. Paragraphs are set apart by empty lines. What fills a variable is never itself a template.

Besides the inputs there are ``{sources}``, ``{signature}``, ``{tests}``, ``{schema}``, ``{symbols}`` and
``{language}``: what the task carries for the gates, as a model reads it. An input of that name comes first.

A task whose only input is ``request`` says everything in one text; a class may have a template of its own for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import TypeAlias

from omni_assets.errors import PromptError
from omni_assets.router.task import Source, Task
from omni_assets.router.task_class import TaskClass

_TOKEN = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)(\??)\}|[{}]")
_PARAGRAPH_END = re.compile(r"\n(?:[ \t]*\n)+")


class MalformedTemplate(ValueError):
    """A brace that neither stands for a variable nor is doubled. ``offset`` counts its characters from 0."""

    def __init__(self, text: str, offset: int) -> None:
        shown = text[offset : offset + 20].partition("\n")[0]
        super().__init__(f"the brace at `{shown}` opens or closes no variable")
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Variable:
    """A place for an input. Where an ``optional`` one is missing, its paragraph is left out."""

    name: str
    optional: bool


Paragraph: TypeAlias = tuple[str | Variable, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model is asked. ``sha256`` is the digest of both texts together, in hexadecimal."""

    system: str
    user: str
    sha256: str


@lru_cache(maxsize=1024)
def parse(template: str) -> tuple[Paragraph, ...]:
    """The paragraphs of a template. Raises ``MalformedTemplate``."""
    paragraphs, start = [], 0
    for end in _PARAGRAPH_END.finditer(template):
        paragraphs.append(tuple(_parts(template, start, end.start())))
        start = end.end()
    return (*paragraphs, tuple(_parts(template, start, len(template))))


def variables(*templates: str) -> Mapping[str, bool]:
    """The variables of templates by name, and whether a task must fill them. Raises ``MalformedTemplate``."""
    found: dict[str, bool] = {}
    for template in templates:
        for part in (part for paragraph in parse(template) for part in paragraph):
            if isinstance(part, Variable):
                found[part.name] = found.get(part.name, False) or not part.optional
    return found


def misfits(task: Task, task_class: TaskClass) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The inputs that a class's prompt asks for and the task lacks, and those that the prompt has no place for."""
    wanted = variables(*_templates(task, task_class))
    missing = tuple(name for name, required in wanted.items() if required and _value(name, task, task_class) is None)
    return missing, tuple(name for name in task.inputs if name not in wanted)


def render(task: Task, task_class: TaskClass) -> Prompt:
    """The prompt for a task. Raises ``PromptError`` where inputs are missing, or the prompt has no place for one."""
    missing, unused = misfits(task, task_class)
    if missing or unused:
        raise PromptError(task.id, task_class.name, missing, unused)
    system, user = (_filled(each, task, task_class) for each in _templates(task, task_class))
    return Prompt(system, user, sha256(json.dumps([system, user]).encode()).hexdigest())


def _templates(task: Task, task_class: TaskClass) -> tuple[str, str]:
    prompt = task_class.prompt
    free = prompt.request if task.inputs.keys() == {"request"} else None
    return prompt.system, free or prompt.user


def _parts(template: str, start: int, end: int) -> Iterator[str | Variable]:
    for token in _TOKEN.finditer(template, start, end):
        if start < token.start():
            yield template[start : token.start()]
        if token[1]:
            yield Variable(token[1], bool(token[2]))
        elif len(token[0]) == 1:
            raise MalformedTemplate(template, token.start())
        else:
            yield token[0][0]
        start = token.end()
    if start < end:
        yield template[start:end]


def _filled(template: str, task: Task, task_class: TaskClass) -> str:
    paragraphs = []
    for paragraph in parse(template):
        texts = [part if isinstance(part, str) else _value(part.name, task, task_class) for part in paragraph]
        present = [text for text in texts if text is not None]
        if len(present) == len(texts):
            paragraphs.append("".join(present))
    return "\n\n".join(paragraphs).strip()


def _value(name: str, task: Task, task_class: TaskClass) -> str | None:
    if name in task.inputs:
        return task.inputs[name]
    carried = _FROM_THE_TASK.get(name)
    return carried(task, task_class) or None if carried else None


def _sources(task: Task, _: TaskClass) -> str:
    return "\n\n".join(map(_source, task.sources))


def _source(source: Source) -> str:
    """A source under its id. Where lines changed, all are numbered and those are marked: an answer has to cite them."""
    if not source.changed_lines:
        return f"[{source.id}]\n{source.text}"
    changed = frozenset(source.changed_lines)
    lines = (
        f"{'+' if number in changed else ' '}{number:4} {line}"
        for number, line in enumerate(source.text.split("\n"), 1)
    )
    return "\n".join((f"[{source.id}]", *lines))


def _schema(task: Task, task_class: TaskClass) -> str:
    schema = task.output_schema or task_class.output_schema
    return json.dumps(schema, ensure_ascii=False) if schema else ""


_FROM_THE_TASK: Mapping[str, Callable[[Task, TaskClass], str]] = MappingProxyType(
    {
        "sources": _sources,
        "signature": lambda task, _: task.signature or "",
        "tests": lambda task, _: task.tests or "",
        "schema": _schema,
        "symbols": lambda task, _: ", ".join(task.symbols),
        "language": lambda task, _: task.language,
    }
)
CARRIED = frozenset(_FROM_THE_TASK)
"""Variables that are no inputs: a task carries what fills them for its gates."""
