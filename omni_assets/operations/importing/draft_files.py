"""Drafts as files of contracts, where there are none yet: no file is ever written over."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from omni_assets.contracts.document import MAX_BYTES
from omni_assets.contracts.model import Manifest
from omni_assets.contracts.rules import UNREAD_RULES
from omni_assets.errors import InputError, NoContracts, reason
from omni_assets.operations.context import Context
from omni_assets.operations.files import write_new
from omni_assets.operations.importing.drafts import Draft
from omni_assets.operations.importing.nodes import folders
from omni_assets.operations.importing.text import draft_text

MOST_DECLARATIONS = 5_000
"""Most topics that one draft declares."""


class Fate(StrEnum):
    """What becomes of a draft. ``NEW``: it can be written. ``ELSEWHERE``: its node has a contract already, which it
    belongs into. ``TAKEN``: another file is where it would be. ``TOO_LARGE``: no contract may be so long."""

    NEW = "new"
    WRITTEN = "written"
    ELSEWHERE = "elsewhere"
    TAKEN = "taken"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class DraftFile:
    """A draft as text, and the path of the file that it is, or that it belongs into."""

    draft: Draft
    path: str
    text: str
    fate: Fate


def present_contracts(context: Context, folder: str) -> Manifest:
    """What contracts declare already, those in the ``folder`` of the drafts too: none at all on the first day.

    Raises ``InputError`` where ``folder`` is none, and where a contract cannot be read, since its topics would be
    declared twice; and ``SettingsError``.
    """
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise InputError(f"{folder} is no folder, and each draft is a file in one.", "Name a folder with --out.")
    places = dict.fromkeys((*context.sources, folder))
    extractor = context.extractor()
    try:
        manifest = extractor.extract([place for place in places if os.path.lexists(place)])
    except NoContracts:
        return extractor.assemble(())
    unread = [each for each in manifest.findings if each.rule in UNREAD_RULES]
    if unread:
        raise InputError(
            f"nothing is imported: {unread[0].location.path} cannot be read, and may declare what would be drafted.",
            "Mend what `omni check` names, and try again.",
        )
    return manifest


def draft_files(
    drafts: Sequence[Draft], present: Manifest, folder: str, heading: tuple[str, ...]
) -> Iterator[DraftFile]:
    """The drafts as files in ``folder``; ``heading`` are lines of a comment above each. Nothing is written."""
    places = folders(each.node for each in drafts)
    known: Mapping[str, str] = {contract.node: contract.location.path for contract in present.contracts}
    for draft in drafts:
        text = draft_text(draft, heading)
        path = os.path.join(folder, places[draft.node], "contract.yaml")
        if draft.topics > MOST_DECLARATIONS or len(text.encode()) > MAX_BYTES:
            yield DraftFile(draft, path, text, Fate.TOO_LARGE)
        elif draft.node in known:
            yield DraftFile(draft, known[draft.node], text, Fate.ELSEWHERE)
        else:
            yield DraftFile(draft, path, text, Fate.TAKEN if os.path.lexists(path) else Fate.NEW)


def written(files: Sequence[DraftFile]) -> tuple[DraftFile, ...]:
    """Write those that can be written; the files, with what became of them.

    Raises ``InputError`` where the folder does not take one; those that were written before stay.
    """
    return tuple(_written(each) if each.fate is Fate.NEW else each for each in files)


def _written(each: DraftFile) -> DraftFile:
    try:
        put = write_new(each.path, each.text.encode())
    except OSError as error:
        raise InputError(
            f"the draft {each.path} cannot be written: {reason(error)}.",
            "Make its folder writable, or name another one with --out; what was written before stays.",
        ) from None
    return replace(each, fate=Fate.WRITTEN if put else Fate.TAKEN)
