"""What a cluster has that no contract declares, and the contracts that were drafted for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from omni_assets.cli.tables import Cell, Line, Row, paragraph, table
from omni_assets.cli.views.drafts import draft_document, draft_lines
from omni_assets.cli.views.drift import moment
from omni_assets.cli.words import spent
from omni_assets.contracts.text import count
from omni_assets.operations.importing.cluster import Import
from omni_assets.operations.importing.draft_files import Fate
from omni_assets.operations.importing.notices import NoticeKind, counted

_STYLES: Mapping[NoticeKind, str] = {
    NoticeKind.NEAR_MISS: "red",
    NoticeKind.DEAD: "dim",
    NoticeKind.OUTSIDE_THE_GRAMMAR: "yellow",
    NoticeKind.UNSEEN: "magenta",
}


def notice_lines(found: Import, width: int | None) -> list[Line]:
    """A row for each notice, and a blank line below them; nothing where there is none."""
    if not found.notices:
        return []
    rows = [
        Row((Cell(each.subject), Cell(each.kind.replace("_", " "), _STYLES[each.kind])), each.detail)
        for each in found.notices
    ]
    return [*table(("NAME", "NOTICE"), rows, width), []]


def file_lines(found: Import, width: int | None) -> list[Line]:
    """A row for each draft, the text of those that belong into a contract, and a sentence with what is next."""
    lines = draft_lines(found.files, width)
    lines += [*([[]] if lines else []), *paragraph(sentence(found), width)]
    if any(each.fate is Fate.WRITTEN for each in found.files):
        lines += paragraph(f"`omni check {found.folder}` says what is left to mend", width)
    return lines


def sentence(found: Import) -> str:
    """``wrote 12 contracts for 31 topics to contracts; 4 topics are declared already (0.21 s, 7 broker calls)``"""
    fates = Counter(each.fate for each in found.files)
    declared = f"; {_are(found.declared, 'topic')} declared already" if found.declared else ""
    took = spent(found.seconds, found.calls)
    if not found.topics:
        return f"no topic to import from {found.snapshot.bootstrap_servers}{declared} {took}"
    done, number = ("wrote", fates[Fate.WRITTEN]) if fates[Fate.WRITTEN] else ("would write", fates[Fate.NEW])
    contracts = count(len(found.files), "contract")
    some = contracts if number == len(found.files) else f"{number:,} of {contracts}"
    large = f"; {_are(fates[Fate.TOO_LARGE], 'draft')} too large for a contract" if fates[Fate.TOO_LARGE] else ""
    return f"{done} {some} for {count(found.topics, 'topic')} to {found.folder}{declared}{large} {took}"


def import_document(found: Import) -> dict[str, Any]:
    """What ``omni import --format json`` prints."""
    fates = Counter(each.fate for each in found.files)
    return {
        "cluster_id": found.snapshot.cluster_id,
        "bootstrap_servers": found.snapshot.bootstrap_servers,
        "observed_at": moment(found.snapshot.observed_at),
        "folder": found.folder,
        "notices": [
            {"kind": each.kind.value, "subject": each.subject, "detail": each.detail} for each in found.notices
        ],
        "drafts": [draft_document(each) for each in found.files],
        "counts": {**counted(found.notices), **{fate.value: fates[fate] for fate in Fate}},
        "topics": found.topics,
        "declared_topics": found.declared,
        "calls": found.calls,
        "seconds": found.seconds,
    }


def _are(number: int, noun: str) -> str:
    return f"{count(number, noun)} {'is' if number == 1 else 'are'}"
