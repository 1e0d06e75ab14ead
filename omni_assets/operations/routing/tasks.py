"""Tasks as people and programs write them: a JSON object, a list of them, or an object a line.

The first bytes tell which: a file that is one JSON value is taken whole, any other as JSON lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, NamedTuple

from pydantic import ValidationError

from omni_assets.contracts.text import visible
from omni_assets.errors import TaskUnusable
from omni_assets.operations.task_files import read_text, refuse
from omni_assets.router.files.reading import near, problem_of
from omni_assets.router.task import Task

_FIELDS = sorted(Task.model_fields)


class Placed(NamedTuple):
    """A JSON value, and where it stands: ``FILE``, ``FILE:LINE`` or ``FILE[INDEX]``."""

    place: str
    value: Any


def read_tasks(paths: Iterable[str], given: Iterable[Placed] = ()) -> tuple[Task, ...]:
    """The tasks in some files, in order, and those ``given`` besides; ``-`` is standard input.

    Raises ``TaskUnusable`` with everything that is wrong, each with its file and field; also where two have one id.
    """
    tasks: list[Task] = []
    flaws: list[str] = []
    places: dict[str, str] = {}
    for placed in chain(chain.from_iterable(map(_values, paths)), given):
        try:
            task = Task.model_validate(placed.value)
        except ValidationError as error:
            flaws += [f"{placed.place}: {_flaw(each)}" for each in error.errors(include_url=False)]
            continue
        first = places.setdefault(task.id, placed.place)
        if first != placed.place:
            flaws.append(f"{placed.place}: `id` is `{visible(task.id)}`, which {first} has too")
        tasks.append(task)
    refuse("these tasks cannot be done as they stand", flaws, "docs/receipts.md shows a task.")
    if not tasks:
        raise TaskUnusable("there is no task in what was named.", "Name a file that holds one; - reads standard input.")
    return tuple(tasks)


def _values(path: str) -> Iterator[Placed]:
    name, text = read_text(path)
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield from _lines(name, text, error)
        return
    if isinstance(whole, list):
        yield from (Placed(f"{name}[{index}]", value) for index, value in enumerate(whole))
    else:
        yield Placed(name, whole)


def _lines(name: str, text: str, error: Exception) -> Iterator[Placed]:
    """The values of JSON lines. A file whose first line is no JSON value is none: it is said where it breaks off."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    values = []
    for number, line in lines:
        try:
            values.append(Placed(f"{name}:{number}", json.loads(line)))
        except (ValueError, RecursionError) as broken:
            raise _no_json(name, broken, number) if values else _no_json(name, error, 1) from None
    yield from values


def _no_json(name: str, error: Exception, line: int) -> TaskUnusable:
    if isinstance(error, json.JSONDecodeError):
        where, why = f"{name}:{line + error.lineno - 1}:{error.colno}", error.msg[:1].lower() + error.msg[1:]
    else:
        where, why = f"{name}:{line}", "it nests too deep, or holds a number without end"
    return TaskUnusable(
        f"{where} is no JSON: {why}.", "Write a JSON object, a list of them, or an object a line; docs/receipts.md."
    )


def _flaw(error: Any) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"]).lstrip(".")
    field = f"`{visible(path)}`" if path else "it"
    if error["type"] == "missing":
        return f"{field} is missing"
    if error["type"] == "extra_forbidden":
        meant = near(str(error["loc"][-1]), _FIELDS) if len(error["loc"]) == 1 else []
        return f"{field} is not a field" + (f"; perhaps `{meant[0]}` is meant" if meant else "")
    return f"{field} {problem_of(error)[0]}"
