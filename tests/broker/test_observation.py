from __future__ import annotations

from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError
from confluent_kafka.admin import ConfigEntry

from omni_assets.broker.observation import SharedConfigs, observed_topic
from omni_assets.broker.snapshot import ConfigSource, ObservedConfig
from omni_assets.broker.topics import TopicError, is_internal

TOPIC, DYNAMIC_BROKER, STATIC_BROKER, DEFAULT, GROUP = 1, 2, 4, 5, 8


def entry(
    name: str, value: str | None, source: int, synonyms: tuple[ConfigEntry, ...] = (), **more: bool
) -> ConfigEntry:
    return ConfigEntry(name, value, source, synonyms={each.name: each for each in synonyms}, **more)


def one(config: ConfigEntry) -> ObservedConfig:
    return SharedConfigs().of({config.name: config})[config.name]


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        (DYNAMIC_BROKER, ConfigSource.BROKER),
        (STATIC_BROKER, ConfigSource.BROKER),
        (DEFAULT, ConfigSource.DEFAULT),
        (GROUP, ConfigSource.UNKNOWN),
        (0, ConfigSource.UNKNOWN),
    ],
)
def test_an_inherited_value_is_its_own_default(source: int, seen: ConfigSource) -> None:
    assert one(entry("retention.ms", "7", source)) == ObservedConfig("7", seen, "7")


def test_a_topic_s_own_value_takes_its_default_from_the_nearest_synonym() -> None:
    own = entry("retention.ms", "7", TOPIC)
    static = entry("log.retention.ms", "8", STATIC_BROKER)
    built_in = entry("log.retention.hours", "168", DEFAULT)
    assert one(entry("retention.ms", "7", TOPIC, (own, built_in, static))).default == "8"


@pytest.mark.parametrize(
    ("name", "value", "default"),
    [
        ("log.retention.hours", "168", "604800000"),
        ("log.retention.minutes", "2", "120000"),
        ("log.retention.hours", "-1", "-1"),
        ("log.retention.hours", "many", None),
        ("log.cleanup.policy", "delete", "delete"),
    ],
)
def test_a_default_in_hours_is_given_in_milliseconds(name: str, value: str, default: str | None) -> None:
    assert one(entry("retention.ms", "7", TOPIC, (entry(name, value, DEFAULT),))).default == default


def test_without_synonyms_the_default_of_a_topic_s_own_value_is_not_known() -> None:
    assert one(entry("retention.ms", "7", TOPIC)) == ObservedConfig("7", ConfigSource.TOPIC, None)


@pytest.mark.parametrize("source", [TOPIC, DEFAULT])
def test_a_sensitive_value_is_hidden_even_where_the_broker_shows_it(source: int) -> None:
    behind = (entry("ssl.key", "hunter2", DEFAULT),)
    seen = one(entry("secret", "hunter2", source, behind, is_sensitive=True))
    assert (seen.value, seen.default) == (None, None)


def test_values_beyond_64_bits_stay_text() -> None:
    assert one(entry("flush.bytes", "18446744073709551615", DEFAULT)).value == "18446744073709551615"


def test_replicas_are_in_order_of_partition_and_errors_make_the_topic_unknown() -> None:
    partitions = {
        each: SimpleNamespace(replicas=[1] * (each + 1), isrs=[1] * each, leader=each - 1) for each in (2, 0, 1)
    }
    metadata = SimpleNamespace(partitions=partitions, error=KafkaError(KafkaError.LEADER_NOT_AVAILABLE))
    topic = observed_topic("t", metadata, None, TopicError("X", "not authorised"))
    assert (topic.replicas, topic.in_sync, topic.leaderless) == ((1, 2, 3), (0, 1, 2), 1)
    assert topic.configs is None
    assert topic.unknown == (
        "the topic could not be described: no leader at the moment; its configs could not be described: not authorised"
    )


@pytest.mark.parametrize(
    ("name", "internal"),
    [
        ("__consumer_offsets", True),
        ("__transaction_state", True),
        ("_schemas", True),
        ("_redpanda.audit_log", True),
        ("_redpandas", False),
        ("_schemas_of_mine", False),
        ("onex.evt.a.b.v1", False),
    ],
)
def test_the_broker_s_own_topics_are_known_by_name(name: str, internal: bool) -> None:
    assert is_internal(name) is internal
