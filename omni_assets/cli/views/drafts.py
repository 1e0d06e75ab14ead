"""Drafts of contracts, and the files that they are or would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from omni_assets.cli.tables import INDENT, Cell, Line, Row, figure, paragraph, table
from omni_assets.contracts.text import visible
from omni_assets.operations.importing.draft_files import DraftFile, Fate
from omni_assets.operations.importing.drafts import Draft, DraftTopic

_FATES: Mapping[Fate, str] = {
    Fate.NEW: "would be written",
    Fate.WRITTEN: "written",
    Fate.ELSEWHERE: "belongs into it",
    Fate.TAKEN: "left as it is",
    Fate.TOO_LARGE: "too large",
}
_LEFT: Mapping[Fate, str] = {
    Fate.ELSEWHERE: "the node has this contract already; what is new in it",
    Fate.TAKEN: "another file is there, and was left as it is; what would have been written",
}


def draft_lines(files: Sequence[DraftFile], width: int | None) -> list[Line]:
    """A row for each draft, and the text of those that belong into a contract; nothing where there is none."""
    if not files:
        return []
    lines = table(("CONTRACT", "PUBLISHES", "SUBSCRIBES", "DRAFT"), [_row(each) for each in files], width)
    for each in files:
        if each.fate in _LEFT:
            lines += [[], *paragraph(f"{each.path}: {_LEFT[each.fate]}:", width, "yellow")]
            lines += [[(" " * INDENT + visible(line), "dim")] for line in each.text.splitlines()]
    return lines


def draft_document(each: DraftFile) -> dict[str, Any]:
    """A draft for machines, with what became of it."""
    return {"path": each.path, "fate": each.fate.value, **_draft(each.draft), "text": each.text}


def _row(each: DraftFile) -> Row:
    style = "green" if each.fate is Fate.WRITTEN else "yellow" if each.fate in _LEFT else ""
    return Row(
        (
            Cell(each.path),
            figure(str(len(each.draft.publishes))),
            figure(str(len(each.draft.subscribes))),
            Cell(_FATES[each.fate], style),
        )
    )


def _draft(draft: Draft) -> dict[str, Any]:
    return {
        "node": draft.node,
        "publishes": [_topic(each) for each in draft.publishes],
        "subscribes": [_topic(each) for each in draft.subscribes],
    }


def _topic(topic: DraftTopic) -> dict[str, Any]:
    return {
        "topic": topic.name,
        "origin": topic.origin,
        "partitions": topic.settings.partitions,
        "replication_factor": topic.settings.replication_factor,
        "config": dict(topic.settings.config),
        "remarks": list(topic.remarks),
    }
