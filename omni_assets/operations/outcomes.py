"""What can become of a declared topic when it is provisioned."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a declared topic. ``UNCONFIRMED``: it was asked for, and whether it is there is not known."""

    CREATED = "created"
    EXISTED = "existed"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class TopicOutcome:
    """The outcome for one topic. ``error`` says why it is none of created and existed, as a clause; else empty."""

    topic: str
    outcome: Outcome
    error: str = ""
