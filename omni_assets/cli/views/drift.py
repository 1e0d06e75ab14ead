"""Drift: a table with verdicts in colour, and one sentence that counts it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from omni_assets.cli.tables import Cell, Line, Row, paragraph, table
from omni_assets.cli.views.settings import setting_name
from omni_assets.cli.words import age
from omni_assets.contracts.text import count
from omni_assets.contracts.values import readable
from omni_assets.drift.diff import Drift
from omni_assets.drift.health import Unhealthy
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.verdict import Verdict
from omni_assets.operations.observe import DriftReport, OpenDrift, verdict_counts
from omni_assets.projection.rows import ObservationRow

_HEADER = ("TOPIC", "DRIFT", "DECLARED", "BROKER", "VERDICT", "OWNER", "SINCE")
COLUMNS = (
    "topic",
    "kind",
    "field",
    "declared",
    "observed",
    "verdict",
    "reason",
    "owner",
    "path",
    "line",
    "first_seen",
    "detail",
)
_KINDS = {
    DriftKind.MISSING: "missing",
    DriftKind.ORPHANED: "orphan",
    DriftKind.CONFLICT: "conflict",
    DriftKind.UNKNOWN: "unknown",
    DriftKind.RECREATED: "recreated",
    DriftKind.STRANDED: "stranded",
    DriftKind.SILENT_READER: "silent reader",
    DriftKind.SILENT_WRITER: "silent writer",
    DriftKind.RETIRING: "retiring",
}
STYLES = {
    Verdict.IN_SYNC: "green",
    Verdict.AUTO_FIXABLE: "cyan",
    Verdict.NEEDS_APPROVAL: "yellow",
    Verdict.UNFIXABLE: "red",
    Verdict.UNKNOWN: "magenta",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Drift, and what it was found in. ``counts`` are by verdict, ``calls`` the broker calls of the observation.

    ``unhealthy`` topics are no drift: they are shown, and change no exit code.
    """

    rows: Sequence[OpenDrift]
    counts: Mapping[str, int]
    declared_topics: int
    observed_topics: int
    bootstrap_servers: str
    observed_at: datetime
    calls: int
    unhealthy: Sequence[Unhealthy] = ()


def of_report(report: DriftReport) -> Comparison:
    """What was observed just now."""
    snapshot = report.snapshot
    return Comparison(
        report.rows,
        report.counts,
        len(report.manifest.topics),
        snapshot.public_topics,
        snapshot.bootstrap_servers,
        snapshot.observed_at,
        report.calls,
        report.unhealthy,
    )


def of_stored(observation: ObservationRow, drift: Iterable[tuple[Drift, datetime]]) -> Comparison:
    """What was projected last: the observation, and its open drift with first seen."""
    rows = tuple(OpenDrift(*each) for each in drift)
    return Comparison(
        rows,
        verdict_counts((row.drift for row in rows), observation.declared_topics),
        observation.declared_topics,
        observation.observed_topics,
        observation.bootstrap_servers,
        observation.observed_at,
        observation.calls,
    )


def drift_lines(rows: Sequence[OpenDrift], now: datetime, width: int | None) -> list[Line]:
    """The table, or nothing where nothing drifts."""
    return table(_HEADER, [_row(row, now) for row in rows], width) if rows else []


def health_lines(found: Comparison, width: int | None) -> list[Line]:
    """A line for each topic that is not well."""
    return [
        line
        for each in found.unhealthy
        for line in paragraph(f"unhealthy {each.topic}: {each.detail}", width, "magenta")
    ]


def drift_sentence(found: Comparison) -> str:
    """``2 drifts in 31 topics``, without its full stop."""
    drifts = count(len(found.rows), "drift") if found.rows else "no drift"
    return f"{drifts} in {count(found.declared_topics, 'topic')}"


def document(found: Comparison) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "drift": [drift_document(row) for row in found.rows],
        "counts": dict(found.counts),
        "declared_topics": found.declared_topics,
        "observed_topics": found.observed_topics,
        "bootstrap_servers": found.bootstrap_servers,
        "observed_at": moment(found.observed_at),
        "calls": found.calls,
        "unhealthy": [
            {"topic": each.topic, "kind": each.kind.value, "detail": each.detail} for each in found.unhealthy
        ],
    }


def moment(when: datetime) -> str:
    """ISO 8601 in UTC."""
    return when.astimezone(UTC).isoformat()


def _row(row: OpenDrift, now: datetime) -> Row:
    drift = row.drift
    cells = (
        Cell(drift.topic),
        Cell(drift_name(drift)),
        Cell(readable(drift.field, drift.declared)),
        Cell(readable(drift.field, drift.observed)),
        Cell(drift.verdict.value.replace("_", " "), STYLES[drift.verdict]),
        Cell(drift.owner or "-"),
        Cell(age(row.first_seen, now)),
    )
    return Row(cells, _below(drift))


def _below(drift: Drift) -> str:
    """Where the topic is declared, and what the observation or the verdict has to say."""
    if drift.location is None:
        return drift.detail or drift.explanation
    said = f"{drift.explanation} ({drift.detail})" if drift.detail else drift.explanation
    return f"{drift.location.path}:{drift.location.line}: {said}"


def drift_name(drift: Drift) -> str:
    """What differs, in a word or two: the kind, or the setting."""
    return _KINDS.get(drift.kind) or setting_name(drift.field)


def drift_document(row: OpenDrift) -> dict[str, Any]:
    """One difference, for machines."""
    drift = row.drift
    return {
        "topic": drift.topic,
        "kind": drift.kind.value,
        "field": drift.field or None,
        "declared": drift.declared,
        "observed": drift.observed,
        "verdict": drift.verdict.value,
        "reason": drift.reason.value,
        "owner": drift.owner,
        "path": drift.location.path if drift.location else None,
        "line": drift.location.line if drift.location else None,
        "first_seen": moment(row.first_seen),
        "detail": drift.detail,
    }
