"""The difference between what should exist and what does: a pure function over a manifest and a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from omni_assets.broker.capabilities import Capabilities
from omni_assets.broker.snapshot import BrokerSnapshot, ConfigSource, ObservedConfig, ObservedTopic
from omni_assets.broker.topics import is_internal
from omni_assets.contracts.model import Location, Manifest, Topic
from omni_assets.contracts.naming import fold
from omni_assets.contracts.rules import CONFLICTING_SETTINGS, UNREAD_RULES
from omni_assets.contracts.text import count
from omni_assets.contracts.values import same
from omni_assets.drift.judgement import Judgement, judge_config, judge_partitions, judge_replication
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.policy import (
    BUILT_IN_POLICY,
    PARTITIONS,
    REPLICATION_FACTOR,
    Compare,
    Policy,
    Rule,
    overruled,
)
from omni_assets.drift.verdict import EXPLANATIONS, Reason, Verdict


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference.

    ``field`` is the setting that differs: ``partitions``, ``replication_factor`` or a config key; empty where the
    topic as a whole does. ``declared`` and ``observed`` are raw values as text, ``None`` where there is none. ``owner``
    is the node that answers for the topic and ``location`` its declaration; both are ``None`` for an orphan.
    ``detail`` is what else a person needs, as a sentence without its full stop, or empty.
    """

    topic: str
    kind: DriftKind
    field: str
    declared: str | None
    observed: str | None
    verdict: Verdict
    reason: Reason
    owner: str | None = None
    location: Location | None = None
    detail: str = ""

    @property
    def explanation(self) -> str:
        """Why the verdict is what it is, as a clause."""
        return EXPLANATIONS[self.reason]


def diff(
    manifest: Manifest,
    snapshot: BrokerSnapshot,
    policy: Policy = BUILT_IN_POLICY,
    capabilities: Capabilities | None = None,
    earlier_ids: Mapping[str, str] | None = None,
) -> tuple[Drift, ...]:
    """Every difference between topics, by topic, kind and field.

    Topics in sync have no row; internal topics are not looked at unless a contract declares one. ``earlier_ids`` are
    the topic ids that were seen last, by topic.
    """
    against = _Against(snapshot, policy, capabilities or _UNPROBED, earlier_ids or {})
    torn = {each.topic for each in manifest.findings if each.rule is CONFLICTING_SETTINGS}
    rows = [row for topic in manifest.topics.values() for row in _declared(topic, against, torn)]
    if policy.orphaned.compare is not Compare.IGNORE:
        rows += _orphans(manifest, snapshot, policy)
    return in_order(rows)


def in_order(rows: Iterable[Drift]) -> tuple[Drift, ...]:
    """Rows by topic, kind and field."""
    return tuple(sorted(rows, key=lambda row: (row.topic, row.kind, row.field)))


def row_of(
    topic: Topic,
    kind: DriftKind,
    field: str,
    declared: str | None,
    observed: str | None,
    judgement: Judgement,
    detail: str = "",
) -> Drift:
    """A difference of a declared topic, which its owner answers for."""
    owner = topic.owner
    return Drift(topic.name, kind, field, declared, observed, *judgement, owner.node, owner.location, detail)


@dataclass(frozen=True, slots=True)
class _Against:
    """What the declared topics are held against."""

    snapshot: BrokerSnapshot
    policy: Policy
    capabilities: Capabilities
    earlier_ids: Mapping[str, str]


def _declared(topic: Topic, against: _Against, torn: AbstractSet[str | None]) -> Iterator[Drift]:
    observed = against.snapshot.topics.get(topic.name)
    rows = _differences(topic, observed, against, torn)
    if is_internal(topic.name) or (observed is not None and observed.internal):
        for row in rows:
            yield replace(row, verdict=_INTERNAL.verdict, reason=_INTERNAL.reason)
    else:
        yield from rows


