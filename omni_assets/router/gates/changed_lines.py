"""A gate that asks whether a review is about what was changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

from pydantic import Field

from omni_assets.contracts.text import count
from omni_assets.router.gates.answers import members, objects
from omni_assets.router.gates.citations import plain_id
from omni_assets.router.gates.gate import Evidence, Gate, Given, Judged, failed, passed, unknown
from omni_assets.router.task import Source, Task
from omni_assets.router.values import Share, Strict

_PLACE = re.compile(r"(?<![\w./\\-])([\w./\\-]{1,300}?):(\d{1,7})(?:\s?[-\u2013]\s?(\d{1,7}))?(?!\d)")
_LINE = re.compile(r"\b(?:lines?\s|L)(\d{1,7})(?:\s?[-\u2013]\s?L?(\d{1,7}))?(?!\d)", re.IGNORECASE)
_FILE = re.compile(r"[\w./\\-]*\.[A-Za-z]\w{0,9}")
_MOST_PLACES = 1000


class Lines(Strict):
    """What must be cited.

    ``files`` and ``lines`` are the members of a JSON answer that name them. A line counts as changed within ``slack``
    lines of one that is. Of the cited places at least ``least_share`` must be changed; ``least`` is how many there must
    be at all: without it one in a text, and none in JSON, whose shape is its schema's affair.
    """

    files: tuple[str, ...] = ("file", "path", "source")
    lines: tuple[str, ...] = ("line", "lines")
    slack: Annotated[int, Field(ge=0, le=100)] = 0
    least_share: Share = 1.0
    least: Annotated[int, Field(ge=0)] | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Lines of a file as an output cites them; ``file`` is empty where only one can be meant."""

    file: str
    first: int
    last: int

    def __str__(self) -> str:
        lines = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.file}:{lines}" if self.file else f"line {lines}"


def _cites_changed_lines(evidence: Evidence, parameters: Lines) -> Judged:
    sources = evidence.task.sources
    if not any(source.changed_lines for source in sources):
        return unknown("the task supplies no changed lines")
    value = evidence.output.value
    told = _in_text(evidence.output.text, sources) if value is None else _in_json(value, parameters)
    places = [*islice(told, _MOST_PLACES + 1)]
    if len(places) > _MOST_PLACES:
        return failed(f"the output cites more than {_MOST_PLACES:,} places, which is more than are looked up")
    lengths = {source.id: source.text.count("\n") + 1 for source in sources}
    changed = 0
    for place in places:
        source = _source(place.file, sources)
        if source is None:
            return failed(f"`{place}` is in no file that the task supplies")
        if not 1 <= place.first <= place.last <= lengths[source.id]:
            return failed(f"`{place}` is not there: `{source.id}` has {count(lengths[source.id], 'line')}")
        nearest = range(place.first - parameters.slack, place.last + parameters.slack + 1)
        changed += any(line in nearest for line in source.changed_lines)
    least = parameters.least if parameters.least is not None else int(value is None)
    if len(places) < least:
        return failed(f"the output cites {count(len(places), 'place')}, and at least {least} are wanted")
    found = f"{changed} of {count(len(places), 'cited place')} changed"
    return failed(found) if changed < parameters.least_share * len(places) else passed(found)


def _in_text(text: str, sources: Sequence[Source]) -> Iterator[_Place]:
    """``src/app.py:12``, ``app.py:12-14``; and ``line 12`` or ``L12`` where there is one file only."""
    for found in _PLACE.finditer(text):
        file = found[1]
        if _source(file, sources) is not None or (_FILE.fullmatch(file) and not file.startswith("/")):
            yield _Place(file, int(found[2]), int(found[3] or found[2]))
    if len(sources) == 1:
        for found in _LINE.finditer(text):
            yield _Place("", int(found[1]), int(found[2] or found[1]))


def _in_json(value: Any, parameters: Lines) -> Iterator[_Place]:
    for record in objects(value):
        numbers = [line for each in members(record, parameters.lines) if (line := _number(each)) is not None]
        if numbers:
            file = next((plain_id(str(each)) for each in members(record, parameters.files)), "")
            yield from (_Place(file, line, line) for line in numbers)


def _number(line: str | int) -> int | None:
    if isinstance(line, int):
        return line
    digits = line.strip().lstrip("Ll")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 7 else None


def _source(file: str, sources: Sequence[Source]) -> Source | None:
    """The source that is meant: by its id, or by the end of it where only one ends so."""
    exact = next((source for source in sources if source.id == file), None)
    if exact is not None:
        return exact
    if not file:
        return sources[0] if len(sources) == 1 else None
    near = [source for source in sources if source.id.endswith(f"/{file}")]
    return near[0] if len(near) == 1 else None


_FILE_UNDER_REVIEW = Source(id="src/retry.py", text="def wait(n):\n    return 2 ** n\n", changed_lines=(2,))

GATES = (
    Gate(
        id="cites-changed-lines",
        version=1,
        summary="A review points at lines that are there, and that were changed.",
        explanation=(
            "Places are `file:line` or `file:first-last` in text, and `line 12` where there is one file only; in JSON, "
            "objects with a file and a line. A file may be named by the end of its path. A place that does not exist "
            "fails the output, and so does one that was not changed, unless `least_share` or `slack` allow for it. "
            "Without changed lines this is unknown."
        ),
        passes="src/retry.py:2 waits for minutes from the seventh retry on.",
        fails="src/retry.py:1 should have a type for `n`.",
        parameters=Lines,
        judge=_cites_changed_lines,
        given=Given(task=Task(id="example", sources=(_FILE_UNDER_REVIEW,))),
    ),
)
