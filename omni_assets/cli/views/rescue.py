"""What a rescue would do, and what it did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from omni_assets.cli.tables import Line, paragraph
from omni_assets.cli.words import spent
from omni_assets.contracts.text import count
from omni_assets.contracts.values import readable
from omni_assets.operations.rescue import Rescue, Rescued


def where_to(orphan: str, near: Sequence[str]) -> tuple[str, str]:
    """A sentence and the way out, for a rescue that does not say where to."""
    remedy = "Name it with --into; `omni topics` lists what is declared."
    if near:
        others = f" (or {', '.join(f'`{each}`' for each in near[1:])})" if near[1:] else ""
        remedy = f"Perhaps `{near[0]}`{others}: say --into {near[0]}."
    return f"it is not said which topic the records of `{orphan}` were meant for.", remedy


def prepared_lines(found: Rescue, width: int | None) -> list[Line]:
    """What would be copied, from where to where, and what to know before."""
    owner = found.topic.owner.location
    title = f"{found.source} -> {found.target.name} ({owner.path}:{owner.line})"
    kept = "" if found.retention_ms is None else f" and keeps them {_kept(found.retention_ms)}"
    facts = [
        _records(found),
        f"it has {count(found.target.partitions, 'partition')}{kept}",
    ]
    return [
        *paragraph(title, width, "bold"),
        *(line for fact in facts for line in paragraph(fact, width, indent=2)),
        *(line for each in found.warnings for line in paragraph(f"warning: {each}", width, "yellow", 2)),
    ]


def rescued_lines(found: Rescue, done: Rescued, width: int | None) -> list[Line]:
    """What was rescued."""
    text = (
        f"rescued {count(done.records, 'record')} {spent(done.seconds)}; {found.source} stays as it is, and up to here "
        "nothing in it is stranded"
    )
    return paragraph(text, width, "green")


def document(found: Rescue, done: Rescued | None) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "source": found.source,
        "target": found.target.name,
        "records": found.contents.records,
        "most_records": found.reach.most_records,
        "oldest": _moment(found.oldest),
        "newest": _moment(found.newest),
        "without_key": found.contents.keyless,
        "expired": found.contents.expired,
        "hidden": found.reach.hidden,
        "partitions": [
            {"partition": span.partition, "start": span.start, "end": span.end} for span in found.reach.spans
        ],
        "target_partitions": found.target.partitions,
        "target_retention_ms": found.retention_ms,
        "warnings": list(found.warnings),
        "rescued": None if done is None else done.records,
        "positions": None
        if done is None
        else [{"partition": each, "position": at} for each, at in sorted(done.positions.items())],
        "seconds": None if done is None else done.seconds,
    }


def _records(found: Rescue) -> str:
    held = found.contents
    if not held.records:
        return "nothing of it is left to rescue"
    times = f" from {_minute(found.oldest)} to {_minute(found.newest)}" if found.oldest and found.newest else ""
    keyless = f", {held.keyless:,} without a key" if held.keyless else ""
    return f"{count(held.records, 'record')}{times} in {count(len(found.reach.spans), 'partition')}{keyless}"


def _kept(retention_ms: int) -> str:
    return "for ever" if retention_ms < 0 else f"for {readable('retention.ms', str(retention_ms))}"


def _minute(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _moment(when: datetime | None) -> str | None:
    return None if when is None else when.isoformat()
