"""From drift to a plan: which step corrects which difference. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from omni_assets.broker.capabilities import Capabilities
from omni_assets.broker.snapshot import BrokerSnapshot, ObservedTopic
from omni_assets.contracts.model import Manifest, TopicSpec
from omni_assets.contracts.text import count
from omni_assets.drift.diff import Drift
from omni_assets.drift.judgement import magnitude
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.plan.definition import Action, Plan, Step, step_id
from omni_assets.drift.plan.explanation import Change, consequence, reason
from omni_assets.drift.plan.fingerprint import state_hash
from omni_assets.drift.policy import Policy
from omni_assets.drift.verdict import Verdict

_CORRECTABLE = frozenset({Verdict.AUTO_FIXABLE, Verdict.NEEDS_APPROVAL})
_ACTIONS: Mapping[DriftKind, Action] = {
    DriftKind.MISSING: Action.CREATE,
    DriftKind.PARTITIONS: Action.ADD_PARTITIONS,
    DriftKind.REPLICATION: Action.CHANGE_REPLICATION,
}
_RETENTION = "retention.ms"
_CLEANUP = "cleanup.policy"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def build(
    manifest: Manifest,
    snapshot: BrokerSnapshot,
    drift: Iterable[Drift],
    policy: Policy,
    *,
    environment: str,
    made_at: datetime,
    capabilities: Capabilities | None = None,
    records_before: Mapping[str, int] | None = None,
) -> Plan:
    """The plan that corrects ``drift``, which was found between ``manifest`` and ``snapshot``.

    ``records_before`` says by topic at most how many records are older than ``windows`` names: those fall out. No plan
    made here deletes a topic.
    """
    steps: list[Step] = []
    surfaced: list[Drift] = []
    for row in drift:
        action = action_of(row)
        if action is None:
            surfaced.append(row)
        else:
            steps.append(_step(row, action, manifest, snapshot, records_before or {}))
    ordered = in_turn(steps)
    topics = [step.topic for step in ordered]
    return Plan(
        cluster_id=snapshot.cluster_id,
        bootstrap_servers=snapshot.bootstrap_servers,
        environment=environment,
        made_at=made_at,
        state_hash=state_hash(manifest, snapshot, topics, policy, capabilities),
        steps=ordered,
        surfaced=tuple(surfaced),
    )


def in_turn(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Steps as they run: by action, then by topic and field."""
    return tuple(sorted(steps, key=lambda step: (step.action.rank, step.topic, step.field)))


def windows(drift: Iterable[Drift], snapshot: BrokerSnapshot) -> Mapping[str, datetime]:
    """For each topic of which a step would let records fall out by age: the time before which they do."""
    found: dict[str, datetime] = {}
    for row in drift:
        action = action_of(row)
        if action in (Action.SET_CONFIG, Action.CLEAR_CONFIG):
            kept = _kept(row, _after(row, action, snapshot), snapshot.topics.get(row.topic))
            if kept is not None:
                since = _ago(snapshot.observed_at, kept)
                found[row.topic] = max(since, found.get(row.topic, since))
    return found


def action_of(row: Drift) -> Action | None:
    """What corrects a difference, or ``None`` where nothing may."""
    if row.verdict not in _CORRECTABLE:
        return None
    if row.kind is DriftKind.CONFIG:
        return Action.CLEAR_CONFIG if row.declared is None else Action.SET_CONFIG
    return _ACTIONS.get(row.kind)


def _step(
    row: Drift, action: Action, manifest: Manifest, snapshot: BrokerSnapshot, records_before: Mapping[str, int]
) -> Step:
    spec = manifest.topics[row.topic].spec
    after = _wanted(spec) if action is Action.CREATE else _after(row, action, snapshot)
    change = Change(action, row.field, row.observed, after, spec.keyed, records_before.get(row.topic))
    return Step(
        id=step_id(row.topic, action, row.field),
        topic=row.topic,
        kind=row.kind,
        field=row.field,
        verdict=row.verdict,
        action=action,
        before=row.observed,
        after=after,
        reason=reason(row, change),
        consequence=consequence(change),
        path=None if row.location is None else row.location.path,
        line=None if row.location is None else row.location.line,
    )


def _after(row: Drift, action: Action, snapshot: BrokerSnapshot) -> str | None:
    """The value that holds after the step: the declared one, or the broker's own where the topic's is cleared."""
    if action is not Action.CLEAR_CONFIG:
        return row.declared
    configs = snapshot.topics[row.topic].configs or {}
    found = configs.get(row.field)
    return None if found is None else found.default


def _wanted(spec: TopicSpec) -> str:
    """A spec as one line."""
    stated = [
        "" if spec.partitions is None else count(spec.partitions, "partition"),
        "" if spec.replication_factor is None else f"replication factor {spec.replication_factor}",
        *(f"{key}={value}" for key, value in spec.config.items()),
    ]
    return ", ".join(filter(None, stated)) or "the broker's own settings"


def _kept(row: Drift, after: str | None, observed: ObservedTopic | None) -> int | None:
    """For how many milliseconds records are kept after a change that keeps them shorter, else ``None``."""
    if row.field == _RETENTION:
        now, then = magnitude(row.observed or ""), magnitude(after or "")
        shorter = now is not None and then is not None and then < now
        return int(after or 0) if shorter else None
    if row.field == _CLEANUP and "delete" in (after or "") and "delete" not in (row.observed or ""):
        found = (observed.configs or {}).get(_RETENTION) if observed is not None else None
        value = "" if found is None else found.value or ""
        return int(value) if value.isascii() and value.isdigit() else None
    return None


def _ago(now: datetime, milliseconds: int) -> datetime:
    try:
        return max(now - timedelta(milliseconds=milliseconds), _EPOCH)
    except OverflowError:
        return _EPOCH
