"""From contracts to the manifest: one spec a topic, from its publishers, the defaults and the limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TypeVar

from omni_assets.contracts.findings import finding, in_order
from omni_assets.contracts.model import (
    NO_SETTINGS,
    Contract,
    Declaration,
    Finding,
    Manifest,
    Outside,
    Role,
    Topic,
    TopicSettings,
    TopicSpec,
)
from omni_assets.contracts.naming import Grammar
from omni_assets.contracts.rules import (
    BAD_SETTING,
    CONFLICTING_SETTINGS,
    DUPLICATE_NODE,
    UNREAD_RULES,
    UNSUPPORTED_SETTING,
    UNUSED_SETTINGS,
)
from omni_assets.contracts.values import readable

_T = TypeVar("_T")
_IN_SYNC = "min.insync.replicas"
_OF_THE_TOPIC = ("partitions", "replication_factor", "keyed", "expected_every")


def _no_defaults(_kind: str) -> TopicSettings:
    return NO_SETTINGS


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that an environment can give; ``None`` is no limit."""

    partitions: int | None = None
    replication_factor: int | None = None
    unsupported_config: tuple[str, ...] = ()

    def supports(self, key: str) -> bool:
        """Whether the environment's broker takes a config key: none of the patterns matches it."""
        return not any(fnmatchcase(key, pattern) for pattern in self.unsupported_config)


@dataclass(frozen=True, slots=True)
class SpecPolicy:
    """What fills the settings that contracts leave open, by kind, and what the environment cuts them down to."""

    defaults: Callable[[str], TopicSettings] = _no_defaults
    limits: Limits = field(default_factory=Limits)

    def spec(self, kind: str, stated: TopicSettings) -> TopicSpec:
        """The spec of a topic of ``kind`` whose contract states ``stated``."""
        default = self.defaults(kind)
        replication_factor = _first(stated.replication_factor, default.replication_factor)
        config = {
            key: value
            for key, value in {**_fitting(default.config, stated.config), **stated.config}.items()
            if self.limits.supports(key)
        }
        return TopicSpec(
            partitions=_at_most(_first(stated.partitions, default.partitions), self.limits.partitions),
            replication_factor=_at_most(replication_factor, self.limits.replication_factor),
            keyed=_first(stated.keyed, default.keyed),
            config=MappingProxyType(dict(sorted(_writable(config, self.limits.replication_factor).items()))),
            expected_every=_first(stated.expected_every, default.expected_every),
        )


def assemble(contracts: tuple[Contract, ...], grammar: Grammar, policy: SpecPolicy) -> Manifest:
    """The manifest over ``contracts``: every topic once, and all findings in order."""
    findings = [each for contract in contracts for each in contract.findings]
    findings += _duplicate_nodes(contracts)
    unusable = {each.topic: each for each in findings if each.rule is BAD_SETTING and each.topic}
    by_topic: defaultdict[str, list[Declaration]] = defaultdict(list)
    for contract in contracts:
        for declaration in contract.declarations:
            by_topic[declaration.topic].append(declaration)
    outside: defaultdict[str, list[Outside]] = defaultdict(list)
    for contract in contracts:
        for each in contract.outside:
            outside[each.topic].append(each)
    topics: dict[str, Topic] = {}
    for name in sorted(by_topic):
        publishers = tuple(each for each in by_topic[name] if each.role is Role.PUBLISHES)
        subscribers = tuple(each for each in by_topic[name] if each.role is Role.SUBSCRIBES)
        stated, trouble = _stated(name, publishers or subscribers)
        findings += trouble
        findings += _unused(name, publishers, subscribers, stated)
        findings += _unsupported(name, publishers or subscribers, policy.limits)
        parts = grammar.parse(name)
        blocked = "its contracts disagree on its settings" if trouble else ""
        if name in unusable:
            blocked = f"a setting in {unusable[name].location} cannot be used"
        spec = policy.spec(parts.kind, stated)
        topics[name] = Topic(name, parts, spec, publishers, subscribers, blocked, tuple(outside.get(name, ())))
    return Manifest(contracts, MappingProxyType(topics), in_order(findings))


