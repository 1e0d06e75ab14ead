"""Where the rename, or the end, of topics stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from omni_assets.cli.tables import Cell, Line, Row, paragraph, plain_row, table
from omni_assets.cli.views.drift import moment
from omni_assets.contracts.text import count
from omni_assets.drift.ending import Proof, Stage, Standing
from omni_assets.operations.apply import Applied
from omni_assets.operations.retire import Retirement

_STYLES = {Standing.DONE: "green", Standing.OPEN: "yellow", Standing.UNKNOWN: "magenta"}


def under_way(found: Retirement) -> bool:
    """Whether something is left to do."""
    return found.stage is not Stage.ENDED


def retirement_lines(found: Retirement, applied: Applied | None, width: int | None) -> list[Line]:
    """A row for each stage, and what is to be done next."""
    rows = [_row(each) for each in found.proofs]
    lines = [*paragraph(_title(found), width, "bold"), *table(("STEP", "STANDS", "SEEN"), rows, width)]
    failed = [each for each in (applied.carried if applied else ()) if each.detail]
    lines += [line for each in failed for line in paragraph(f"{each.outcome}: {each.detail}", width, "red")]
    return [*lines, *paragraph(_next(found), width)]


def list_lines(found: Sequence[Retirement], width: int | None) -> list[Line]:
    """All retirements, and how many are under way."""
    rows = [
        plain_row(each.topic, each.renamed_to or "-", each.stage, f"{each.since:%Y-%m-%d %H:%M} UTC", each.cluster)
        for each in found
    ]
    left = count(sum(map(under_way, found)), "topic")
    lines = table(("TOPIC", "RENAMED TO", "NEXT", "SINCE", "CLUSTER"), rows, width) if rows else []
    return [*lines, *paragraph(f"{left} being retired", width)]


def document(found: Retirement, applied: Applied | None = None) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "cluster": found.cluster,
        "topic": found.topic,
        "renamed_to": found.renamed_to or None,
        "stage": found.stage.value,
        "since": moment(found.since),
        "begun_at": moment(found.beginning.at),
        "quiet_for_seconds": found.beginning.quiet_for.total_seconds(),
        "deletable": found.deletable,
        "stages": [
            {
                "stage": each.stage.value,
                "standing": each.standing.value,
                "seen": each.seen,
                "remedy": each.remedy or None,
            }
            for each in found.proofs
        ],
        "applied": None if applied is None else applied.counts,
    }


def _title(found: Retirement) -> str:
    return f"{found.topic} -> {found.renamed_to}" if found.renamed_to else f"{found.topic} ends"


def _row(proof: Proof) -> Row:
    return Row((Cell(proof.stage.value), Cell(proof.standing.value, _STYLES[proof.standing]), Cell(proof.seen)))


def _next(found: Retirement) -> str:
    if found.stage is Stage.ENDED:
        return f"it has ended, since {found.since:%Y-%m-%d %H:%M} UTC"
    remedy = next((each.remedy for each in found.proofs if each.stage is found.stage), "")
    return f"next: {found.stage.value}. {remedy}".rstrip()
