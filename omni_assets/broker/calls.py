"""How a broker is asked: one client, calls that are counted and bounded, and errors told apart.

Every call is bounded in time by the connection's ``timeout``, the first one by ``REACH_SECONDS`` too. No topic name is
ever passed to ``list_topics``: brokers that auto-create topics would create it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from time import monotonic
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from omni_assets.broker.batches import Answer, Batches, Key, Pending, as_it_is, in_thread
from omni_assets.broker.codes import TIMED_OUT, authentication_failure, topic_error, why_unreachable
from omni_assets.broker.connection import Connection, open_client
from omni_assets.broker.topics import TopicError
from omni_assets.errors import BrokerRefused, BrokerTimeout, BrokerUnreachable, ReadOnly

REACH_SECONDS = 5.0
"""Most seconds until a broker that does not answer at all is called unreachable."""

REQUESTS_IN_FLIGHT = 4

# A client that is not connected yet makes no second attempt for half of this time (``sparse_connect_intvl`` in
# librdkafka's ``rdkafka_conf.c``), and its first one may have come too early: by default a first list of topics often
# takes 50 ms for nothing. The time doubles with each failure.
_RECONNECT_MS = 10
# librdkafka knocks at the controller that it knows until a call's time is up; only fresh metadata tells it of another.
_ASK_AROUND_MS = 1_000
_GRACE_SECONDS = 1.0  # on top of librdkafka's own bound, which ends a call first unless it is broken
_SHARED_CLUSTER_IDS = frozenset({"MkU3OEVBNTctOEUyRi00"})  # noida-db 0.2.3, whatever its data folder


@dataclass(frozen=True, slots=True)
class Cluster:
    """Which cluster answered, and the ids of its brokers. ``id`` is empty where clusters cannot be told apart."""

    id: str
    brokers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """How many requests a client had made at a moment of the monotonic clock, in seconds."""

    made: int
    at: float


class Calls:
    """The calls of one client. ``made`` counts the requests so far. ``tells_newest`` holds until this broker said that
    it cannot tell the time of a topic's newest record.

    Raises ``SettingsError`` where the connection's properties make no client. What is asked for as a whole raises
    ``BrokerUnreachable`` where nothing answers at all, ``BrokerTimeout`` where something answered before, and
    ``BrokerRefused`` where it was rejected.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.made = 0
        self.tells_newest = True
        self._cluster: Cluster | None = None
        self._complaints: deque[KafkaError] = deque(maxlen=64)
        extra = {
            "error_cb": self._complaints.append,
            "topic.metadata.refresh.interval.ms": _ASK_AROUND_MS,
            "reconnect.backoff.ms": _RECONNECT_MS,
        }
        self._client: AdminClient | None = open_client(AdminClient, connection, extra)

    def close(self) -> None:
        """End the client and its threads. Nothing can be asked afterwards."""
        self._client = None

    @property
    def client(self) -> AdminClient:
        """The client. Raises ``RuntimeError`` once it was ended."""
        if self._client is None:
            raise RuntimeError("this BrokerAdmin is closed")
        return self._client

    @property
    def timeout(self) -> float:
        """Seconds that one call may take."""
        return self.connection.timeout

    def mark(self) -> Mark:
        """Where the requests stand now."""
        return Mark(self.made, monotonic())

    def write(self, what: str) -> None:
        """Must be called before anything is sent that changes a broker. Raises ``ReadOnly``."""
        if self.connection.read_only:
            raise ReadOnly(what)

    def reach(self) -> Cluster:
        """The cluster, which has answered at least once when this returns."""
        if self._cluster is None:
            limit = self._limit
            self.made += 1
            future = self.client.describe_cluster(request_timeout=limit)
            described = self.whole("a request for a description of the cluster", limit, future)
            self._cluster = Cluster(_identity(described.cluster_id), tuple(sorted(node.id for node in described.nodes)))
        return self._cluster

    def metadata(self) -> Any:
        """All topics that this principal may see, with their partitions, in one call."""
        limit = self._limit
        self.made += 1
        client = self.client
        future = in_thread(lambda: client.list_topics(timeout=limit))
        metadata = self.whole("a request for the list of topics", limit, future)
        self._cluster = Cluster(_identity(metadata.cluster_id), tuple(sorted(metadata.brokers)))
        return metadata

    def whole(self, call: str, limit: float, future: Future[Any]) -> Any:
        """The answer to a call that concerns no single topic."""
        try:
            return future.result(limit + _GRACE_SECONDS)
        except FutureTimeout:
            error = TIMED_OUT
        except KafkaException as raised:
            error = topic_error(raised.args[0])
        while self.client.poll(0):
            pass
        refused = authentication_failure(self._complaints)
        if refused is not None:
            raise BrokerRefused("the connection", self.connection.redacted(refused))
        if not error.silent:
            raise BrokerRefused(call, self.connection.redacted(error.message))
        if self._cluster is None:
            raise BrokerUnreachable(self.connection.bootstrap_servers, why_unreachable(self._complaints), limit)
        raise BrokerTimeout(call, limit)

    def batches(
        self,
        ask: Callable[[Sequence[Key]], Sequence[Pending[Any]]],
        size: int,
        in_flight: int = REQUESTS_IN_FLIGHT,
        read: Callable[[Any], Answer | TopicError] = as_it_is,
    ) -> Batches[Key, Answer]:
        """Batches of ``size`` keys, ``in_flight`` at a time, whose requests are counted and end with the connection's
        timeout.
        """

        def counted(keys: Sequence[Key]) -> Sequence[Pending[Any]]:
            self.made += 1
            return ask(keys)

        return Batches(counted, size, in_flight, self.timeout + _GRACE_SECONDS, read)

    @property
    def _limit(self) -> float:
        """Seconds that the next call may take: a broker that has not answered yet gets less."""
        return self.timeout if self._cluster else min(self.timeout, REACH_SECONDS)


def _identity(cluster_id: str | None) -> str:
    """A cluster's id, empty where the broker has none or one that it shares with every other of its kind."""
    return "" if cluster_id is None or cluster_id in _SHARED_CLUSTER_IDS else cluster_id
