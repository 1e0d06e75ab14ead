"""The settings that a contract has to state so that a topic is as it is. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from omni_assets.broker.snapshot import ConfigSource, ObservedConfig, ObservedTopic
from omni_assets.contracts.manifest import SpecPolicy
from omni_assets.contracts.model import TopicSettings
from omni_assets.contracts.values import InvalidValue, normalise, same
from omni_assets.drift.diff import is_override

_KEY = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
_SHORTHAND = "retention"
_LONGEST_VALUE = 1_000


def observed_settings(
    topic: ObservedTopic, kind: str | None, policy: SpecPolicy
) -> tuple[TopicSettings, tuple[str, ...]]:
    """What to state for a topic of ``kind`` (``None`` where its name tells none), and clauses on what cannot be stated.

    Stated are the values that are the topic's own and differ from what would hold without them, and those by which it
    differs from what the project's settings would give it.
    """
    configs = topic.configs or {}
    own = {key: found.value for key, found in configs.items() if found.value is not None and is_override(key, found)}
    config = {key: normalise(key, value) for key, value in own.items() if _can_be_stated(key, value)}
    remarks = [f"its own value of `{key}` cannot stand in a contract" for key in sorted(own) if key not in config]
    remarks += [f"the broker does not show its value of `{key}`" for key in sorted(configs) if _hidden(configs[key])]
    replicas = Counter(topic.replicas)
    if len(replicas) > 1:
        remarks.append(f"some of its partitions have {min(replicas)} replicas, others {max(replicas)}")
    if kind is not None:
        config = _beside_the_defaults(configs, config, policy, kind)
    settings = TopicSettings(
        topic.partitions or None,
        max(replicas, default=0) or None,
        config=MappingProxyType(dict(sorted(config.items()))),
    )
    return settings, tuple(remarks)


def _beside_the_defaults(
    configs: Mapping[str, ObservedConfig], own: Mapping[str, str], policy: SpecPolicy, kind: str
) -> dict[str, str]:
    """The topic's own values, and those that hold on the broker where the project's settings would give others.

    A value that is stated may bring other defaults in (a cleanup policy does), so that it is looked again.
    """
    stated = dict(own)
    while True:
        filled = policy.spec(kind, TopicSettings(config=stated)).config
        missing = {
            key: normalise(key, found.value)
            for key, value in filled.items()
            if key not in stated
            and (found := configs.get(key)) is not None
            and found.value is not None
            and not same(key, value, found.value)
            and _can_be_stated(key, found.value)
        }
        if not missing:
            return stated
        stated |= missing


def _can_be_stated(key: str, value: str) -> bool:
    """Whether a contract that states it is read as just that."""
    try:
        normalise(key, value)
    except InvalidValue:
        return False
    return _KEY.fullmatch(key) is not None and key != _SHORTHAND and len(value) <= _LONGEST_VALUE


def _hidden(found: ObservedConfig) -> bool:
    return found.value is None and found.source is ConfigSource.TOPIC
