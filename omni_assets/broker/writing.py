"""What is changed on a broker: batched, one request at a time, with an outcome for each topic.

``None`` is the outcome where the broker said that it did it; read back what matters. Every function must be called
after ``Calls.write``, which refuses a read-only connection, and all but ``create_topics`` after ``changeable``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from omni_assets.broker.calls import Calls
from omni_assets.broker.codes import alter_error, create_error, replication_error, unanswered
from omni_assets.broker.topics import ConfigChange, NewTopicRequest, TopicError, impossible_name, is_internal
from omni_assets.errors import BrokerRefused

TOPICS_PER_CREATE = 500
TOPICS_PER_ALTER = 250

REPLICATION_FACTOR = "replication.factor"
"""The config key by which Redpanda changes the number of replicas, and which it does not report."""

_BROKER_DEFAULT = -1
_AUTO_CREATE = "auto.create.topics.enable"
_INTERNAL = TopicError("INTERNAL_TOPIC", "it belongs to the broker itself, and is never changed")
_MOST_PARTITIONS = 100_000
_MOST_REPLICAS = 32_767

Outcomes = dict[str, TopicError | None]


def changeable(names: Iterable[str]) -> Outcomes:
    """Each name, with why it is never changed: names of the broker's own topics, and those that cannot be sent."""
    return {name: impossible_name(name) or (_INTERNAL if is_internal(name) else None) for name in names}


def create_topics(calls: Calls, requests: Sequence[NewTopicRequest]) -> Outcomes:
    """Create topics as they are asked for, ``TOPICS_PER_CREATE`` in a request."""
    wanted = {request.name: request for request in requests}
    outcomes = {name: _impossible(request) for name, request in wanted.items()}
    possible = _possible(outcomes)
    brokers = len(calls.reach().brokers) if possible else 0

    def ask(names: Sequence[str]) -> list[Future[None]]:
        topics = [_new_topic(wanted[name]) for name in names]
        futures = calls.client.create_topics(topics, request_timeout=calls.timeout)
        return [futures[name] for name in names]

    for name, answer in calls.batches(ask, TOPICS_PER_CREATE, in_flight=1).answers(possible):
        outcomes[name] = answer and create_error(answer, wanted[name], brokers)
    return outcomes


def alter_configs(calls: Calls, changes: Mapping[str, ConfigChange], outcomes: Outcomes) -> Outcomes:
    """One resource a topic, with the changed keys only. A topic without a change is not sent."""
    outcomes = {name: error or _impossible_change(changes[name]) for name, error in outcomes.items()}

    def ask(names: Sequence[str]) -> list[Future[None]]:
        resources = [
            ConfigResource(ResourceType.TOPIC, name, incremental_configs=_entries(changes[name])) for name in names
        ]
        futures = calls.client.incremental_alter_configs(resources, request_timeout=calls.timeout)
        return [futures[resource] for resource in resources]

    changed = [name for name in _possible(outcomes) if changes[name]]
    for name, answer in _answers(calls, ask, TOPICS_PER_ALTER, changed):
        outcomes[name] = answer and alter_error(answer, len(changes[name].set) + len(changes[name].clear))
    return outcomes


def set_replication(calls: Calls, factors: Mapping[str, int], outcomes: Outcomes) -> Outcomes:
    """By the config key of Redpanda, which moves the data by itself. Other brokers do not know it."""
    outcomes = {name: error or _impossible_replication(factors[name]) for name, error in outcomes.items()}
    changes = {name: ConfigChange({REPLICATION_FACTOR: str(factors[name])}) for name in _possible(outcomes)}
    altered = alter_configs(calls, changes, dict.fromkeys(changes))
    return outcomes | {name: answer and replication_error(answer) for name, answer in altered.items()}


def create_partitions(calls: Calls, totals: Mapping[str, int], outcomes: Outcomes) -> Outcomes:
    """So that each topic has that many partitions in all. No broker takes partitions away."""
    outcomes = {name: error or _impossible_partitions(totals[name]) for name, error in outcomes.items()}

    def ask(names: Sequence[str]) -> list[Future[None]]:
        wanted = [NewPartitions(name, totals[name]) for name in names]
        futures = calls.client.create_partitions(wanted, request_timeout=calls.timeout)
        return [futures[name] for name in names]

    for name, answer in _answers(calls, ask, TOPICS_PER_CREATE, _possible(outcomes)):
        outcomes[name] = answer and unanswered(answer, "its partitions may have been added or not")
    return outcomes


