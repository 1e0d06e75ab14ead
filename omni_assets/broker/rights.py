"""What this principal may do with topics, consumer groups and the cluster, as the broker itself tells it. Asks, and
changes nothing.

Source: KIP-430, authorised operations in the answers to Metadata, DescribeGroups and DescribeCluster. There is no such
answer for transactional ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from enum import StrEnum
from typing import Any, NamedTuple

from confluent_kafka import TopicCollection
from confluent_kafka.admin import AclOperation

from omni_assets.broker.calls import Calls
from omni_assets.broker.topics import TopicError

_PER_REQUEST = 100
# librdkafka ends the process where it gave up on a group's coordinator before the coordinator answered.
_NEVER_FIRST_SECONDS = 3_600.0
_NOT_EVEN_SHOWN = frozenset({"TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED"})


class Operation(StrEnum):
    """Operations by the names that ``kafka-acls`` has for them."""

    READ = "Read"
    WRITE = "Write"
    DELETE = "Delete"
    ALTER = "Alter"
    ALTER_CONFIGS = "AlterConfigs"
    CREATE = "Create"
    DESCRIBE = "Describe"
    DESCRIBE_CONFIGS = "DescribeConfigs"


_SHOWN_TO = frozenset({Operation.READ, Operation.WRITE, Operation.DELETE, Operation.ALTER, Operation.DESCRIBE})
"""Whoever has one of these is shown what it is on. Of the others nothing is known where it is not shown."""


class Resource(StrEnum):
    """What a right is on, in words."""

    TOPIC = "topic"
    GROUP = "consumer group"
    CLUSTER = "cluster"


class Right(NamedTuple):
    """One operation on one topic or group, or on the cluster, whose name is empty."""

    operation: Operation
    resource: Resource
    name: str = ""

    def __str__(self) -> str:
        return f"{self.operation} on the {self.resource}{f' `{self.name}`' if self.name else ''}"


def lacking(calls: Calls, rights: Iterable[Right]) -> tuple[Right, ...]:
    """Those that the broker says this principal does not have; see ``BrokerAdmin.lacking``."""
    return tuple(right for right, held in told(calls, rights).items() if held is False)


def told(calls: Calls, rights: Iterable[Right]) -> Mapping[Right, bool | None]:
    """Which of them this principal has, ``None`` where the broker does not tell; see ``BrokerAdmin.rights``."""
    wanted = tuple(dict.fromkeys(rights))
    calls.reach()
    answers = {(Resource.TOPIC, name): answer for name, answer in _topics(calls, _names(wanted, Resource.TOPIC))}
    answers |= {(Resource.GROUP, name): answer for name, answer in _groups(calls, _names(wanted, Resource.GROUP))}
    answers |= {(Resource.CLUSTER, name): _cluster(calls) for name in _names(wanted, Resource.CLUSTER)}
    return {right: _held(right, answers[right.resource, right.name]) for right in wanted}


def _held(right: Right, answer: Any | TopicError) -> bool | None:
    if isinstance(answer, TopicError):
        return False if answer.code in _NOT_EVEN_SHOWN and right.operation in _SHOWN_TO else None
    granted = answer.authorized_operations
    return AclOperation[right.operation.name] in granted if granted else None


def _cluster(calls: Calls) -> Any:
    calls.made += 1
    future = calls.client.describe_cluster(include_authorized_operations=True, request_timeout=calls.timeout)
    return calls.whole("a request for this principal's rights on the cluster", calls.timeout, future)


def _names(rights: Iterable[Right], resource: Resource) -> list[str]:
    return sorted({right.name for right in rights if right.resource is resource})


def _topics(calls: Calls, names: Sequence[str]) -> Iterator[tuple[str, Any | TopicError]]:
    def ask(batch: Sequence[str]) -> list[Future[Any]]:
        futures = calls.client.describe_topics(
            TopicCollection(list(batch)), include_authorized_operations=True, request_timeout=calls.timeout
        )
        return [futures[name] for name in batch]

    yield from calls.batches(ask, _PER_REQUEST).answers(names)


def _groups(calls: Calls, names: Sequence[str]) -> Iterator[tuple[str, Any | TopicError]]:
    def ask(batch: Sequence[str]) -> list[Future[Any]]:
        futures = calls.client.describe_consumer_groups(
            list(batch), include_authorized_operations=True, request_timeout=_NEVER_FIRST_SECONDS
        )
        return [futures[name] for name in batch]

    yield from calls.batches(ask, _PER_REQUEST).answers(names)
