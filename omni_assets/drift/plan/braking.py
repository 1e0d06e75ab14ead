"""What holds a whole plan back: signs that it was made from a mistake rather than from a wish. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from omni_assets.contracts.model import Manifest
from omni_assets.contracts.text import count, visible
from omni_assets.drift.plan.definition import Action, Plan
from omni_assets.drift.policy import Policy

FEW = 5
"""So many topics may change, or go from the contracts, whatever their share: one of three is no sign of a mistake."""


class BrakeKind(StrEnum):
    """Why a plan is held back."""

    EMPTY_MANIFEST = "empty_manifest"
    SHRUNKEN_MANIFEST = "shrunken_manifest"
    ANOTHER_CLUSTER = "another_cluster"
    TOO_MANY_CHANGES = "too_many_changes"


class Brake(NamedTuple):
    """One reason to hold a plan back. ``message`` is a sentence, ``remedy`` the way out."""

    kind: BrakeKind
    message: str
    remedy: str


class Known(NamedTuple):
    """What was known before the plan: the declared topics of the last observation in that environment, and the id of
    the cluster there. ``None`` and empty where nothing was observed yet."""

    declared_topics: int | None = None
    cluster_id: str = ""


def brakes(plan: Plan, manifest: Manifest, earlier: Known, policy: Policy) -> tuple[Brake, ...]:
    """Every reason to hold ``plan`` back, none where all is well."""
    return tuple(_brakes(plan, manifest, earlier, policy))


def _brakes(plan: Plan, manifest: Manifest, earlier: Known, policy: Policy) -> Iterator[Brake]:
    declared = len(manifest.topics)
    if earlier.cluster_id and earlier.cluster_id != plan.cluster_id:
        yield Brake(
            BrakeKind.ANOTHER_CLUSTER,
            f"{visible(plan.bootstrap_servers)} is the cluster `{visible(plan.cluster_id)}` now, and was "
            f"`{visible(earlier.cluster_id)}` when it was observed last.",
            "Check the address; if the cluster was replaced, observe it first with `omni drift`.",
        )
    if not declared:
        yield Brake(
            BrakeKind.EMPTY_MANIFEST,
            "the contracts declare no topic at all.",
            "Check where contracts are looked for; `omni topics` lists what they declare.",
        )
        return
    before = earlier.declared_topics
    if before is not None and before - declared > max(FEW, policy.max_changed_share * before):
        yield Brake(
            BrakeKind.SHRUNKEN_MANIFEST,
            f"the contracts declare {count(declared, 'topic')}, and declared {before:,} when they were observed last.",
            "Check where contracts are looked for; if the others have ended, observe once with `omni drift`.",
        )
    changed = len({step.topic for step in plan.steps if step.action is not Action.CREATE})
    if changed > max(FEW, policy.max_changed_share * declared):
        yield Brake(
            BrakeKind.TOO_MANY_CHANGES,
            f"{changed:,} of {count(declared, 'declared topic')} would change, more than "
            f"{policy.max_changed_share:.0%} of them.",
            "Apply part of it with --only, or raise reconcile.max_changed_share.",
        )
