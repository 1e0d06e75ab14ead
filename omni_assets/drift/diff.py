"""The difference between what should exist and what does: a pure function over a manifest and a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import StrEnum

from omni_assets.broker.snapshot import BrokerSnapshot, ConfigSource, ObservedConfig, ObservedTopic
from omni_assets.contracts.model import Location, Manifest, Topic
from omni_assets.contracts.naming import fold
from omni_assets.contracts.rules import CONFLICTING_SETTINGS, UNREAD_RULES
from omni_assets.contracts.values import same
from omni_assets.drift.policy import Judgement, judge_config, judge_partitions, judge_replication
from omni_assets.drift.verdict import EXPLANATIONS, Reason, Verdict


class DriftKind(StrEnum):
    """What differs."""

    MISSING = "missing"
    ORPHANED = "orphaned"
    PARTITIONS = "partitions"
    REPLICATION = "replication"
    CONFIG = "config"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"


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


def diff(manifest: Manifest, snapshot: BrokerSnapshot) -> tuple[Drift, ...]:
    """Every difference, by topic, kind and field. Topics in sync have no row; internal topics are not looked at."""
    torn = {each.topic for each in manifest.findings if each.rule is CONFLICTING_SETTINGS}
    rows = [row for topic in manifest.topics.values() for row in _declared(topic, snapshot, torn)]
    rows += _orphans(manifest, snapshot)
    return tuple(sorted(rows, key=lambda row: (row.topic, row.kind, row.field)))


def with_record_bounds(drift: tuple[Drift, ...], bounds: Mapping[str, int]) -> tuple[Drift, ...]:
    """The same drift, orphans showing at most how many records they hold, where ``bounds`` knows."""
    return tuple(
        replace(row, observed=f"<={bounds[row.topic]} records")
        if row.kind is DriftKind.ORPHANED and row.topic in bounds
        else row
        for row in drift
    )


def _declared(topic: Topic, snapshot: BrokerSnapshot, torn: AbstractSet[str | None]) -> Iterator[Drift]:
    if topic.blocked:
        judgement = _CONFLICT if topic.name in torn else _UNUSABLE
        yield _row(topic, DriftKind.CONFLICT, "", None, None, judgement, topic.blocked)
        return
    observed = snapshot.topics.get(topic.name)
    if observed is None:
        partitions = topic.spec.partitions
        declared = "declared" if partitions is None else f"{partitions} partition{'s' if partitions != 1 else ''}"
        yield _row(topic, DriftKind.MISSING, "", declared, None, _CREATE)
        return
    if observed.unknown:
        yield _row(topic, DriftKind.UNKNOWN, "", None, None, _UNSEEN, observed.unknown)
    if observed.replicas:
        yield from _partitions(topic, observed)
        yield from _replication(topic, observed, len(snapshot.brokers))
    if observed.configs is not None:
        yield from _configs(topic, observed.configs)


def _partitions(topic: Topic, observed: ObservedTopic) -> Iterator[Drift]:
    declared = topic.spec.partitions
    if declared is not None and declared != observed.partitions:
        judgement = judge_partitions(declared, observed.partitions, topic.spec.keyed)
        yield _row(topic, DriftKind.PARTITIONS, "partitions", str(declared), str(observed.partitions), judgement)


def _replication(topic: Topic, observed: ObservedTopic, brokers: int) -> Iterator[Drift]:
    declared = topic.spec.replication_factor
    if declared is None or all(count == declared for count in observed.replicas):
        return
    counts = sorted(set(observed.replicas))
    shown = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    judgement = judge_replication(declared, brokers)
    yield _row(topic, DriftKind.REPLICATION, "replication_factor", str(declared), shown, judgement)


def _configs(topic: Topic, observed: Mapping[str, ObservedConfig]) -> Iterator[Drift]:
    for key, declared in topic.spec.config.items():
        found = observed.get(key)
        if found is None:
            yield _row(topic, DriftKind.CONFIG, key, declared, None, _NO_EFFECT)
        elif found.value is None:
            yield _row(topic, DriftKind.CONFIG, key, declared, None, _HIDDEN)
        elif not same(key, declared, found.value):
            judgement = judge_config(key, declared, found.value)
            yield _row(topic, DriftKind.CONFIG, key, declared, found.value, judgement, _PINNED.get(found.source, ""))
    for key, found in observed.items():
        if key not in topic.spec.config and _overridden(key, found):
            yield _row(topic, DriftKind.CONFIG, key, None, found.value, _OVERRIDE)


def _overridden(key: str, found: ObservedConfig) -> bool:
    """Whether the topic's own value differs from what would hold without it. A broker's word on sources may be wrong,
    so a value that equals its default is not taken for an override."""
    if found.source is not ConfigSource.TOPIC or found.value is None:
        return False
    return found.default is None or not same(key, found.default, found.value)


def _orphans(manifest: Manifest, snapshot: BrokerSnapshot) -> Iterator[Drift]:
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
        yield Drift(name, DriftKind.ORPHANED, "", None, "present", *judgement, detail=detail)


def _row(
    topic: Topic,
    kind: DriftKind,
    field: str,
    declared: str | None,
    observed: str | None,
    judgement: Judgement,
    detail: str = "",
) -> Drift:
    owner = topic.owner
    return Drift(topic.name, kind, field, declared, observed, *judgement, owner.node, owner.location, detail)


_CREATE = Judgement(Verdict.AUTO_FIXABLE, Reason.CREATE_IS_SAFE)
_ORPHAN = Judgement(Verdict.NEEDS_APPROVAL, Reason.UNDECLARED_TOPIC)
_PINNED = {
    ConfigSource.TOPIC: "pinned on the topic",
    ConfigSource.BROKER: "inherited from the broker's settings",
    ConfigSource.DEFAULT: "inherited from the broker's default",
}
_INCOMPLETE = Judgement(Verdict.UNKNOWN, Reason.MANIFEST_INCOMPLETE)
_CONFLICT = Judgement(Verdict.UNFIXABLE, Reason.CONFLICTING_SETTINGS)
_UNUSABLE = Judgement(Verdict.UNFIXABLE, Reason.UNUSABLE_SETTING)
_UNSEEN = Judgement(Verdict.UNKNOWN, Reason.NOT_OBSERVED)
_HIDDEN = Judgement(Verdict.UNKNOWN, Reason.VALUE_HIDDEN)
_NO_EFFECT = Judgement(Verdict.UNFIXABLE, Reason.NO_EFFECT_HERE)
_OVERRIDE = Judgement(Verdict.NEEDS_APPROVAL, Reason.UNDECLARED_OVERRIDE)
