"""An AsyncAPI document of somebody else as drafts of contracts: files where there are none yet."""

from __future__ import annotations

from dataclasses import dataclass, replace

from omni_assets.contracts.asyncapi.parsing import MAX_BYTES, NotAsyncApi, parsed
from omni_assets.contracts.asyncapi.reading import LeftOut, described
from omni_assets.contracts.document import Unreadable, read
from omni_assets.contracts.text import visible
from omni_assets.errors import DocumentUnusable
from omni_assets.operations.context import Context
from omni_assets.operations.importing.described import drafts_of
from omni_assets.operations.importing.draft_files import DraftFile, Fate, draft_files, present_contracts, written


@dataclass(frozen=True, slots=True)
class DocumentImport:
    """Drafts for what a document describes. ``topics`` is the number of its topics that no contract declares,
    ``declared`` of those that one does; ``left_out`` is what of the document is in no draft."""

    path: str
    folder: str
    files: tuple[DraftFile, ...]
    left_out: tuple[LeftOut, ...]
    topics: int
    declared: int

    @property
    def clean(self) -> bool:
        """Whether all of the document is in drafts, and each of them can be, or is, a contract."""
        return not self.left_out and all(each.fate in (Fate.NEW, Fate.WRITTEN) for each in self.files)


def prepare(context: Context, path: str, folder: str | None = None) -> DocumentImport:
    """Read the document at ``path``, and draft contracts for what none declares yet; nothing is written.

    They would be in ``folder``, by default the first place where contracts are looked for. Raises ``DocumentUnusable``,
    ``SettingsError``, and ``InputError`` where a contract cannot be read, or ``folder`` is none.
    """
    target = folder or context.sources[0]
    found = described(_document(path))
    manifest = present_contracts(context, target)
    drafts = drafts_of(found, manifest)
    files = tuple(draft_files(drafts.drafts, manifest, target, _heading(path)))
    return DocumentImport(path, target, files, drafts.left_out, drafts.topics, drafts.declared)


def write(found: DocumentImport) -> DocumentImport:
    """Write the drafts that can be written. Raises ``InputError`` where the folder does not take them; those that were
    written before stay."""
    return replace(found, files=written(found.files))


def _document(path: str) -> dict[str, object]:
    """The data of a document. Raises ``DocumentUnusable``."""
    try:
        return parsed(path, read(path, MAX_BYTES))
    except Unreadable as error:
        found = error.finding
        raise DocumentUnusable(str(found.location), found.message.rstrip("."), _sentence(found.fix)) from None
    except NotAsyncApi as error:
        raise DocumentUnusable(str(error.location), error.why, _sentence(error.fix)) from None


def _sentence(fix: str) -> str:
    return f"{fix[:1].upper()}{fix[1:]}." if fix else ""


def _heading(path: str) -> tuple[str, ...]:
    return (
        f"Drafted by `omni import asyncapi` from {visible(path.rpartition('/')[2])}.",
        "Nobody has read it yet: say `keyed` where the order of a key matters, and take the comments out.",
    )
