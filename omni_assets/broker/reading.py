"""Which topics a broker has, and how they are set: batched, with what could not be seen marked on its topic."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from time import monotonic
from typing import Any

from confluent_kafka import TopicCollection
from confluent_kafka.admin import ConfigResource, ResourceType

from omni_assets.broker.batches import Answer, as_it_is
from omni_assets.broker.calls import Calls, Mark
from omni_assets.broker.observation import SharedConfigs, hidden_topic, observed_topic, topic_id
from omni_assets.broker.snapshot import BrokerSnapshot, ObservedConfig, ObservedTopic
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


@dataclass(frozen=True, slots=True)
class Asked:
    """Topics as they are listed, with what else there is to see of them under way, in order of their names."""

    listed: Mapping[str, Any]
    descriptions: Iterator[Any | None]
    configs: Iterator[tuple[str, Mapping[str, ObservedConfig] | TopicError]]

    def topics(self) -> dict[str, ObservedTopic]:
        """Each topic, what could not be seen of it being marked on it."""
        return {
            name: observed_topic(name, self.listed[name], description, configs)
            for description, (name, configs) in zip(self.descriptions, self.configs, strict=True)
        }


def ask(calls: Calls, listed: Mapping[str, Any]) -> Asked:
    """Ask what else there is to see of topics that the client's metadata lists."""
    names = sorted(listed)
    descriptions = _descriptions(calls, names)
    return Asked(listed, descriptions, describe_configs(calls, names, SharedConfigs().of))


def snapshot(calls: Calls, listed: Mapping[str, ObservedTopic], expected: Iterable[str], since: Mark) -> BrokerSnapshot:
    """The topics that are listed, and those expected ones that may exist all the same. Ends a look that was begun
    ``since``."""
    observed = with_hidden(calls, listed, expected)
    cluster = calls.reach()
    return BrokerSnapshot(
        cluster_id=cluster.id,
        bootstrap_servers=calls.connection.bootstrap_servers,
        observed_at=datetime.now(UTC),
        brokers=cluster.brokers,
        topics=observed,
        calls=calls.made - since.made,
        seconds=monotonic() - since.at,
    )


def topics(calls: Calls, names: Iterable[str]) -> Mapping[str, ObservedTopic]:
    """Some topics alone; see ``BrokerAdmin.topics``."""
    wanted = frozenset(names)
    listed = calls.metadata().topics
    found = ask(calls, {name: listed[name] for name in wanted & listed.keys()}).topics()
    return with_hidden(calls, found, wanted)


def with_hidden(
    calls: Calls, listed: Mapping[str, ObservedTopic], expected: Iterable[str]
) -> Mapping[str, ObservedTopic]:
    """The topics that are listed, and the expected ones that are not and may exist all the same."""
    unlisted = hidden(calls, set(expected) - listed.keys())
    return {**listed, **{name: hidden_topic(name, why) for name, why in unlisted.items()}}


def describe_configs(
    calls: Calls, names: Sequence[str], read: Callable[[Mapping[str, Any]], Answer] = as_it_is
) -> Iterator[tuple[str, Answer | TopicError]]:
    """What ``read`` makes of the client's config entries of each topic."""

    def ask(batch: Sequence[str]) -> list[Future[Mapping[str, Any]]]:
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in batch]
        futures = calls.client.describe_configs(resources, request_timeout=calls.timeout)
        return [futures[resource] for resource in resources]

    return calls.batches(ask, TOPICS_PER_DESCRIBE, read=read).answers(names)


def describe_topics(calls: Calls, names: Sequence[str]) -> Iterator[tuple[str, Any | TopicError]]:
    """The client's description of each topic, which is asked for by name and creates none."""

    def ask(batch: Sequence[str]) -> list[Future[Any]]:
        futures = calls.client.describe_topics(TopicCollection(list(batch)), request_timeout=calls.timeout)
        return [futures[name] for name in batch]

    return calls.batches(ask, TOPICS_PER_DESCRIBE).answers(names)


def _descriptions(calls: Calls, names: Sequence[str]) -> Iterator[Any | None]:
    """Topic ids and internal flags, or ``None`` where they were not told."""
    return _with_the_rest(calls, describe_topics(calls, names[:1]), names[1:])


def _with_the_rest(
    calls: Calls, first: Iterator[tuple[str, Any | TopicError]], rest: Sequence[str]
) -> Iterator[Any | None]:
    """Where the first topic has no id, this broker has none to ask for."""
    without_ids = False
    for _, answer in first:
        without_ids = not isinstance(answer, TopicError) and topic_id(answer) is None
        yield None if isinstance(answer, TopicError) else answer
    if without_ids:
        yield from repeat(None, len(rest))
    else:
        yield from (None if isinstance(each, TopicError) else each for _, each in describe_topics(calls, rest))
