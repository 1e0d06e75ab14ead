"""What a changed setting does to those who publish and subscribe the topic: one rule for each that can hurt. Pure.

The facts are Kafka's: partitions are only ever added, and a key's partition is its hash modulo their number; retention
and compaction take records away whether they were read or not; ``acks=all`` fails below ``min.insync.replicas``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from omni_assets.contracts.model import Role, TopicSpec
from omni_assets.contracts.values import readable

_DELETE = "delete"
_COMPACT = "compact"
_POLICY = "cleanup.policy"
_UNLIMITED = "-1"


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One thing that is said of a topic or a node, before and after, as normalised text; ``None`` is not said. For a
    setting of a topic that leaves it to the broker.

    ``risk`` says as a clause what the change can do, empty where it can hurt nobody; ``hurts`` is whom it would be done
    to: those who do these things with the topic.
    """

    name: str
    before: str | None
    after: str | None
    risk: str = ""
    hurts: tuple[Role, ...] = (Role.SUBSCRIBES,)

    def __str__(self) -> str:
        return f"{self.name} {readable(self.name, self.before)} -> {readable(self.name, self.after)}"


def setting_changes(before: TopicSpec, after: TopicSpec) -> tuple[SettingChange, ...]:
    """Every setting that differs, in the order of a contract: partitions, replication, key, then config by name."""
    return tuple(_changes(before, after))


def in_a_new_topic(changes: Iterable[SettingChange]) -> tuple[SettingChange, ...]:
    """The changes between a topic and another that takes its place: no record is there that partitions could move."""
    return tuple(replace(each, risk="") if each.name == "partitions" else each for each in changes)


def _changes(before: TopicSpec, after: TopicSpec) -> Iterator[SettingChange]:
    old, new = _flat(before), _flat(after)
    for name in dict.fromkeys((*old, *new)):
        was, is_now = old.get(name), new.get(name)
        if was == is_now:
            continue
        rule = _RULES.get(name)
        risk = rule.risk(old, new) if rule is not None else ""
        yield SettingChange(name, was, is_now, risk, (rule.hurts if rule is not None else Role.SUBSCRIBES,))


_Flat = Mapping[str, str | None]


def _flat(spec: TopicSpec) -> _Flat:
    whole = {"partitions": spec.partitions, "replication_factor": spec.replication_factor, "keyed": spec.keyed}
    return {
        **{name: None if value is None else str(value).lower() for name, value in whole.items()},
        **dict(sorted(spec.config.items())),
    }


@dataclass(frozen=True, slots=True)
class _Rule:
    risk: Callable[[_Flat, _Flat], str]
    hurts: Role = Role.SUBSCRIBES


def _partitions(old: _Flat, new: _Flat) -> str:
    was, is_now = old["partitions"], new["partitions"]
    if was is None or is_now is None:
        return ""
    if int(is_now) < int(was):
        return "no broker takes partitions away, so the topic would be made anew, without its records"
    if new["keyed"] == "false":
        return ""
    certain = "a key's" if new["keyed"] == "true" else "if it is keyed, a key's"
    return f"{certain} new records go to another partition, so their order to the old ones is lost"


def _key(old: _Flat, new: _Flat) -> str:
    return "records of one key no longer keep their order" if new["keyed"] == "false" and old["keyed"] == "true" else ""


def _replicas(old: _Flat, new: _Flat) -> str:
    was, is_now = old["replication_factor"], new["replication_factor"]
    fewer = was is not None and is_now is not None and int(is_now) < int(was)
    return "fewer lost brokers are enough to lose records" if fewer else ""


def _policy(old: _Flat, new: _Flat) -> str:
    was, is_now = _policies(old), _policies(new)
    clauses = {
        _COMPACT: "of each key only the last record is kept",
        _DELETE: "records go with age or size, a key's last one too",
    }
    return "; ".join(clause for policy, clause in clauses.items() if policy in is_now - was)


def _policies(settings: _Flat) -> frozenset[str]:
    return frozenset((settings.get(_POLICY) or _DELETE).split(","))


def _kept(name: str, unstated: str | None = None) -> Callable[[_Flat, _Flat], str]:
    """The rule of a retention; ``unstated`` is what a broker takes where none is stated, if all brokers agree."""

    def risk(old: _Flat, new: _Flat) -> str:
        was, is_now = old.get(name, unstated), new.get(name, unstated)
        if _DELETE not in _policies(new) or was is None:
            return ""
        if is_now is None:
            return "how long records are kept is left to the broker"
        if not _less(is_now, was):
            return ""
        return f"a subscriber that is more than {readable(name, is_now)} behind loses records"

    return risk


def _in_sync(old: _Flat, new: _Flat) -> str:
    more = int(new.get("min.insync.replicas") or 1) > int(old.get("min.insync.replicas") or 1)
    return "with acks=all, publishing fails while fewer replicas are in sync" if more else ""


def _record_size(old: _Flat, new: _Flat) -> str:
    was, is_now = old.get("max.message.bytes"), new.get("max.message.bytes")
    smaller = was is not None and is_now is not None and _less(is_now, was)
    return "larger records are refused" if smaller else ""


def _less(one: str, other: str) -> bool:
    if _UNLIMITED in (one, other):
        return other == _UNLIMITED != one
    return int(one) < int(other)


_RULES: Mapping[str, _Rule] = {
    "partitions": _Rule(_partitions),
    "replication_factor": _Rule(_replicas),
    "keyed": _Rule(_key),
    _POLICY: _Rule(_policy),
    "retention.ms": _Rule(_kept("retention.ms")),
    "retention.bytes": _Rule(_kept("retention.bytes", _UNLIMITED)),
    "min.insync.replicas": _Rule(_in_sync, Role.PUBLISHES),
    "max.message.bytes": _Rule(_record_size, Role.PUBLISHES),
}
