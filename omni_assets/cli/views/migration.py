"""What a migration would do, what it did, and where groups begin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from omni_assets.cli.tables import Cell, Line, Row, figure, paragraph, table
from omni_assets.cli.words import spent
from omni_assets.contracts.text import count, visible
from omni_assets.contracts.values import readable
from omni_assets.operations.redis_streams.handing_over import Handed
from omni_assets.operations.redis_streams.migrating import Migrated
from omni_assets.operations.redis_streams.preparing import Migration

_HEADER = ("GROUP", "BEGINS AT", "OPEN", "AGAIN")


def prepared_lines(found: Migration, width: int | None) -> list[Line]:
    """What would be copied, from where to where, and what to know before."""
    owner = found.topic.owner.location
    title = f"{found.stream.name} at {found.address} -> {found.way.target.name} ({owner.path}:{owner.line})"
    kept = "" if found.retention_ms is None else f" and keeps them {_kept(found.retention_ms)}"
    facts = [
        _entries(found),
        f"the topic has {count(found.way.target.partitions, 'partition')}{kept}",
        *([_groups(found)] if found.stream.groups else []),
    ]
    return [
        *paragraph(title, width, "bold"),
        *(line for fact in facts for line in paragraph(fact, width, indent=2)),
        *(line for each in found.warnings for line in paragraph(f"warning: {each}", width, "yellow", 2)),
    ]


def question(found: Migration) -> str:
    """What a person is asked before anything is copied."""
    return f"Copy what is behind {found.start.after} to {visible(found.way.target.name)}?"


def migrated_lines(found: Migration, done: Migrated, handed: Sequence[Handed] | None, width: int | None) -> list[Line]:
    """How far it came, and where groups begin; ``handed`` is ``None`` where it was no cut-over."""
    topic, progress = found.way.target.name, done.progress
    said = (
        f"copied {count(done.records, 'record')} {spent(done.seconds)}; {found.stream.name} stays as it is, and up to "
        f"its entry {progress.after} it is in {topic}, {count(progress.copied, 'record')} in all"
    )
    missed = _missed(done, cut_over=handed is not None)
    rows = [_row(each) for each in handed or ()]
    end = f"the last entry is {progress.after}: from here on write to {topic}, and start those that read it"
    return [
        *paragraph(said, width, "green"),
        *(paragraph(f"warning: {missed}", width, "yellow") if missed else []),
        *(table(_HEADER, rows, width) if rows else []),
        *(paragraph(end, width) if handed is not None else []),
    ]


def document(found: Migration, done: Migrated | None, handed: Sequence[Handed] | None = None) -> dict[str, Any]:
    """The same for programs."""
    progress = found.start if done is None else done.progress
    return {
        "stream": found.stream.name,
        "address": found.address,
        "topic": found.way.target.name,
        "entries": found.stream.length,
        "last": str(found.stream.last),
        "start": str(found.start.after),
        "copied_before": found.start.copied,
        "partitions": found.way.target.partitions,
        "retention_ms": found.retention_ms,
        "warnings": list(found.warnings),
        "copied": None if done is None else done.records,
        "copied_in_all": progress.copied,
        "after": str(progress.after),
        "missed": None if done is None else done.missed,
        "seconds": None if done is None else done.seconds,
        "groups": None if handed is None else [_group(each) for each in handed],
    }


def _group(handed: Handed) -> dict[str, Any]:
    return {
        "group": handed.group,
        "positions": [{"partition": each, "position": at} for each, at in sorted(handed.standing.positions.items())],
        "open": handed.standing.open,
        "again": handed.standing.again,
        "left": handed.left or None,
    }


def _row(handed: Handed) -> Row:
    places = ", ".join(f"{each}: {at:,}" for each, at in sorted(handed.standing.positions.items()))
    cells = (
        Cell(handed.group),
        Cell(places),
        figure(f"{handed.standing.open:,}"),
        figure(f"{handed.standing.again:,}"),
    )
    return Row(cells, f"not given: {handed.left}" if handed.left else "")


def _entries(found: Migration) -> str:
    since = f" since {found.oldest:%Y-%m-%d %H:%M} UTC" if found.oldest else ""
    before = (
        f"; {count(found.start.copied, 'record')} were copied before, up to the entry {found.start.after}"
        if found.start.copied
        else ""
    )
    return f"the stream holds {count(found.stream.length, 'record')}{since}{before}"


def _groups(found: Migration) -> str:
    pending = sum(each.pending for each in found.stream.groups)
    open_ = f", which did not acknowledge {count(pending, 'record')}" if pending else ""
    return f"it has {count(len(found.stream.groups), 'group')}{open_}"


def _missed(done: Migrated, *, cut_over: bool) -> str:
    if done.missed is None:
        return "whether entries were deleted before they could be copied is not known" if cut_over else ""
    return f"{count(done.missed, 'record')} were deleted before they could be copied" if done.missed else ""


def _kept(retention_ms: int) -> str:
    return "for ever" if retention_ms < 0 else f"for {readable('retention.ms', str(retention_ms))}"
