"""What happens under ``omni up``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from omni_assets.cli.tables import Line, paragraph
from omni_assets.contracts.text import count
from omni_assets.operations.cycle import Cycle
from omni_assets.operations.up import (
    BrokerReady,
    CycleEnded,
    Event,
    ModelReady,
    PortTaken,
    ReportReady,
    ServiceStarted,
    StillStarting,
    Stopping,
    UiReady,
)


def event_lines(event: Event, width: int | None) -> list[Line]:
    """What a person is told of an event."""
    match event:
        case BrokerReady(address, started, seconds):
            how = f" (started in {seconds:.1f} s)" if started else ""
            return paragraph(f"broker at {address}{how}; running the first cycle", width)
        case ModelReady(model, base_url, started, seconds):
            how = f" (started in {seconds:.1f} s)" if started else ""
            return paragraph(f"model {model} at {base_url}{how}", width)
        case CycleEnded(cycle):
            return _cycle_lines(cycle, width)
        case PortTaken(taken, instead):
            return paragraph(f"port {taken} is in use, so the UI takes {instead}", width)
        case ServiceStarted(name, pid, log):
            return paragraph(f"{name} started (process {pid}, log {log})", width)
        case StillStarting(name, seconds, most):
            return paragraph(f"{name} does not answer yet ({seconds:.0f} s; it is given {most:.0f} s)", width, "dim")
        case ReportReady(url, file):
            return paragraph(f"report at {url}, and in {file}", width)
        case UiReady(url, seconds):
            return paragraph(f"Dagster UI at {url} ({seconds:.1f} s); Ctrl-C ends everything", width, "bold")
        case Stopping(names):
            return paragraph(f"stopping {', '.join(names)}", width)


def plain(lines: list[Line]) -> list[str]:
    """Lines without their styles."""
    return ["".join(text for text, _ in line) for line in lines]


def cycle_document(cycle: Cycle) -> dict[str, Any]:
    """What ``--format json`` writes."""
    return {"clean": cycle.clean, **asdict(cycle)}


def exit_code(cycle: Cycle) -> int:
    """The exit code: 0 clean, 1 findings, 2 where the run failed."""
    return 2 if not cycle.success else int(not cycle.clean)


def _cycle_lines(cycle: Cycle, width: int | None) -> list[Line]:
    figures = f"({cycle.seconds:.1f} s, {count(cycle.events, 'event')} in Dagster)"
    if not cycle.success:
        return paragraph(f"run {cycle.run_id} failed {figures}", width, "red")
    drift = {verdict: number for verdict, number in (cycle.drift or {}).items() if verdict != "in_sync"}
    parts = [
        f"{count(cycle.declared_topics or 0, 'topic')} declared, {cycle.observed_topics or 0:,} on the broker",
        _numbers(cycle.provisioned or {}) or "nothing provisioned",
        f"drift: {_numbers(drift) or 'none'}",
    ]
    if changes := _numbers(cycle.applied or {}):
        parts.insert(2, f"steps: {changes}")
    if cycle.contract_errors:
        parts.append(f"{count(cycle.contract_errors, 'error')} in contracts: `omni check` lists them")
    lines = paragraph(f"{'; '.join(parts)} {figures}", width, "green" if cycle.clean else "yellow")
    if cycle.failed_checks:
        lines += paragraph(f"checks that failed: {', '.join(cycle.failed_checks)}", width, "yellow")
    return lines


def _numbers(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items() if number)
