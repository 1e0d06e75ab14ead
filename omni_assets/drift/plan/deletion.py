"""Deleting a topic: a plan of its own, made only on request, and only where nothing says that it is in use. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from omni_assets.broker.flows import Flows, ObservedGroup
from omni_assets.broker.snapshot import BrokerSnapshot
from omni_assets.broker.topics import is_internal
from omni_assets.contracts.model import Manifest
from omni_assets.contracts.rules import UNREAD_RULES
from omni_assets.drift.diff import Drift, in_order
from omni_assets.drift.judgement import Judgement
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.plan.building import in_turn
from omni_assets.drift.plan.definition import Action, Plan, Step, step_id
from omni_assets.drift.plan.explanation import Change, consequence, reason
from omni_assets.drift.plan.fingerprint import state_hash
from omni_assets.drift.policy import Policy, overruled
from omni_assets.drift.verdict import Reason, Verdict


def build_deletion(
    topics: Iterable[str],
    manifest: Manifest,
    snapshot: BrokerSnapshot,
    flows: Flows,
    policy: Policy,
    *,
    environment: str,
    made_at: datetime,
) -> Plan:
    """The plan that deletes ``topics``, as far as they may be; the others are surfaced with the reason."""
    rows = in_order(
        Drift(name, DriftKind.ORPHANED, "", None, "present", *judge_deletion(name, manifest, snapshot, flows, policy))
        for name in sorted(set(topics))
    )
    steps = in_turn(_step(row, flows) for row in rows if row.verdict is Verdict.NEEDS_APPROVAL)
    return Plan(
        cluster_id=snapshot.cluster_id,
        bootstrap_servers=snapshot.bootstrap_servers,
        environment=environment,
        made_at=made_at,
        state_hash=state_hash(manifest, snapshot, [step.topic for step in steps], policy, flows=flows),
        steps=steps,
        surfaced=tuple(row for row in rows if row.verdict is not Verdict.NEEDS_APPROVAL),
    )


def judge_deletion(name: str, manifest: Manifest, snapshot: BrokerSnapshot, flows: Flows, policy: Policy) -> Judgement:
    """Whether a topic may be deleted at the time of ``flows``, once somebody approves: nothing else is ever enough."""
    observed = snapshot.topics.get(name)
    if is_internal(name) or (observed is not None and observed.internal):
        return Judgement(Verdict.UNFIXABLE, Reason.INTERNAL_TOPIC)
    if name in manifest.topics:
        return Judgement(Verdict.UNFIXABLE, Reason.STILL_DECLARED)
    if any(each.rule in UNREAD_RULES for each in manifest.findings):
        return Judgement(Verdict.UNKNOWN, Reason.MANIFEST_INCOMPLETE)
    if observed is None or observed.unknown or flows.unknown:
        return Judgement(Verdict.UNKNOWN, Reason.NOT_OBSERVED)
    if any(group.unknown for group in flows.groups.values()):
        return Judgement(Verdict.UNKNOWN, Reason.NOT_OBSERVED)
    if any(_reads(group, name) for group in flows.groups.values()):
        return Judgement(Verdict.UNFIXABLE, Reason.STILL_READ)
    young = _young(name, flows, policy)
    return young or overruled(Judgement(Verdict.NEEDS_APPROVAL, Reason.DELETES_EVERYTHING), policy.orphaned.fix)


def _reads(group: ObservedGroup, name: str) -> bool:
    """Whether a group reads the topic now. Its position in a topic that it has left stays as long as the topic does."""
    return bool(group.members) and name in (group.assigned or group.topics)


def _young(name: str, flows: Flows, policy: Policy) -> Judgement | None:
    offsets = flows.offsets.get(name)
    records = None if offsets is None else offsets.most_records
    if offsets is None or records is None:
        return Judgement(Verdict.UNKNOWN, Reason.NOT_OBSERVED)
    if records == 0:
        return None
    if offsets.newest_at is None:
        return Judgement(Verdict.UNKNOWN, Reason.AGE_UNSEEN)
    if flows.observed_at - offsets.newest_at < policy.min_age_to_delete:
        return Judgement(Verdict.UNFIXABLE, Reason.STILL_WRITTEN)
    return None


def _step(row: Drift, flows: Flows) -> Step:
    change = Change(Action.DELETE, "", row.observed, None, None, flows.offsets[row.topic].most_records)
    return Step(
        id=step_id(row.topic, Action.DELETE, ""),
        topic=row.topic,
        kind=row.kind,
        field="",
        verdict=row.verdict,
        action=Action.DELETE,
        before=row.observed,
        after=None,
        reason=reason(row, change),
        consequence=consequence(change),
    )
