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


_SAY_SO = "say so with `omni plan --acknowledge`"


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
    """What a plan is compared with: how many topics are meant to be declared in that environment, and the id of the
    cluster that is meant. ``None`` and empty where nothing was observed yet."""

    declared_topics: int | None = None
    cluster_id: str = ""

    def after(self, seen: Known) -> Known:
        """What is known once something was looked at: looking may add to it, and never takes from it what holds a plan
        back. The first look is taken at its word."""
        if self.declared_topics is None or seen.declared_topics is None:
            return seen if self.declared_topics is None else self
        if self.cluster_id and self.cluster_id != seen.cluster_id:
            return self
        return Known(max(self.declared_topics, seen.declared_topics), seen.cluster_id)


def brakes(plan: Plan, manifest: Manifest, earlier: Known, policy: Policy) -> tuple[Brake, ...]:
    """Every reason to hold ``plan`` back, none where all is well."""
    return tuple(_brakes(plan, manifest, earlier, policy))


def another_cluster(earlier: Known, cluster_id: str, bootstrap_servers: str) -> Brake | None:
    """What holds back whatever would be done to another cluster than is meant."""
    if not earlier.cluster_id or earlier.cluster_id == cluster_id:
        return None
    named = f"the cluster `{visible(cluster_id)}`" if cluster_id else "a cluster that reports no id"
    return Brake(
        BrakeKind.ANOTHER_CLUSTER,
        f"{visible(bootstrap_servers)} is {named}, and `{visible(earlier.cluster_id)}` is meant.",
        f"Check the address; if the cluster was replaced, {_SAY_SO}.",
    )


def _brakes(plan: Plan, manifest: Manifest, earlier: Known, policy: Policy) -> Iterator[Brake]:
    declared = len(manifest.topics)
    if (elsewhere := another_cluster(earlier, plan.cluster_id, plan.bootstrap_servers)) is not None:
        yield elsewhere
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
            f"the contracts declare {count(declared, 'topic')}, and {before:,} are meant to be declared.",
            f"Check where contracts are looked for; if the others have ended, {_SAY_SO}.",
        )
    changed = len({step.topic for step in plan.steps if step.action is not Action.CREATE})
    if changed > max(FEW, policy.max_changed_share * declared):
        yield Brake(
            BrakeKind.TOO_MANY_CHANGES,
            f"{changed:,} of {count(declared, 'declared topic')} would change, more than "
            f"{policy.max_changed_share:.0%} of them.",
            "Apply part of it with --only, or raise reconcile.max_changed_share.",
        )
