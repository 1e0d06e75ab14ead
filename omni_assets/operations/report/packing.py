"""Tables as few bytes: column by column, compressed, in letters that no markup has a meaning for. Pure.

A column is a list of its values; or, where texts recur, its different texts and for each row which; or, where whole
numbers stand in order, the first and the steps from each to the next. Texts are made safe to show on the way.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any

from omni_assets.contracts.text import visible
from omni_assets.operations.report.tables import Table, Value

_STEPS_FROM = 8


def packed(document: Mapping[str, Any]) -> str:
    """A JSON document, compressed, as base64: the same for the same document."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=True)
    return base64.b64encode(gzip.compress(text.encode("ascii"), 9, mtime=0)).decode("ascii")


def table_document(table: Table) -> dict[str, Any]:
    """A table with its values column by column."""
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
                "values": column_document(values),
            }
            for column, values in zip(table.columns, columns, strict=True)
        ],
        "length": len(table.rows),
        "order": table.order,
        "identity": list(table.identity),
        "empty": table.empty,
        "command": table.command,
    }


def column_document(values: Sequence[Value]) -> dict[str, Any]:
    """A column, in whichever way takes fewer letters."""
    shown = [visible(each) if isinstance(each, str) else each for each in values]
    texts = {each: None for each in shown if not isinstance(each, int)}
    if len(texts) * 2 < len(shown) and not any(isinstance(each, int) for each in shown):
        number = {text: place for place, text in enumerate(texts)}
        return {"words": list(texts), "which": [number[each] for each in shown if not isinstance(each, int)]}
    numbers = [each for each in shown if isinstance(each, int)]
    if len(numbers) == len(shown) >= _STEPS_FROM:
        return {"first": numbers[0], "steps": [after - before for before, after in pairwise(numbers)]}
    return {"list": shown}


def column_values(document: Mapping[str, Any]) -> list[Value]:
    """The values of a column that was packed: what the page does, in Python."""
    if "which" in document:
        return [document["words"][each] for each in document["which"]]
    if "steps" in document:
        return list(accumulate(document["steps"], initial=document["first"]))
    return list(document["list"])