def _differences(
    topic: Topic, observed: ObservedTopic | None, against: _Against, torn: AbstractSet[str | None]
) -> Iterator[Drift]:
    policy = against.policy
    if topic.blocked:
        judgement = _CONFLICT if topic.name in torn else _UNUSABLE
        yield row_of(topic, DriftKind.CONFLICT, "", None, None, judgement, topic.blocked)
        return
    if observed is None:
        if policy.missing.compare is not Compare.IGNORE:
            partitions = topic.spec.partitions
            declared = "declared" if partitions is None else count(partitions, "partition")
            yield _ruled(row_of(topic, DriftKind.MISSING, "", declared, None, _CREATE), policy.missing)
        return
    if observed.unknown:
        yield row_of(topic, DriftKind.UNKNOWN, "", None, None, _UNSEEN, observed.unknown)
    earlier = against.earlier_ids.get(topic.name)
    if observed.topic_id and earlier and observed.topic_id != earlier:
        yield row_of(topic, DriftKind.RECREATED, "topic_id", earlier, observed.topic_id, _RECREATED)
    if observed.replicas:
        if policy.partitions.compare is not Compare.IGNORE:
            yield from _partitions(topic, observed, policy.partitions)
        if policy.replication_factor.compare is not Compare.IGNORE:
            yield from _replication(topic, observed, against)
    if observed.configs is not None:
        yield from _configs(topic, observed.configs, against)


def _partitions(topic: Topic, observed: ObservedTopic, rule: Rule) -> Iterator[Drift]:
    declared = topic.spec.partitions
    if declared is not None and declared != observed.partitions:
        judgement = judge_partitions(declared, observed.partitions, topic.spec.keyed)
        row = row_of(topic, DriftKind.PARTITIONS, PARTITIONS, str(declared), str(observed.partitions), judgement)
        yield _ruled(row, rule)


def _replication(topic: Topic, observed: ObservedTopic, against: _Against) -> Iterator[Drift]:
    declared = topic.spec.replication_factor
    if declared is None or all(replicas == declared for replicas in observed.replicas):
        return
    counts = sorted(set(observed.replicas))
    shown = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    judgement = judge_replication(declared, len(against.snapshot.brokers), against.capabilities.replication_by_config)
    row = row_of(topic, DriftKind.REPLICATION, REPLICATION_FACTOR, str(declared), shown, judgement)
    yield _ruled(row, against.policy.replication_factor)


def _configs(topic: Topic, observed: Mapping[str, ObservedConfig], against: _Against) -> Iterator[Drift]:
    policy = against.policy
    for key, declared in topic.spec.config.items():
        found = observed.get(key)
        judgement = _config(key, declared, found, against)
        if judgement is not None:
            value, source = (None, "") if found is None or found.value is None else (found.value, _PINNED[found.source])
            row = row_of(topic, DriftKind.CONFIG, key, declared, value, judgement, source)
            yield _judged(row, policy.over_config(key, judgement))
    for key, found in observed.items():
        if key not in topic.spec.config and is_override(key, found) and policy.compare(key) is not Compare.IGNORE:
            row = row_of(topic, DriftKind.CONFIG, key, None, found.value, _OVERRIDE)
            yield _judged(row, policy.over_config(key, _OVERRIDE))


def _config(key: str, declared: str, found: ObservedConfig | None, against: _Against) -> Judgement | None:
    """The built-in judgement over a declared key, or ``None`` where all is well or nobody wants to know."""
    compare = against.policy.compare(key)
    if compare is Compare.IGNORE:
        return None
    if found is not None and found.value is None:
        return _HIDDEN
    value = None if found is None else found.value
    equal = value is not None and same(key, declared, value)
    if found is not None and equal and (compare is not Compare.PIN or found.source in _OWN_OR_UNTOLD):
        return None
    if key in against.capabilities.rejected_keys:
        return _REFUSED
    if value is None or key in against.capabilities.no_effect_keys:
        return _NO_EFFECT
    return _NOT_PINNED if equal else judge_config(key, declared, value)


