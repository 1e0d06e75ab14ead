"""A running cluster as drafts of contracts: one look at it, and files where there are none yet.

Nothing is written to the broker, and no file is ever written over.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.contracts.text import count
from omni_assets.errors import InputError
from omni_assets.operations.context import Context
from omni_assets.operations.importing.draft_files import DraftFile, Fate, draft_files, present_contracts, written
from omni_assets.operations.importing.drafting import Manner, drafted
from omni_assets.operations.importing.notices import Notice
from omni_assets.operations.policy import policy_of

MOST_CONTRACTS = 5_000
"""Most contracts that are drafted at once: beyond, every process seems to have a consumer group of its own."""


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
    ``UnnamedBroker``, ``SettingsError``, and ``InputError`` where ``folder`` is none, where a contract cannot be read,
    since its topics would be declared twice, and where there would be too many.
    """
    started = time.monotonic()
    target = folder or context.sources[0]
    manifest = present_contracts(context, target)
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
    files = draft_files(found.drafts, manifest, target, _heading(snapshot))
    seconds = time.monotonic() - started
    return Import(target, snapshot, found.notices, tuple(files), found.topics, found.declared, calls, seconds)


def write(found: Import) -> Import:
    """Write the drafts that can be written. Raises ``InputError`` where the folder does not take them; those that were
    written before stay."""
    return replace(found, files=written(found.files))


def _heading(snapshot: BrokerSnapshot) -> tuple[str, ...]:
    cluster = f"the cluster {snapshot.cluster_id}" if snapshot.cluster_id else "the broker"
    return (
        f"Drafted by `omni import` from what {cluster} had on {snapshot.observed_at.date().isoformat()}.",
        "Nobody has read it yet: mend what is guessed, say `keyed` where the order of a key matters, and take the",
        "comments out.",
    )
