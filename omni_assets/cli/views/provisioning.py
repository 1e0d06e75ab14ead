"""What provisioning did."""

from __future__ import annotations

from typing import Any

from omni_assets.cli.tables import Line, paragraph
from omni_assets.cli.words import spent
from omni_assets.operations.outcomes import Outcome
from omni_assets.operations.provision import Provisioning

_STYLES = {
    Outcome.CREATED: "green",
    Outcome.FAILED: "red",
    Outcome.UNCONFIRMED: "magenta",
    Outcome.SKIPPED: "yellow",
}


def provisioning_lines(provisioning: Provisioning, width: int | None) -> list[Line]:
    """A line for each topic that was not simply there, and one that counts all."""
    counts = ", ".join(f"{number:,} {outcome}" for outcome, number in provisioning.counts.items() if number)
    total = f"{counts or 'no topic is declared'} {spent(provisioning.seconds, provisioning.calls)}"
    return [*outcome_lines(provisioning, width), *paragraph(total, width)]


def outcome_lines(provisioning: Provisioning, width: int | None) -> list[Line]:
    """A line for each topic that was not simply there."""
    return [
        line
        for each in provisioning.topics
        if each.outcome in _STYLES
        for line in paragraph(
            f"{each.outcome} {each.topic}{': ' if each.error else ''}{each.error}", width, _STYLES[each.outcome]
        )
    ]


def provisioning_document(provisioning: Provisioning) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "topics": [
            {"topic": each.topic, "outcome": each.outcome.value, "error": each.error or None}
            for each in provisioning.topics
        ],
        "counts": provisioning.counts,
        "calls": provisioning.calls,
        "seconds": provisioning.seconds,
    }