def is_override(key: str, found: ObservedConfig) -> bool:
    """Whether a value is the topic's own and differs from what would hold without it. A broker's word on sources may be
    wrong, so a value that equals its default is not taken for an override."""
    if found.source is not ConfigSource.TOPIC or found.value is None:
        return False
    return found.default is None or not same(key, found.default, found.value)


def _ruled(row: Drift, rule: Rule) -> Drift:
    """The row as the owner wants it."""
    return _judged(row, overruled(Judgement(row.verdict, row.reason), rule.fix))


def _judged(row: Drift, judgement: Judgement) -> Drift:
    """The row under the owner's judgement, saying what it would be without it where the two differ."""
    if judgement.reason is row.reason:
        return row
    built_in = f"without the settings it would be `{row.verdict.replace('_', ' ')}`: {row.explanation}"
    detail = f"{row.detail}; {built_in}" if row.detail else built_in
    return replace(row, verdict=judgement.verdict, reason=judgement.reason, detail=detail)


def _orphans(manifest: Manifest, snapshot: BrokerSnapshot, policy: Policy) -> Iterator[Drift]:
    judgement = _INCOMPLETE if any(each.rule in UNREAD_RULES for each in manifest.findings) else _ORPHAN
    near = {fold(name): topic for name, topic in manifest.topics.items()}
    misnamed = {each.topic: each for each in manifest.findings if each.topic and each.topic not in manifest.topics}
    for name, observed in snapshot.topics.items():
        if name in manifest.topics or observed.internal:
            continue
        detail = ""
        meant = near.get(fold(name))
        if meant is not None:
            where = meant.owner.location
            detail = f"near `{meant.name}` ({where.path}:{where.line})"
        elif name in misnamed:
            where = misnamed[name].location
            detail = f"{where.path}:{where.line} names it, and it is not read there ({misnamed[name].rule.name})"
        yield _ruled(Drift(name, DriftKind.ORPHANED, "", None, "present", *judgement, detail=detail), policy.orphaned)


_UNPROBED = Capabilities("")
_OWN_OR_UNTOLD = frozenset({ConfigSource.TOPIC, ConfigSource.UNKNOWN})
_CREATE = Judgement(Verdict.AUTO_FIXABLE, Reason.CREATE_IS_SAFE)
_ORPHAN = Judgement(Verdict.NEEDS_APPROVAL, Reason.UNDECLARED_TOPIC)
_PINNED = {
    ConfigSource.TOPIC: "pinned on the topic",
    ConfigSource.BROKER: "inherited from the broker's settings",
    ConfigSource.DEFAULT: "inherited from the broker's default",
    ConfigSource.UNKNOWN: "",
}
_INCOMPLETE = Judgement(Verdict.UNKNOWN, Reason.MANIFEST_INCOMPLETE)
_CONFLICT = Judgement(Verdict.UNFIXABLE, Reason.CONFLICTING_SETTINGS)
_UNUSABLE = Judgement(Verdict.UNFIXABLE, Reason.UNUSABLE_SETTING)
_UNSEEN = Judgement(Verdict.UNKNOWN, Reason.NOT_OBSERVED)
_HIDDEN = Judgement(Verdict.UNKNOWN, Reason.VALUE_HIDDEN)
_NO_EFFECT = Judgement(Verdict.UNFIXABLE, Reason.NO_EFFECT_HERE)
_OVERRIDE = Judgement(Verdict.NEEDS_APPROVAL, Reason.UNDECLARED_OVERRIDE)
_NOT_PINNED = Judgement(Verdict.AUTO_FIXABLE, Reason.NOT_PINNED)
_REFUSED = Judgement(Verdict.UNFIXABLE, Reason.KEY_REFUSED_HERE)
_RECREATED = Judgement(Verdict.UNFIXABLE, Reason.TOPIC_RECREATED)
_INTERNAL = Judgement(Verdict.UNFIXABLE, Reason.INTERNAL_TOPIC)
