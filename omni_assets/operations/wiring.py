"""The wiring of a project's contracts, with its near misses."""

from __future__ import annotations

from dataclasses import dataclass

from omni_assets.contracts.model import Manifest
from omni_assets.contracts.wiring.graph import Wiring, wire
from omni_assets.contracts.wiring.mismatches import Mismatch, mismatches
from omni_assets.contracts.wiring.near_miss import NearNames
from omni_assets.errors import UnknownName
from omni_assets.operations.context import Context


@dataclass(frozen=True, slots=True)
class Connections:
    """A wiring, or a part of it, and the near misses in it."""

    manifest: Manifest
    wiring: Wiring
    near: tuple[Mismatch, ...]


def connections(context: Context, around: str | None = None) -> Connections:
    """The wiring of all contracts, or what has ``around``, a node or a topic, at one end.

    Raises ``UnknownName`` where there is no such node or topic, ``PathNotFound``, ``NoContracts`` and
    ``SettingsError``.
    """
    manifest = context.manifest()
    whole = wire(manifest, context.grammar())
    near = mismatches(whole, context.grammar())
    if around is None:
        return Connections(manifest, whole, near)
    part = whole.around(around)
    if not part.nodes:
        known = (*whole.nodes, *whole.topics, *whole.misnamed)
        raise UnknownName(around, [each.name for each in NearNames(known, context.grammar()).of(around)])
    names = {*part.topics, *part.misnamed}
    return Connections(
        manifest, part, tuple(each for each in near if each.wrong.name in names and each.meant.name in names)
    )
