"""A gate that asks whether what an output cites was supplied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from omni_assets.contracts.text import count
from omni_assets.router.gates.answers import members, objects
from omni_assets.router.gates.gate import Evidence, Gate, Given, Judged, failed, passed, unknown
from omni_assets.router.task import Source, Task
from omni_assets.router.values import Strict

SOURCE_MEMBERS = ("source", "sources", "citation", "citations", "cites", "file", "path")
"""Members of a JSON answer that name sources, unless a class says otherwise."""

_BRACKETS = re.compile(r"(?<![\w\])])\[([^\[\]\n]{1,300})\](?![(\w])")
_BETWEEN = re.compile(r"[,;]")
_BOX = frozenset({"", "x", "X", "…", "..."})
_MOST_NAMED = 5
_LEAST_WORDS = 5


class Citing(Strict):
    """How sources are cited.

    ``members`` name them in JSON; in text they stand in brackets. ``least`` is how many citations there must be:
    without it one in a text, and none in JSON, whose shape is its schema's affair. With ``each_line`` every line of a
    text that has five words or more must cite.
    """

    members: tuple[str, ...] = SOURCE_MEMBERS
    least: Annotated[int, Field(ge=0)] | None = None
    each_line: bool = False


def plain_id(cited: str) -> str:
    """An id of a source as it was cited, without the brackets that it was shown in."""
    return cited.strip().strip("[]`").strip()


def cited_in(text: str) -> Iterator[str]:
    """The ids that a text cites in brackets. Links, indexes and boxes to tick are none."""
    for found in _BRACKETS.finditer(text):
        for part in _BETWEEN.split(found[1]):
            if (cited := plain_id(part)) not in _BOX:
                yield cited


def _citations_exist(evidence: Evidence, parameters: Citing) -> Judged:
    supplied = {source.id for source in evidence.task.sources}
    if not supplied:
        return unknown("the task supplies no sources")
    text, value = evidence.output.text, evidence.output.value
    if value is not None:
        cited = [plain_id(str(each)) for record in objects(value) for each in members(record, parameters.members)]
        least = parameters.least or 0
    else:
        cited = [*cited_in(text)]
        least = 1 if parameters.least is None else parameters.least
    missing = [each for each in dict.fromkeys(cited) if each not in supplied]
    if missing:
        named = ", ".join(f"`{each[:80]}`" for each in missing[:_MOST_NAMED])
        return failed(f"cited and not supplied: {named}")
    if len(cited) < least:
        return failed(f"the output cites {count(len(cited), 'source')}, and at least {least} are wanted")
    if parameters.each_line and value is None and (line := _uncited(text)) is not None:
        return failed(f"line {line} states something and cites nothing")
    return passed(count(len(cited), "citation"))


def _uncited(text: str) -> int | None:
    """The first line, from 1, that says something and cites nothing."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line.split()) >= _LEAST_WORDS and next(cited_in(line), None) is None:
            return number
    return None


_LOG = Source(id="ci-log", text="E   ConnectionRefusedError: [Errno 111]")

GATES = (
    Gate(
        id="citations-exist",
        version=1,
        summary="Each source that the output cites is one that the task supplied.",
        explanation=(
            "In JSON the members named by the parameter `members` hold ids of sources; in text they stand in brackets, "
            "several of them with commas between. Links, indexes such as `rows[0]` and boxes to tick are no citations. "
            "`least` and `each_line` say how much must be cited. That the source says what is claimed is not judged "
            "here. Without sources this is unknown."
        ),
        passes="The database was not up when the tests began [ci-log].",
        fails="The database was not up when the tests began [deploy-log].",
        parameters=Citing,
        judge=_citations_exist,
        given=Given(task=Task(id="example", sources=(_LOG,))),
    ),
)
