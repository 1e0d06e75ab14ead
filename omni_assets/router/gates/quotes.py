"""A gate that asks whether what an output quotes was said."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Annotated

from pydantic import Field

from omni_assets.contracts.text import count
from omni_assets.router.gates.answers import members, objects, strings
from omni_assets.router.gates.citations import SOURCE_MEMBERS, plain_id
from omni_assets.router.gates.gate import Evidence, Gate, Given, Judged, failed, passed, unknown
from omni_assets.router.task import Source, Task
from omni_assets.router.values import Strict

_MOST_QUOTES = 200
_SHOWN = 120
_QUOTE = re.compile(
    r'(?:"([^"\n]{1,2000})"|“([^“”]{1,2000})”|«([^«»]{1,2000})»)(?:[\s(,.]{0,3}\[([^\[\]\n]{1,300})\])?'
)
_LEFT_OUT = re.compile(r"\s?(?:\[(?:\.\.\.|…)\]|\.\.\.|…)\s?")
_SPACE = re.compile(r"\s+")
_ALIKE = str.maketrans("\u2018\u2019\u201c\u201d\u00ab\u00bb\u2010\u2011\u2013\u2014", '\'\'""""----')


class Quoting(Strict):
    """What is a quote.

    ``members`` hold quotes in JSON, and ``sources`` in the same object where they are from. In text and in JSON
    strings a quote is what stands in double quotation marks, of ``least_words`` or more: fewer are a name or irony.
    ``least`` is how many quotes there must be.
    """

    members: tuple[str, ...] = ("quote", "quotes", "excerpt")
    sources: tuple[str, ...] = SOURCE_MEMBERS
    least_words: Annotated[int, Field(ge=1)] = 3
    least: Annotated[int, Field(ge=0)] = 0


Quote = tuple[str, str | None]
"""What is quoted, and the id of the source that it is said to be from, where that is said."""


def _quotes_occur(evidence: Evidence, parameters: Quoting) -> Judged:
    task, value = evidence.task, evidence.output.value
    texts = {source.id: _plain(source.text) for source in task.sources}
    others = [_plain(each) for each in task.inputs.values()]
    if not texts and not others:
        return unknown("the task supplies nothing that could be quoted")
    said = _in_text([evidence.output.text], parameters) if value is None else _in_json(value, parameters)
    quotes = [*islice(said, _MOST_QUOTES + 1)]
    if len(quotes) > _MOST_QUOTES:
        return failed(f"the output has more than {_MOST_QUOTES} quotes, which is more than are looked up")
    for quote, source in quotes:
        if not _occurs(quote, [texts[source]] if source in texts else [*texts.values(), *others]):
            whose = f"in `{source}`" if source in texts else "in anything that the task supplies"
            return failed(f"“{quote[:_SHOWN]}” does not occur {whose}")
    if len(quotes) < parameters.least:
        return failed(f"the output has {count(len(quotes), 'quote')}, and at least {parameters.least} are wanted")
    return passed(count(len(quotes), "quote"))


def _in_text(texts: Sequence[str], parameters: Quoting) -> Iterator[Quote]:
    for text in texts:
        for found in _QUOTE.finditer(text):
            quote = found[1] or found[2] or found[3]
            if len(quote.split()) >= parameters.least_words:
                yield quote, plain_id(found[4]) if found[4] else None


def _in_json(value: object, parameters: Quoting) -> Iterator[Quote]:
    for record in objects(value):
        source = next((plain_id(str(each)) for each in members(record, parameters.sources)), None)
        for quote in members(record, parameters.members):
            yield str(quote), source
    yield from _in_text([*strings(value)], parameters)


def _occurs(quote: str, texts: Sequence[str]) -> bool:
    """Whether one of ``texts`` has every part of a quote, in order; what was left out may be anything."""
    parts = [part for each in _LEFT_OUT.split(_plain(quote)) if (part := each.strip(" .,;:"))]
    return any(_in_order(parts, text) for text in texts)


def _in_order(parts: Sequence[str], text: str) -> bool:
    place = 0
    for part in parts:
        place = text.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return bool(parts)


def _plain(text: str) -> str:
    """``text`` without what a quote may change: runs of space, case, and the shape of quotation marks and dashes."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text).translate(_ALIKE)).strip().casefold()


_LOG: Mapping[str, str] = {"id": "ci-log", "text": "E   ConnectionRefusedError: [Errno 111] Connection refused"}

GATES = (
    Gate(
        id="quotes-occur",
        version=1,
        summary="What the output quotes stands in what the task supplied, word by word.",
        explanation=(
            "Case, runs of space and the shape of quotation marks make no difference, and an ellipsis stands for "
            "anything. A quote with its source (in brackets behind it, or in the same JSON object) must occur in that "
            "source; any other in one of the sources or inputs. More than 200 quotes fail; where the task supplies "
            "nothing this is unknown."
        ),
        passes='It says "connection refused", or in full: "ConnectionRefusedError: [...] Connection refused" [ci-log].',
        fails='It says "connection timed out after 30 s" [ci-log].',
        parameters=Quoting,
        judge=_quotes_occur,
        given=Given(task=Task(id="example", sources=(Source.model_validate(_LOG),))),
    ),
)
