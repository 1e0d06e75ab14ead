"""A report that was written."""

from __future__ import annotations

from typing import Any

from omni_assets.cli.tables import Line, paragraph
from omni_assets.contracts.text import visible
from omni_assets.operations.report.writing import Written

_KIB = 1024


def lines(written: Written, width: int | None) -> list[Line]:
    """What the report says first, and where it is."""
    size = f"{written.size / _KIB:,.0f} KiB"
    return [*paragraph(written.sentence, width), *paragraph(f"{visible(str(written.path))} ({size})", width, "dim")]


def document(written: Written) -> dict[str, Any]:
    """What ``--format json`` writes."""
    content = written.content
    return {
        "path": str(written.path),
        "bytes": written.size,
        "sentence": written.sentence,
        "made_at": content.now.isoformat(),
        "since": content.since and content.since.isoformat(),
        "drift": len(content.drift),
        "receipts": len(content.told.receipts),
        "tasks": len(content.told.tasks),
    }
