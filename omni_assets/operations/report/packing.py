"""Tables as few bytes: column by column, compressed, in letters that no markup has a meaning for. Pure.

A column is a list of its values, or whichever of these takes fewer letters: whole numbers as the first and the steps
from each to the next; texts as lines of one text, or as bytes where all are hexadecimal and equally long; or, where
texts recur, its different texts and for each row which. The texts of a column may also be those of another table's.
Texts are made safe to show on the way.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

from omni_assets.contracts.text import visible
from omni_assets.operations.report.tables import TEXTS, Column, Kind, Table, Value

_HEX = re.compile("[0-9a-f]+")
_STEPS_FROM = 8
_SAMPLE = 1_000
"""Numbers by which it is told whether steps between them are shorter."""

_LEVEL = 7
"""Of compression: higher ones take twice the time for a hundredth less."""


def packed(document: Mapping[str, Any]) -> str:
    """A JSON document, compressed, as base64: the same for the same document."""
    return base64.b64encode(gzip.compress(_json(document).encode("ascii"), _LEVEL, mtime=0)).decode("ascii")


def table_document(table: Table, others: Mapping[str, Table] | None = None) -> dict[str, Any]:
    """A table with its values column by column; ``others`` are those that its columns may refer to, by name."""
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.columns)
    return {
        "title": table.title,
        "columns": [
            {
                "key": column.key,
                "label": column.label,
                "kind": column.kind.value,
                "choice": column.choice,
                "shown": column.shown.value,
                "values": _referring(column, values, others or {}) or column_document(_shown(column, values)),
            }
            for column, values in zip(table.columns, columns, strict=True)
        ],
        "length": len(table.rows),
        "leftOut": table.left_out,
        "order": table.order,
        "identity": list(table.identity),
        "empty": table.empty,
        "command": table.command,
    }


def column_document(values: Sequence[Value]) -> dict[str, Any]:
    """A column, in whichever way takes the fewest letters. Its texts are safe to show."""
    texts = {each: None for each in values if isinstance(each, str)}
    if not texts or any(isinstance(each, int) for each in values):
        return _numbers(values)
    if len(texts) * 2 > len(values):
        return _texts(values)
    number: dict[Value, int] = {text: place for place, text in enumerate(texts)}
    return {"words": _texts(list(texts)), "which": _numbers([number.get(each, len(texts)) for each in values])}


def _shown(column: Column, values: Sequence[Value]) -> Sequence[Value]:
    """What a page shows of a column: texts without what would steer a reader, lines of them line by line."""
    if column.kind not in TEXTS:
        return values
    within = "\n" if column.kind is Kind.LINES else None
    safe = {
        text: within.join(map(visible, text.split(within))) if within else visible(text)
        for text in {each for each in values if isinstance(each, str)}
    }
    return [safe.get(each, each) if isinstance(each, str) else each for each in values]


def _referring(column: Column, values: Sequence[Value], others: Mapping[str, Table]) -> dict[str, Any] | None:
    """A column whose texts stand in another table; what does not stand there is ``None``."""
    name, _, key = column.refers.partition(".")
    if name not in others:
        return None
    place = others[name].position(key)
    rows = {row[place]: number for number, row in enumerate(others[name].rows)}
    return {"table": name, "column": key, "which": _numbers([rows.get(each) for each in values])}


def _numbers(values: Sequence[Value]) -> dict[str, Any]:
    numbers = [each for each in values if isinstance(each, int)]
    if len(numbers) != len(values) or len(numbers) < _STEPS_FROM:
        return {"list": list(values)}
    steps = [after - before for before, after in pairwise(numbers)]
    if _letters(steps[:_SAMPLE]) < _letters(numbers[:_SAMPLE]):
        return {"first": numbers[0], "steps": steps}
    return {"list": numbers}


def _texts(values: Sequence[Value]) -> dict[str, Any]:
    texts = [each for each in values if isinstance(each, str)]
    if len(texts) != len(values) or len(texts) < _STEPS_FROM:
        return {"list": list(values)}
    width = len(texts[0])
    if width % 2 == 0 and {*map(len, texts)} == {width} and _HEX.fullmatch("".join(texts)):
        return {"width": width, "bytes": base64.b64encode(bytes.fromhex("".join(texts))).decode("ascii")}
    return {"list": texts} if any("\n" in text for text in texts) else {"lines": "\n".join(texts)}


def _letters(document: object) -> int:
    return len(_json(document))


def _json(document: object) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=True)


def column_values(document: Mapping[str, Any]) -> list[Value]:
    """The values of a column that was packed and refers to no other table: what the page does, in Python."""
    if "which" in document:
        words = [*column_values(document["words"]), None]
        return [words[each] for each in column_values(document["which"]) if isinstance(each, int)]
    if "steps" in document:
        return list(accumulate(document["steps"], initial=document["first"]))
    if "lines" in document:
        return list(document["lines"].split("\n"))
    if "bytes" in document:
        text, width = base64.b64decode(document["bytes"]).hex(), document["width"]
        return [text[start : start + width] for start in range(0, len(text), width)]
    return list(document["list"])