def delete_topics(calls: Calls, outcomes: Outcomes) -> Outcomes:
    """A topic that was not there is an error whose ``absent`` is true."""

    def ask(names: Sequence[str]) -> list[Future[None]]:
        futures = calls.client.delete_topics(list(names), request_timeout=calls.timeout)
        return [futures[name] for name in names]

    outcomes = dict(outcomes)
    for name, answer in _answers(calls, ask, TOPICS_PER_CREATE, _possible(outcomes)):
        outcomes[name] = answer and unanswered(answer, "it may have been deleted or not")
    return outcomes


def disable_auto_create(calls: Calls) -> None:
    """Turn the creation of topics by mistake off on every broker. Raises ``BrokerRefused``."""
    entry = ConfigEntry(_AUTO_CREATE, "false", incremental_operation=AlterConfigOpType.SET)

    def ask(brokers: Sequence[int]) -> list[Future[None]]:
        resources = [
            ConfigResource(ResourceType.BROKER, str(broker), incremental_configs=[entry]) for broker in brokers
        ]
        futures = calls.client.incremental_alter_configs(resources, request_timeout=calls.timeout)
        return [futures[resource] for resource in resources]

    for broker, answer in calls.batches(ask, 1).answers(calls.reach().brokers):
        if isinstance(answer, TopicError):
            raise BrokerRefused(f"{_AUTO_CREATE}=false on broker {broker}", answer.message)


def _answers(
    calls: Calls, ask: Callable[[Sequence[str]], Sequence[Future[None]]], size: int, names: Sequence[str]
) -> Iterable[tuple[str, TopicError | None]]:
    """One request at a time, to a broker that was reached: where nothing answers at all, that is one error."""
    if names:
        calls.reach()
    return calls.batches(ask, size, in_flight=1).answers(names)


def _possible(outcomes: Outcomes) -> list[str]:
    return [name for name, impossible in outcomes.items() if impossible is None]


def _impossible(request: NewTopicRequest) -> TopicError | None:
    """Why a request cannot even be sent: the client would refuse its whole batch for it."""
    return (
        impossible_name(request.name)
        or (None if request.partitions is None else _impossible_partitions(request.partitions))
        or (None if request.replication_factor is None else _impossible_replication(request.replication_factor))
    )


def _impossible_partitions(count: int) -> TopicError | None:
    if 0 < count <= _MOST_PARTITIONS:
        return None
    return TopicError("INVALID_PARTITIONS", f"{count} partitions are not between 1 and {_MOST_PARTITIONS}")


def _impossible_replication(factor: int) -> TopicError | None:
    if 0 < factor <= _MOST_REPLICAS:
        return None
    return TopicError("INVALID_REPLICATION_FACTOR", f"replication factor {factor} is impossible")


def _impossible_change(change: ConfigChange) -> TopicError | None:
    words = (*change.set, *change.clear, *change.set.values())
    if not all((*change.set, *change.clear)) or any("\0" in word for word in words):
        return TopicError("INVALID_CONFIG", "a config key without a name, or with a zero byte, cannot be sent")
    both = sorted(change.set.keys() & change.clear)
    if both:
        return TopicError("INVALID_REQUEST", f"`{both[0]}` cannot be both set and cleared")
    return None


def _entries(change: ConfigChange) -> list[Any]:
    return [
        *(
            ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
            for key, value in sorted(change.set.items())
        ),
        *(ConfigEntry(key, None, incremental_operation=AlterConfigOpType.DELETE) for key in sorted(change.clear)),
    ]


def _new_topic(request: NewTopicRequest) -> NewTopic:
    return NewTopic(
        request.name,
        num_partitions=_BROKER_DEFAULT if request.partitions is None else request.partitions,
        replication_factor=_BROKER_DEFAULT if request.replication_factor is None else request.replication_factor,
        config=dict(request.config),
    )
