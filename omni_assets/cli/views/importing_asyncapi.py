"""What an AsyncAPI document describes that no contract declares, and the contracts that were drafted for it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from omni_assets.cli.tables import Line, paragraph, plain_row, table
from omni_assets.cli.views.drafts import draft_document, draft_lines
from omni_assets.contracts.text import count
from omni_assets.operations.importing.asyncapi import DocumentImport
from omni_assets.operations.importing.draft_files import Fate


def left_out_lines(found: DocumentImport, width: int | None) -> list[Line]:
    """A row for each place of the document that is in no draft, and a blank line below them; nothing where there is
    none."""
    if not found.left_out:
        return []
    return [*table(("LEFT OUT",), [plain_row(each.place, below=each.why) for each in found.left_out], width), []]


def lines(found: DocumentImport, width: int | None) -> list[Line]:
    """A row for each draft, the text of those that belong into a contract, and a sentence with what is next."""
    drafts = draft_lines(found.files, width)
    said = [*([[]] if drafts else []), *paragraph(sentence(found), width)]
    if any(each.fate is Fate.WRITTEN for each in found.files):
        said += paragraph(f"`omni check {found.folder}` says what is left to mend", width)
    return [*drafts, *said]


def sentence(found: DocumentImport) -> str:
    """``wrote 12 contracts for 31 topics to contracts; 4 topics are declared already``"""
    fates = Counter(each.fate for each in found.files)
    is_or_are = "is" if found.declared == 1 else "are"
    declared = f"; {count(found.declared, 'topic')} {is_or_are} declared already" if found.declared else ""
    if not found.topics:
        return f"no topic to import from {found.path}{declared}"
    done, number = ("wrote", fates[Fate.WRITTEN]) if fates[Fate.WRITTEN] else ("would write", fates[Fate.NEW])
    contracts = count(len(found.files), "contract")
    some = contracts if number == len(found.files) else f"{number:,} of {contracts}"
    return f"{done} {some} for {count(found.topics, 'topic')} to {found.folder}{declared}"


def document(found: DocumentImport) -> dict[str, Any]:
    """What ``omni import asyncapi --format json`` prints."""
    fates = Counter(each.fate for each in found.files)
    return {
        "document": found.path,
        "folder": found.folder,
        "left_out": [{"place": each.place, "why": each.why} for each in found.left_out],
        "drafts": [draft_document(each) for each in found.files],
        "counts": {fate.value: fates[fate] for fate in Fate},
        "topics": found.topics,
        "declared_topics": found.declared,
    }
