"""Which topics a broker has, and how they are set: batched, with what could not be seen marked on its topic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from confluent_kafka import TopicCollection
from confluent_kafka.admin import ConfigResource, ResourceType

from omni_assets.broker.calls import Calls
from omni_assets.broker.observation import SharedConfigs, hidden_topic, observed_topic, topic_id
from omni_assets.broker.snapshot import BrokerSnapshot, ObservedTopic
from omni_assets.broker.topics import TopicError, impossible_name

TOPICS_PER_DESCRIBE = 250

_LATE = TopicError("TOPIC_ALREADY_EXISTS", "created a moment ago", transient=True)


def hidden(calls: Calls, names: Iterable[str]) -> Mapping[str, TopicError]:
    """Which names, which a listing lacked, may exist all the same; see ``BrokerAdmin.hidden``."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    calls.reach()
    found = {name: error for name in wanted if (error := impossible_name(name)) is not None}
    possible = [name for name in wanted if name not in found]
    for name, answer in describe_topics(calls, possible):
        if not isinstance(answer, TopicError):
            found[name] = _LATE
        elif not answer.absent:
            found[name] = answer
    return found


def snapshot(calls: Calls, expected: Iterable[str] = ()) -> BrokerSnapshot:
    """Everything that can be seen of all topics; see ``BrokerAdmin.snapshot``."""
    started, made = monotonic(), calls.made
    metadata = calls.metadata()
    cluster = calls.reach()
    names = sorted(metadata.topics)
    descriptions = _descriptions(calls, names)
    shared = SharedConfigs()
    topics: dict[str, ObservedTopic] = {}
    for name, answer in describe_configs(calls, names):
        configs = answer if isinstance(answer, TopicError) else shared.of(answer)
        topics[name] = observed_topic(name, metadata.topics[name], descriptions.get(name), configs)
    unlisted = hidden(calls, set(expected) - metadata.topics.keys())
    topics |= {name: hidden_topic(name, why) for name, why in unlisted.items()}
    return BrokerSnapshot(
        cluster_id=cluster.id,
        bootstrap_servers=calls.connection.bootstrap_servers,
        observed_at=datetime.now(UTC),
        brokers=cluster.brokers,
        topics=topics,
        calls=calls.made - made,
        seconds=monotonic() - started,
    )


def topics(calls: Calls, names: Iterable[str]) -> Mapping[str, ObservedTopic]:
    """Some topics alone; see ``BrokerAdmin.topics``."""
    wanted = set(names)
    listed = calls.metadata().topics
    present = sorted(wanted & listed.keys())
    descriptions = {name: each for name, each in describe_topics(calls, present) if not isinstance(each, TopicError)}
    shared = SharedConfigs()
    found: dict[str, ObservedTopic] = {}
    for name, answer in describe_configs(calls, present):
        configs = answer if isinstance(answer, TopicError) else shared.of(answer)
        found[name] = observed_topic(name, listed[name], descriptions.get(name), configs)
    return found | {name: hidden_topic(name, why) for name, why in hidden(calls, wanted - listed.keys()).items()}


def describe_configs(calls: Calls, names: Sequence[str]) -> Iterable[tuple[str, Mapping[str, Any] | TopicError]]:
    """The client's config entries of each topic."""

    def ask(batch: Sequence[str]) -> list[Future[Mapping[str, Any]]]:
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in batch]
        futures = calls.client.describe_configs(resources, request_timeout=calls.timeout)
        return [futures[resource] for resource in resources]

    return calls.batches(ask, TOPICS_PER_DESCRIBE).answers(names)


def describe_topics(calls: Calls, names: Sequence[str]) -> Iterable[tuple[str, Any | TopicError]]:
    """The client's description of each topic, which is asked for by name and creates none."""

    def ask(batch: Sequence[str]) -> list[Future[Any]]:
        futures = calls.client.describe_topics(TopicCollection(list(batch)), request_timeout=calls.timeout)
        return [futures[name] for name in batch]

    return calls.batches(ask, TOPICS_PER_DESCRIBE).answers(names)


def _descriptions(calls: Calls, names: Sequence[str]) -> Mapping[str, Any]:
    """Topic ids and internal flags, by name. Where the first topic has no id, this broker has none to ask for."""
    found: dict[str, Any] = {}
    for part in (names[:1], names[1:]):
        answers = describe_topics(calls, part)
        found |= {name: each for name, each in answers if not isinstance(each, TopicError)}
        if found and all(topic_id(each) is None for each in found.values()):
            break
    return found
