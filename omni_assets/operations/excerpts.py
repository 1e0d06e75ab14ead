"""Excerpts of the files that findings are in, as far as they can be read; each file is read once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from omni_assets.contracts.document import Unreadable, read
from omni_assets.contracts.model import Finding
from omni_assets.contracts.rendering.excerpts import Excerpt, excerpt, lines_of


def excerpt_of(finding: Finding, room: int) -> Excerpt | None:
    """The line of a finding in at most ``room`` columns; ``None`` where there is none to show."""
    return excerpt(finding, _lines(finding.location.path), room)


@cache
def _lines(path: str) -> Sequence[str]:
    try:
        return lines_of(read(path))
    except Unreadable:
        return ()
