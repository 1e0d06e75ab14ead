"""Making the projection anew from what it comes from: the journals, the contracts, and the broker where one answers.

From the broker come topics and flows, and the ledger: what became of tasks, and receipts of other machines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from omni_assets.contracts.model import Manifest
from omni_assets.errors import BrokerError, NoContracts, OmniError, PathNotFound, UnnamedBroker
from omni_assets.operations.agents.projecting import project_ledger
from omni_assets.operations.context import Context
from omni_assets.operations.observe import drift, observe
from omni_assets.operations.recording import declare
from omni_assets.operations.routing.ledger import NoLedger, ledger_topic
from omni_assets.operations.tidy import bounds
from omni_assets.projection.store import Projection


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """The file that was made, the number of rows of each of its tables, and why a source has no part in it.

    ``contracts`` and ``broker`` are ``None`` where all is well. ``ledger`` says as a clause why the ledger that the
    contracts declare was not read, empty where it was, or where they declare none. ``not_receipts`` counts records of
    it that are none, and that nothing was made of.
    """

    file: Path
    rows: Mapping[str, int]
    contracts: OmniError | None = None
    broker: OmniError | None = None
    ledger: str = ""
    not_receipts: int = 0


def rebuild(context: Context) -> Rebuilding:
    """Make the projection anew. The journals are replayed first: the old file stays until they are.

    What the contracts and the broker add comes after that, and the next ``omni drift`` adds it too; what is old is
    forgotten at last, as ``omni tidy`` does. Raises ``StateError``, such as ``JournalDamaged``, with the old file as it
    was.
    """
    projection = Projection(context.home)
    projection.rebuild()
    manifest, contracts = _declared(context)
    broker = _observed(context, manifest)
    others, unread = 0, ""
    if manifest is not None:
        if broker is not None:
            declare(context, manifest)
        others, unread = _ledger(context, manifest, broker)
    projection.forget(bounds(context, datetime.now(UTC)))
    return Rebuilding(projection.file, projection.counts(), contracts, broker, unread, others)


def _declared(context: Context) -> tuple[Manifest | None, OmniError | None]:
    try:
        return context.manifest(), None
    except (PathNotFound, NoContracts) as error:
        return None, error


def _ledger(context: Context, manifest: Manifest, broker: OmniError | None) -> tuple[int, str]:
    """Project what the ledger has: the number of records that are no receipts, and why it could not be read. What keeps
    the ``broker`` from answering does so here."""
    try:
        topic = ledger_topic(manifest, context.settings.router.ledger_node)
    except NoLedger:
        return 0, ""
    if broker is not None:
        return 0, broker.message.rstrip(".")
    try:
        projected = project_ledger(context, manifest)
    except (BrokerError, UnnamedBroker) as error:
        return 0, error.message.rstrip(".")
    if projected is None:
        return 0, f"`{topic.name}` is not at {context.bootstrap_servers}"
    return projected.others, ""


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
