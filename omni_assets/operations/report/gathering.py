"""What a report tells, from contracts and the projection: no broker is asked."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType

from omni_assets.contracts.wiring.graph import wire
from omni_assets.errors import NoContracts, PathNotFound
from omni_assets.operations.context import Context
from omni_assets.operations.report.content import Content
from omni_assets.operations.wiring import Connections, connections
from omni_assets.projection.rows import ObservationRow, Told
from omni_assets.projection.store import Projection

MOST_ROWS = 100_000
"""Receipts, tasks and past drifts that a report holds at most, each the newest."""


def gather(context: Context, now: datetime, since: datetime | None = None, most: int = MOST_ROWS) -> Content:
    """Everything that is known of a project, without asking anybody. ``now`` is when that is said to be, and ``most``
    how many rows of a kind are told.

    A project without contracts, without an observation or without receipts is told as such. Raises ``SettingsError``
    and ``StateError``.
    """
    wired = _connections(context)
    told = Projection(context.home).told(since, most + 1)
    observation = _meant(context, told)
    cluster = observation.cluster if observation else None
    history = tuple(
        row
        for row in told.history[:most]
        if row.cluster == cluster and (since is None or row.resolved is None or row.resolved >= since)
    )
    counted = {"receipts": told.receipts, "tasks": told.tasks, "past drifts": told.history}
    return Content(
        context.settings.root.name,
        context.environment,
        now,
        since,
        wired.manifest,
        wired.wiring,
        wired.near,
        wired.findings,
        observation,
        tuple(row for row in told.drift if row.cluster == cluster),
        history,
        told._replace(receipts=told.receipts[:most], tasks=told.tasks[:most]),
        MappingProxyType({name: most for name, rows in counted.items() if len(rows) > most}),
    )


def _meant(context: Context, told: Told) -> ObservationRow | None:
    """The last observation of this context's broker, or of any where nobody named one."""
    here = [each for each in told.observations if each.bootstrap_servers == context.bootstrap_servers]
    either = here or ([] if context.named else told.observations)
    return max(either, key=lambda each: each.observed_at, default=None)


def _connections(context: Context) -> Connections:
    try:
        return connections(context)
    except (NoContracts, PathNotFound):
        nothing = context.extractor().assemble(())
        return Connections(nothing, wire(nothing, context.grammar()), (), ())
