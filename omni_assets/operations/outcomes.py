"""What can become of a declared topic when it is provisioned."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a declared topic."""

    CREATED = "created"
    EXISTED = "existed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class TopicOutcome:
    """The outcome for one topic. ``error`` says why it failed or was skipped, as a clause; else empty."""

    topic: str
    outcome: Outcome
    error: str = ""
