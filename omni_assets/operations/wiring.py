"""The wiring of a project's contracts, with its near misses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from omni_assets.contracts.findings import in_order
from omni_assets.contracts.model import Finding, Manifest
from omni_assets.contracts.wiring.graph import Wiring, wire
from omni_assets.contracts.wiring.mismatches import Mismatch, mismatches
from omni_assets.contracts.wiring.near_miss import NearNames
from omni_assets.errors import UnknownName
from omni_assets.operations.context import Context
from omni_assets.operations.judging import judged


@dataclass(frozen=True, slots=True)
class Connections:
    """A wiring, or a part of it, and the near misses in it.

    ``findings`` are those over the contracts and over this wiring, as the settings judge them.
    """

    manifest: Manifest
    wiring: Wiring
    near: tuple[Mismatch, ...]
    findings: tuple[Finding, ...]


def connections(context: Context, around: str | None = None) -> Connections:
    """The wiring of all contracts, or what has ``around``, a node or a topic, at one end.

    Raises ``UnknownName`` where there is no such node or topic, ``PathNotFound``, ``NoContracts`` and
    ``SettingsError``.
    """
    manifest = context.manifest()
    whole = wire(manifest, context.grammar())
    near = mismatches(whole, context.grammar())
    wrong = context.wiring_findings(manifest)
    if around is None:
        return Connections(manifest, whole, near, _judged(context, manifest, wrong))
    part = whole.around(around)
    if not part.nodes:
        known = (*whole.nodes, *whole.topics, *whole.misnamed)
        raise UnknownName(around, [each.name for each in NearNames(known, context.grammar()).of(around)])
    names = {*part.topics, *part.misnamed}
    return Connections(
        manifest,
        part,
        tuple(each for each in near if each.wrong.name in names and each.meant.name in names),
        _judged(context, manifest, [each for each in wrong if not names.isdisjoint((each.topic, *each.near))]),
    )


def _judged(context: Context, manifest: Manifest, wrong: Iterable[Finding]) -> tuple[Finding, ...]:
    return judged(context, manifest, in_order([*manifest.findings, *wrong]))
