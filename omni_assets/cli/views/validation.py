"""What validation found: is every declared topic there?"""

from __future__ import annotations

from typing import Any

from omni_assets.cli.tables import Line, paragraph
from omni_assets.cli.views.drift import document, of_report
from omni_assets.cli.views.provisioning import outcome_lines, provisioning_document
from omni_assets.cli.words import spent
from omni_assets.contracts.text import count
from omni_assets.operations.boot import BootReport
from omni_assets.operations.validate import Validation


def validation_lines(validation: Validation, seconds: float, width: int | None) -> list[Line]:
    """A line for each topic that was not simply there, one for each that is not there now, and one that counts all."""
    report, provisioning = validation.report, validation.provisioning
    lines = outcome_lines(provisioning, width) if provisioning is not None else []
    for drift in report.absent:
        reason = drift.detail or drift.explanation
        lines += paragraph(f"{drift.kind} {drift.topic}: {reason}", width, "red")
    declared = len(report.manifest.topics)
    present = declared - len({drift.topic for drift in report.absent})
    created = provisioning.counts["created"] if provisioning is not None else 0
    others = len(report.rows) - len(report.absent)
    sentence = f"{present:,} of {count(declared, 'declared topic')} on the broker"
    sentence += f", {created:,} of them created now" if created else ""
    sentence += (
        f"; {count(others, 'other drift')}: `omni drift` shows {'it' if others == 1 else 'them'}" if others else ""
    )
    calls = report.snapshot.calls + (provisioning.calls if provisioning is not None else 0)
    return [*lines, *paragraph(f"{sentence} {spent(seconds, calls)}", width)]


def validation_document(validation: Validation) -> dict[str, Any]:
    """What ``--format json`` writes."""
    provisioning = validation.provisioning
    return {
        "complete": validation.complete,
        "provisioning": None if provisioning is None else provisioning_document(provisioning),
        **document(of_report(validation.report)),
    }


def boot_document(boot: BootReport, validation: Validation) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {
        "ready": boot.ready,
        "attempts": boot.attempts,
        "seconds": boot.seconds,
        **validation_document(validation),
    }
