"""What works of everything that is declared."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from omni_assets.cli.tables import Line, paragraph
from omni_assets.cli.words import spent
from omni_assets.operations.agents.smoke import Smoke, Tried


def smoke_lines(smoke: Smoke, width: int | None) -> list[Line]:
    """A line for each topic and handler that does not work, and for each node whose function has no example; and one
    that counts all.
    """
    bad = [each for each in (*smoke.topics, *smoke.handlers) if each.why]
    lines = [line for each in bad for line in paragraph(f"{each.name}: {each.why}.", width, "red")]
    for node in smoke.untried:
        lines += paragraph(
            f"{node}: its handler is not tried, since no topic that it subscribes has an example.", width
        )
    total = f"{_working(smoke.topics)} topics and {_working(smoke.handlers)} handlers work {spent(smoke.seconds)}"
    return [*lines, *paragraph(total, width)]


def smoke_document(smoke: Smoke) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "version": 1,
        "topics": [_document(each) for each in smoke.topics],
        "handlers": [_document(each) for each in smoke.handlers],
        "untried": list(smoke.untried),
        "seconds": smoke.seconds,
    }


def _working(tried: Collection[Tried]) -> str:
    return f"{sum(not each.why for each in tried):,} of {len(tried):,}"


def _document(each: Tried) -> dict[str, Any]:
    return {"name": each.name, "works": not each.why, "why": each.why or None}
