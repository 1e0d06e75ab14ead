"""What is remembered of the looks before this one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from omni_assets.broker.flows import Flows

LOG = ""
"""In place of a group's name: the log itself."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is remembered of the looks before this one.

    ``flows`` is the last one. ``unchanged_since`` says by topic and group (``LOG`` for the topic's own offsets) since
    when the offsets have been as they are in ``flows``; without an entry, since ``flows`` was taken.
    ``orphaned_since`` says since when a topic has been known as an orphan. ``rescued`` says by topic and partition the
    next offset to rescue: the records before it have been brought home.
    """

    flows: Flows | None = None
    unchanged_since: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    orphaned_since: Mapping[str, datetime] = field(default_factory=dict)
    rescued: Mapping[str, Mapping[int, int]] = field(default_factory=dict)


NOTHING_EARLIER = Earlier()