def _stated(topic: str, declarations: Iterable[Declaration]) -> tuple[TopicSettings, list[Finding]]:
    """What the declarations state together; a field on which two differ is left out and reported."""
    sources: dict[str, list[tuple[object, Declaration]]] = defaultdict(list)
    for declaration in declarations:
        for key, value in _fields(declaration.settings):
            sources[key].append((value, declaration))
    agreed: dict[str, object] = {}
    findings: list[Finding] = []
    for key, stated in sources.items():
        value, first = stated[0]
        other = next((each for each in stated if each[0] != value), None)
        if other is None:
            agreed[key] = value
            continue
        findings.append(
            finding(
                CONFLICTING_SETTINGS,
                f"`{topic}` has {key} {readable(key, str(value))} here and "
                f"{readable(key, str(other[0]))} in {other[1].location}; it is not touched until they agree.",
                first.location,
                topic=topic,
                related=((other[1].location, f"{key} {readable(key, str(other[0]))}"),),
                fix=f"state {key} in one contract",
            )
        )
    return _settings(agreed), findings


def _fields(settings: TopicSettings) -> Iterable[tuple[str, object]]:
    for key in _OF_THE_TOPIC:
        value = getattr(settings, key)
        if value is not None:
            yield key, value
    yield from settings.config.items()


def _settings(fields: Mapping[str, object]) -> TopicSettings:
    whole = {key: value for key, value in fields.items() if key in _OF_THE_TOPIC}
    config = {key: str(value) for key, value in fields.items() if key not in whole}
    return TopicSettings(config=MappingProxyType(config), **whole)  # type: ignore[arg-type]


def _unused(
    topic: str, publishers: tuple[Declaration, ...], subscribers: tuple[Declaration, ...], stated: TopicSettings
) -> Iterable[Finding]:
    if not publishers:
        return
    known = dict(_fields(stated))
    for subscriber in subscribers:
        for key, value in _fields(subscriber.settings):
            if known.get(key) != value:
                yield finding(
                    UNUSED_SETTINGS,
                    f"{key} {readable(key, str(value))} of `{topic}` is stated by a subscriber and is not used.",
                    subscriber.location,
                    topic=topic,
                    related=((publishers[0].location, "published here"),),
                    fix=f"state it in {publishers[0].location.path}",
                )


def _unsupported(topic: str, declarations: Iterable[Declaration], limits: Limits) -> Iterable[Finding]:
    for declaration in declarations:
        for key in declaration.settings.config:
            if not limits.supports(key):
                yield finding(
                    UNSUPPORTED_SETTING,
                    f"{key} of `{topic}` is left out: the broker of this environment does not take it.",
                    declaration.location,
                    topic=topic,
                )


def _duplicate_nodes(contracts: tuple[Contract, ...]) -> Iterable[Finding]:
    first: dict[str, Contract] = {}
    # One that could not be read has the name of its folder, which is a guess.
    for contract in contracts:
        if any(each.rule in UNREAD_RULES for each in contract.findings):
            continue
        known = first.setdefault(contract.node, contract)
        if known is not contract:
            yield finding(
                DUPLICATE_NODE,
                f"the node `{contract.node}` is declared in {known.location.path} as well.",
                contract.location,
                related=((known.location, "the first contract of that name"),),
                fix="give one of them another name",
            )


def _fitting(default: Mapping[str, str], stated: Mapping[str, str]) -> Mapping[str, str]:
    """The defaults without those that the cleanup policy makes pointless: retention under pure compaction."""
    policy = stated.get("cleanup.policy", default.get("cleanup.policy", "delete"))
    if "delete" not in policy.split(","):
        return {key: value for key, value in default.items() if not key.startswith("retention.")}
    return default


def _writable(config: dict[str, str], most_replicas: int | None) -> dict[str, str]:
    """``config`` without a demand for more replicas in sync than there can be, which would refuse every write."""
    in_sync = config.get(_IN_SYNC)
    if in_sync is not None and most_replicas is not None and int(in_sync) > most_replicas:
        return {**config, _IN_SYNC: str(most_replicas)}
    return config


def _first(*values: _T | None) -> _T | None:
    return next((value for value in values if value is not None), None)


def _at_most(value: int | None, limit: int | None) -> int | None:
    return value if value is None or limit is None else min(value, limit)
