"""Making the projection anew from what it comes from: the journals, the contracts, and the broker where one answers.

From the broker come topics and flows, and the receipts of the ledger, which other machines may have written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from omni_assets.contracts.model import Manifest
from omni_assets.errors import BrokerError, NoContracts, OmniError, PathNotFound, UnnamedBroker
from omni_assets.operations.agents.projecting import project_ledger
from omni_assets.operations.context import Context
from omni_assets.operations.observe import drift, observe
from omni_assets.operations.recording import declare
from omni_assets.projection.store import Projection


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """The file that was made, the number of rows of each of its tables, and why a source has no part in it.

    ``contracts`` and ``broker`` are ``None`` where all is well. ``not_receipts`` counts records of the ledger that are
    none, and that nothing was made of.
    """

    file: Path
    rows: Mapping[str, int]
    contracts: OmniError | None = None
    broker: OmniError | None = None
    not_receipts: int = 0


def rebuild(context: Context) -> Rebuilding:
    """Make the projection anew. The journals are replayed first: the old file stays until they are.

    What the contracts and the broker add comes after that, and the next ``omni drift`` adds it too. Raises
    ``StateError``, such as ``JournalDamaged``, with the old file as it was.
    """
    projection = Projection(context.home)
    projection.rebuild()
    manifest, contracts = _declared(context)
    broker = _observed(context, manifest)
    others = 0
    if manifest is not None and broker is not None:
        declare(context, manifest)
    elif manifest is not None:
        others, broker = _ledger(context, manifest)
    return Rebuilding(projection.file, projection.counts(), contracts, broker, others)


def _declared(context: Context) -> tuple[Manifest | None, OmniError | None]:
    try:
        return context.manifest(), None
    except (PathNotFound, NoContracts) as error:
        return None, error


def _ledger(context: Context, manifest: Manifest) -> tuple[int, OmniError | None]:
    """Project what the ledger has: the number of records that are no receipts, and why it could not be read."""
    try:
        projected = project_ledger(context, manifest)
    except (BrokerError, UnnamedBroker) as error:
        return 0, error
    return (0 if projected is None else projected.others), None


def _observed(context: Context, manifest: Manifest | None) -> OmniError | None:
    """Observe the broker; why that cannot be, where it cannot. Without a manifest nothing is held against it."""
    try:
        if manifest is None:
            observe(context)
        else:
            drift(context, manifest)
    except (BrokerError, UnnamedBroker) as error:
        return error
    return None
