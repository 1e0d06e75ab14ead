"""The brokers of a cluster as they present themselves: where clients are told to find them, and how they are set.

Asks, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from confluent_kafka.admin import ConfigResource, ResourceType

from omni_assets.broker.calls import Calls
from omni_assets.broker.topics import TopicError


@dataclass(frozen=True, slots=True)
class Node:
    """A broker, the ``id`` that its cluster knows it by, and the address that clients are told to find it at."""

    id: int
    host: str
    port: int

    @property
    def address(self) -> str:
        """``host:port``, with an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def nodes(calls: Calls) -> tuple[Node, ...]:
    """Every broker of the cluster, by id; see ``BrokerAdmin.nodes``."""
    calls.reach()
    calls.made += 1
    future = calls.client.describe_cluster(request_timeout=calls.timeout)
    described = calls.whole("a request for a description of the cluster", calls.timeout, future)
    return tuple(sorted((Node(each.id, each.host, each.port) for each in described.nodes), key=lambda node: node.id))


def node_configs(calls: Calls) -> Mapping[int, Mapping[str, str | None] | TopicError]:
    """The configs of every broker, by its id; see ``BrokerAdmin.node_configs``."""

    def ask(batch: Sequence[int]) -> list[Future[Mapping[str, Any]]]:
        resources = [ConfigResource(ResourceType.BROKER, str(broker)) for broker in batch]
        futures = calls.client.describe_configs(resources, request_timeout=calls.timeout)
        return [futures[resource] for resource in resources]

    # A request goes to one broker, and each tells its own configs alone.
    return dict(calls.batches(ask, 1, read=_values).answers(calls.reach().brokers))


def _values(entries: Mapping[str, Any]) -> Mapping[str, str | None]:
    """What may be shown: a broker gives no value for what is sensitive."""
    return {key: None if entry.is_sensitive else entry.value for key, entry in entries.items()}
