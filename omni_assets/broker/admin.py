"""What is asked of a broker: batched and bounded calls, with errors kept per topic.

Every call is bounded in time by the connection's ``timeout``, the first one by ``REACH_SECONDS`` too. Every write
refuses a read-only connection. No topic name is ever passed to ``list_topics``: brokers that auto-create topics would
create it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from omni_assets.broker.batches import Answer, Batches, Key, in_thread
from omni_assets.broker.codes import TIMED_OUT, authentication_failure, create_error, topic_error, why_unreachable
from omni_assets.broker.connection import Connection, open_client
from omni_assets.broker.observation import SharedConfigs, hidden_topic, observed_topic, topic_id
from omni_assets.broker.snapshot import BrokerSnapshot, ObservedTopic
from omni_assets.broker.topics import NewTopicRequest, TopicError
from omni_assets.errors import BrokerRefused, BrokerTimeout, BrokerUnreachable, ReadOnly

__all__ = ["REACH_SECONDS", "BrokerAdmin", "NewTopicRequest", "TopicError"]

REACH_SECONDS = 5.0
"""Most seconds until a broker that does not answer at all is called unreachable."""

TOPICS_PER_DESCRIBE = 250
TOPICS_PER_CREATE = 500
PARTITIONS_PER_LISTING = 2_000
REQUESTS_IN_FLIGHT = 4

_GRACE_SECONDS = 1.0  # on top of librdkafka's own bound, which ends a call first unless it is broken
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_BROKER_DEFAULT = -1
_SHARED_CLUSTER_IDS = frozenset({"MkU3OEVBNTctOEUyRi00"})  # noida-db 0.2.3, whatever its data folder
_AUTO_CREATE = "auto.create.topics.enable"
_LATE = TopicError("TOPIC_ALREADY_EXISTS", "created a moment ago", transient=True)


@dataclass(frozen=True, slots=True)
class _Cluster:
    id: str
    brokers: tuple[int, ...]


class BrokerAdmin:
    """A broker's admin API, as a context manager. ``calls`` counts the requests made so far.

    Raises ``SettingsError`` where the connection's properties make no client. Methods raise ``BrokerUnreachable``
    where nothing answers at all, ``BrokerTimeout`` where something answered before, and ``BrokerRefused`` where a
    request was rejected as a whole; what concerns one topic is kept with that topic.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.calls = 0
        self._cluster: _Cluster | None = None
        self._complaints: deque[KafkaError] = deque(maxlen=64)
        self._client: AdminClient | None = open_client(AdminClient, connection, {"error_cb": self._complaints.append})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the client and its threads. Nothing can be asked afterwards."""
        self._client = None

    def cluster_id(self) -> str:
        """The cluster's id, or an empty string where the broker reports none: then clusters cannot be told apart."""
        return self._reach().id

    def topic_names(self) -> frozenset[str]:
        """The names of all topics that this principal may see, internal ones too. One call."""
        return frozenset(self._metadata().topics)

    def await_topics(self, expected: Iterable[str], seconds: float | None = None) -> frozenset[str]:
        """The names of all topics, once ``expected`` are among them or ``seconds`` (a call's timeout) have passed.

        A cluster lists a topic only a while after it said that it created it: seconds, where many are created at once.
        """
        wanted = frozenset(expected)
        deadline = monotonic() + (self.connection.timeout if seconds is None else seconds)
        pause = _FIRST_PAUSE
        while True:
            names = self.topic_names()
            left = deadline - monotonic()
            if wanted <= names or left <= 0:
                return names
            sleep(min(pause, left))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def hidden(self, names: Iterable[str]) -> Mapping[str, TopicError]:
        """Which of these names, which a listing lacked, may exist all the same, and why they were not listed.

        A broker leaves out of its listing what this principal may not describe, and says so only where it is asked by
        name; asking creates nothing. A name that is not in the answer is one of which the broker said that there is
        no such topic. An error whose ``existed`` is true: the topic was created since. No call without names.
        """
        wanted = sorted(set(names))
        if not wanted:
            return {}
        self._reach()
        found = {name: error for name in wanted if (error := _impossible_name(name)) is not None}
        possible = [name for name in wanted if name not in found]
        for name, answer in self._batches(self._ask_descriptions, TOPICS_PER_DESCRIBE).answers(possible):
            if not isinstance(answer, TopicError):
                found[name] = _LATE
            elif not answer.absent:
                found[name] = answer
        return found

    def snapshot(self, expected: Iterable[str] = ()) -> BrokerSnapshot:
        """Everything that can be seen of all topics; what could not be seen is marked on its topic.

        Names in ``expected`` that the broker does not list are asked for one by one, in batches: those that may exist
        all the same are in the snapshot as unknown.
        """
        started, calls = monotonic(), self.calls
        metadata = self._metadata()
        cluster = self._reach()
        names = sorted(metadata.topics)
        descriptions = self._descriptions(names)
        shared = SharedConfigs()
        topics: dict[str, ObservedTopic] = {}
        for name, answer in self._batches(self._ask_configs, TOPICS_PER_DESCRIBE).answers(names):
            configs = answer if isinstance(answer, TopicError) else shared.of(answer)
            topics[name] = observed_topic(name, metadata.topics[name], descriptions.get(name), configs)
        hidden = self.hidden(set(expected) - metadata.topics.keys())
        topics |= {name: hidden_topic(name, why) for name, why in hidden.items()}
        return BrokerSnapshot(
            cluster_id=cluster.id,
            bootstrap_servers=self.connection.bootstrap_servers,
            observed_at=datetime.now(UTC),
            brokers=cluster.brokers,
            topics=topics,
            calls=self.calls - calls,
            seconds=monotonic() - started,
        )

    def create_topics(self, requests: Sequence[NewTopicRequest]) -> Mapping[str, TopicError | None]:
        """What became of each request, by name: ``None`` where the broker said that it created the topic.

        A topic that was there before is an error whose ``existed`` is true. Some brokers ignore config keys that
        they do not know: read back. Raises ``ReadOnly``.
        """
        self._write(f"creating {requests[0].name}" if len(requests) == 1 else f"creating {len(requests)} topics")
        wanted = {request.name: request for request in requests}
        outcomes = {name: _impossible(request) for name, request in wanted.items()}
        possible = [name for name, impossible in outcomes.items() if impossible is None]
        brokers = len(self._reach().brokers) if possible else 0

        def ask(names: Sequence[str]) -> list[Future[None]]:
            topics = [_new_topic(wanted[name]) for name in names]
            futures = self._open.create_topics(topics, request_timeout=self.connection.timeout)
            return [futures[name] for name in names]

        for name, answer in self._batches(ask, TOPICS_PER_CREATE, in_flight=1).answers(possible):
            outcomes[name] = answer and create_error(answer, wanted[name], brokers)
        return outcomes

    def record_bounds(self, topics: Iterable[str]) -> Mapping[str, int]:
        """The most records that each topic can hold; topics whose offsets could not all be seen are left out.

        Latest minus earliest offset over all partitions: transaction markers and compacted records count too.
        """
        listed = self._metadata().topics
        partitions = {name: sorted(listed[name].partitions) for name in topics if name in listed}
        keys = [(name, each) for name, ids in partitions.items() for each in ids]
        # The earliest first: records that come or expire in between can only make the bound larger.
        earliest = self._offsets(keys, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        latest = self._offsets(keys, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        seen = earliest.keys() & latest.keys()
        return {
            name: sum(max(0, latest[name, each] - earliest[name, each]) for each in ids)
            for name, ids in partitions.items()
            if ids and all((name, each) in seen for each in ids)
        }

    def disable_auto_create(self) -> None:
        """Turn ``auto.create.topics.enable`` off on every broker. Raises ``ReadOnly`` and ``BrokerRefused``.

        Apache Kafka takes it from its properties file only, and Redpanda has a cluster property of its own
        (``auto_create_topics_enabled``): those refuse.
        """
        self._write("turning off the creation of topics by mistake")
        brokers = self._reach().brokers
        for broker, answer in self._batches(self._ask_no_auto_create, 1).answers(brokers):
            if isinstance(answer, TopicError):
                raise BrokerRefused(f"{_AUTO_CREATE}=false on broker {broker}", answer.message)

    @property
    def _open(self) -> AdminClient:
        if self._client is None:
            raise RuntimeError("this BrokerAdmin is closed")
        return self._client

    @property
    def _limit(self) -> float:
        """Seconds that the next call may take: a broker that has not answered yet gets less."""
        timeout = self.connection.timeout
        return timeout if self._cluster else min(timeout, REACH_SECONDS)

    def _write(self, what: str) -> None:
        if self.connection.read_only:
            raise ReadOnly(what)

    def _reach(self) -> _Cluster:
        """The cluster, which has answered at least once when this returns."""
        if self._cluster is None:
            limit = self._limit
            self.calls += 1
            future = self._open.describe_cluster(request_timeout=limit)
            described = self._whole("a request for a description of the cluster", limit, future)
            self._cluster = _Cluster(
                _identity(described.cluster_id), tuple(sorted(node.id for node in described.nodes))
            )
        return self._cluster

    def _metadata(self) -> Any:
        limit = self._limit
        self.calls += 1
        client = self._open
        future = in_thread(lambda: client.list_topics(timeout=limit))
        metadata = self._whole("a request for the list of topics", limit, future)
        self._cluster = _Cluster(_identity(metadata.cluster_id), tuple(sorted(metadata.brokers)))
        return metadata

    def _whole(self, call: str, limit: float, future: Future[Any]) -> Any:
        """The answer to a call that concerns no single topic."""
        try:
            return future.result(limit + _GRACE_SECONDS)
        except FutureTimeout:
            error = TIMED_OUT
        except KafkaException as raised:
            error = topic_error(raised.args[0])
        while self._open.poll(0):
            pass
        refused = authentication_failure(self._complaints)
        if refused is not None:
            raise BrokerRefused("the connection", refused)
        if not error.silent:
            raise BrokerRefused(call, error.message)
        if self._cluster is None:
            raise BrokerUnreachable(self.connection.bootstrap_servers, why_unreachable(self._complaints), limit)
        raise BrokerTimeout(call, limit)

    def _batches(
        self, ask: Callable[[Sequence[Key]], Sequence[Future[Answer]]], size: int, in_flight: int = REQUESTS_IN_FLIGHT
    ) -> Batches[Key, Answer]:
        def counted(keys: Sequence[Key]) -> Sequence[Future[Answer]]:
            self.calls += 1
            return ask(keys)

        return Batches(counted, size, in_flight, self.connection.timeout + _GRACE_SECONDS)

    def _ask_configs(self, names: Sequence[str]) -> list[Future[Mapping[str, Any]]]:
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        futures = self._open.describe_configs(resources, request_timeout=self.connection.timeout)
        return [futures[resource] for resource in resources]

    def _ask_descriptions(self, names: Sequence[str]) -> list[Future[Any]]:
        futures = self._open.describe_topics(TopicCollection(list(names)), request_timeout=self.connection.timeout)
        return [futures[name] for name in names]

    def _ask_no_auto_create(self, brokers: Sequence[int]) -> list[Future[None]]:
        entry = ConfigEntry(_AUTO_CREATE, "false", incremental_operation=AlterConfigOpType.SET)
        resources = [
            ConfigResource(ResourceType.BROKER, str(broker), incremental_configs=[entry]) for broker in brokers
        ]
        futures = self._open.incremental_alter_configs(resources, request_timeout=self.connection.timeout)
        return [futures[resource] for resource in resources]

    def _descriptions(self, names: Sequence[str]) -> Mapping[str, Any]:
        """Topic ids and internal flags, by name. Where the first topic has no id, this broker has none to ask for."""
        batches = self._batches(self._ask_descriptions, TOPICS_PER_DESCRIBE)
        found: dict[str, Any] = {}
        for part in (names[:1], names[1:]):
            found |= {name: each for name, each in batches.answers(part) if not isinstance(each, TopicError)}
            if found and all(topic_id(each) is None for each in found.values()):
                break
        return found

    def _offsets(self, keys: Sequence[tuple[str, int]], spec: Any) -> Mapping[tuple[str, int], int]:
        def ask(batch: Sequence[tuple[str, int]]) -> list[Future[Any]]:
            asked = [TopicPartition(name, partition) for name, partition in batch]
            futures = self._open.list_offsets(dict.fromkeys(asked, spec), request_timeout=self.connection.timeout)
            return [futures[each] for each in asked]

        answers = self._batches(ask, PARTITIONS_PER_LISTING).answers(keys)
        return {key: answer.offset for key, answer in answers if not isinstance(answer, TopicError)}


def _identity(cluster_id: str | None) -> str:
    """A cluster's id, empty where the broker has none or one that it shares with every other of its kind."""
    return "" if cluster_id is None or cluster_id in _SHARED_CLUSTER_IDS else cluster_id


def _impossible_name(name: str) -> TopicError | None:
    """Why a name cannot even be sent: the client would refuse a whole batch for it, or cut it off."""
    return TopicError("TOPIC_EXCEPTION", "name not accepted") if not name or "\0" in name else None


def _impossible(request: NewTopicRequest) -> TopicError | None:
    """Why a request cannot even be sent: the client would refuse its whole batch for it."""
    if (error := _impossible_name(request.name)) is not None:
        return error
    if request.partitions is not None and not 0 < request.partitions <= 100_000:
        return TopicError("INVALID_PARTITIONS", f"{request.partitions} partitions are not between 1 and 100000")
    if request.replication_factor is not None and not 0 < request.replication_factor <= 32_767:
        return TopicError(
            "INVALID_REPLICATION_FACTOR", f"replication factor {request.replication_factor} is impossible"
        )
    return None


def _new_topic(request: NewTopicRequest) -> NewTopic:
    return NewTopic(
        request.name,
        num_partitions=_BROKER_DEFAULT if request.partitions is None else request.partitions,
        replication_factor=_BROKER_DEFAULT if request.replication_factor is None else request.replication_factor,
        config=dict(request.config),
    )
