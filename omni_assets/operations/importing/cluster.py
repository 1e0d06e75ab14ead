"""A running cluster as drafts of contracts: one look at it, and files where there are none yet.

Nothing is written to the broker, and no file is ever written over.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.document import MAX_BYTES
from omni_assets.contracts.model import Manifest
from omni_assets.contracts.rules import UNREAD_RULES
from omni_assets.contracts.text import count
from omni_assets.errors import InputError, NoContracts, reason
from omni_assets.operations.context import Context
from omni_assets.operations.files import write_new
from omni_assets.operations.importing.drafting import Manner, drafted
from omni_assets.operations.importing.drafts import Draft
from omni_assets.operations.importing.nodes import folders
from omni_assets.operations.importing.notices import Notice
from omni_assets.operations.importing.text import draft_text
from omni_assets.operations.policy import policy_of

MOST_CONTRACTS = 5_000
"""Most contracts that are drafted at once: beyond, every process seems to have a consumer group of its own."""

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


@dataclass(frozen=True, slots=True)
class Import:
    """Drafts for what is on a cluster, and what to know of them. ``topics`` is the number of public topics that no
    contract declares, ``declared`` of those that one does."""

    folder: str
    snapshot: BrokerSnapshot
    notices: tuple[Notice, ...]
    files: tuple[DraftFile, ...]
    topics: int
    declared: int
    calls: int
    seconds: float

    @property
    def clean(self) -> bool:
        """Whether nobody has to decide anything before the drafts are contracts."""
        return all(each.fate in (Fate.NEW, Fate.WRITTEN) for each in self.files) and not any(
            each.serious for each in self.notices
        )


def prepare(context: Context, folder: str | None = None) -> Import:
    """Look at the cluster, and draft contracts for what none declares yet; nothing is written.

    They would be in ``folder``, by default the first place where contracts are looked for. Raises ``BrokerError``,
    ``UnnamedBroker``, ``SettingsError``, and ``InputError`` where a contract cannot be read, since its topics would be
    declared twice, and where there would be too many.
    """
    started = time.monotonic()
    target = folder or context.sources[0]
    manifest = _manifest(context, target)
    extractor = context.extractor()
    manner = Manner(extractor.grammar, extractor.policy, policy_of(context).group_of_node)
    with context.admin() as admin:
        snapshot, flows = admin.look(manifest.topics)
        calls = admin.calls
    found = drafted(manifest, snapshot, flows, manner)
    if len(found.drafts) > MOST_CONTRACTS:
        raise InputError(
            f"nothing is imported: {count(len(found.drafts), 'node')} would have a contract, and {MOST_CONTRACTS:,} is "
            "the most at once.",
            "Say with `reconcile.group_of_node` in the settings which consumer groups are one node's.",
        )
    files = _files(
        found.drafts, {contract.node: contract.location.path for contract in manifest.contracts}, target, snapshot
    )
    seconds = time.monotonic() - started
    return Import(target, snapshot, found.notices, tuple(files), found.topics, found.declared, calls, seconds)


def write(found: Import) -> Import:
    """Write the drafts that can be written. Raises ``InputError`` where the folder does not take them; those that were
    written before stay."""
    return replace(found, files=tuple(_written(each) if each.fate is Fate.NEW else each for each in found.files))


def _manifest(context: Context, target: str) -> Manifest:
    """What contracts declare already, those in the folder of the drafts too: none at all on the first day."""
    places = dict.fromkeys((*context.sources, target))
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


def _files(
    drafts: Sequence[Draft], present: Mapping[str, str], folder: str, snapshot: BrokerSnapshot
) -> Iterator[DraftFile]:
    places = folders(each.node for each in drafts)
    heading = _heading(snapshot)
    for draft in drafts:
        text = draft_text(draft, heading)
        path = os.path.join(folder, places[draft.node], "contract.yaml")
        if draft.topics > MOST_DECLARATIONS or len(text.encode()) > MAX_BYTES:
            yield DraftFile(draft, path, text, Fate.TOO_LARGE)
        elif draft.node in present:
            yield DraftFile(draft, present[draft.node], text, Fate.ELSEWHERE)
        else:
            yield DraftFile(draft, path, text, Fate.TAKEN if os.path.lexists(path) else Fate.NEW)


def _heading(snapshot: BrokerSnapshot) -> tuple[str, ...]:
    cluster = f"the cluster {snapshot.cluster_id}" if snapshot.cluster_id else "the broker"
    return (
        f"Drafted by `omni import` from what {cluster} had on {snapshot.observed_at.date().isoformat()}.",
        "Nobody has read it yet: mend what is guessed, say `keyed` where the order of a key matters, and take the",
        "comments out.",
    )


def _written(each: DraftFile) -> DraftFile:
    try:
        put = write_new(each.path, each.text.encode())
    except OSError as error:
        raise InputError(
            f"the draft {each.path} cannot be written: {reason(error)}.",
            "Make its folder writable, or name another one with --out; what was written before stays.",
        ) from None
    return replace(each, fate=Fate.WRITTEN if put else Fate.TAKEN)
