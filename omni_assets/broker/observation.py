"""From the client's objects to the values of a snapshot. Made for many entries: thousands of topics, 30 to 50 each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confluent_kafka.admin import ConfigSource as KafkaSource

from omni_assets.broker.codes import topic_error
from omni_assets.broker.snapshot import ConfigSource, ObservedConfig, ObservedTopic
from omni_assets.broker.topics import TopicError, is_internal

# The client gives entries the number of their source, where its type annotations promise an enumeration.
_TOPIC_SOURCE: int = KafkaSource.DYNAMIC_TOPIC_CONFIG.value
_SOURCES: Mapping[int, ConfigSource] = {
    _TOPIC_SOURCE: ConfigSource.TOPIC,
    KafkaSource.DYNAMIC_BROKER_CONFIG.value: ConfigSource.BROKER,
    KafkaSource.DYNAMIC_DEFAULT_BROKER_CONFIG.value: ConfigSource.BROKER,
    KafkaSource.STATIC_BROKER_CONFIG.value: ConfigSource.BROKER,
    KafkaSource.DEFAULT_CONFIG.value: ConfigSource.DEFAULT,
}
_MILLISECONDS: Mapping[str, int] = {".hours": 3_600_000, ".minutes": 60_000}
_NO_TOPIC_ID = "A" * 22  # sixteen zero bytes in base64


class SharedConfigs:
    """Config values of many topics, where those that no topic set are one object: they are most, and all alike."""

    def __init__(self) -> None:
        self._inherited: dict[tuple[str | None, int], ObservedConfig] = {}

    def of(self, entries: Mapping[str, Any]) -> dict[str, ObservedConfig]:
        """The configs of one topic from the client's entries. Sensitive values are hidden."""
        inherited = self._inherited
        configs = {}
        for name, entry in entries.items():
            value = None if entry.is_sensitive else entry.value
            source = entry.source
            if source == _TOPIC_SOURCE:
                configs[name] = ObservedConfig(value, ConfigSource.TOPIC, _default(entry))
                continue
            config = inherited.get((value, source))
            if config is None:
                config = ObservedConfig(value, _SOURCES.get(source, ConfigSource.UNKNOWN), value)
                inherited[value, source] = config
            configs[name] = config
        return configs


def topic_id(description: Any) -> str | None:
    """A topic's id, or ``None`` from a broker without topic ids, which gives all of them as zero."""
    text = str(description.topic_id)
    return None if text == _NO_TOPIC_ID else text


def observed_topic(
    name: str, metadata: Any, description: Any | None, configs: Mapping[str, ObservedConfig] | TopicError
) -> ObservedTopic:
    """A topic from the client's metadata of it, its description where there is one, and its configs."""
    partitions = [partition for _, partition in sorted(metadata.partitions.items())]
    unseen = []
    if metadata.error is not None:
        unseen.append(f"the topic could not be described: {topic_error(metadata.error)}")
    if isinstance(configs, TopicError):
        unseen.append(f"its configs could not be described: {configs}")
    return ObservedTopic(
        name=name,
        replicas=tuple(len(partition.replicas) for partition in partitions),
        internal=is_internal(name) or bool(description and description.is_internal),
        topic_id=topic_id(description) if description else None,
        configs=None if isinstance(configs, TopicError) else configs,
        unknown="; ".join(unseen),
        in_sync=tuple(len(partition.isrs) for partition in partitions),
        leaderless=sum(partition.leader < 0 for partition in partitions),
    )


def hidden_topic(name: str, why: TopicError) -> ObservedTopic:
    """A topic that the broker does not list and that may exist all the same."""
    return ObservedTopic(name, (), internal=is_internal(name), unknown=f"the topic is not listed: {why}")


def _default(entry: Any) -> str | None:
    """What would hold without the topic's own value, from the synonyms: the broker's settings behind it.

    The client keeps one synonym of each name, the least of them, so where the cluster overrides a built-in default
    under the same name, the built-in one stands here.
    """
    if entry.is_sensitive:
        return None
    behind = [each for each in entry.synonyms.values() if each.source != _TOPIC_SOURCE and each.value is not None]
    first = min(behind, key=lambda synonym: int(synonym.source), default=None)
    return None if first is None else _in_milliseconds(first.name, first.value)


def _in_milliseconds(name: str, value: str) -> str | None:
    """A synonym's value: Kafka gives ``log.retention.hours`` as a synonym of ``retention.ms``, in hours."""
    factor = next((each for suffix, each in _MILLISECONDS.items() if name.endswith(suffix)), 1)
    if factor == 1 or value.startswith("-"):
        return value
    return str(int(value) * factor) if value.isdecimal() else None
