"""The one entry to a broker: what it has, what moves on it, and what is changed, in batched and bounded calls.

The rooms behind it: ``looking`` (at ``reading``'s topics and configs, and at ``offsets`` and ``groups``, which move),
``writing`` (changes), ``probing`` (what the broker honours), all by the ``calls`` of one client. Every write refuses a
read-only connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from time import monotonic, sleep
from types import TracebackType
from typing import Self

from omni_assets.broker import groups, looking, nodes, offsets, probing, reading, rights, standing, writing
from omni_assets.broker.calls import REACH_SECONDS, Calls
from omni_assets.broker.capabilities import Capabilities
from omni_assets.broker.connection import Connection
from omni_assets.broker.flows import Flows
from omni_assets.broker.nodes import Node
from omni_assets.broker.observed import observed
from omni_assets.broker.rights import Right
from omni_assets.broker.snapshot import BrokerSnapshot, ObservedTopic
from omni_assets.broker.standing import Standing
from omni_assets.broker.topics import ConfigChange, NewTopicRequest, TopicError

__all__ = ["REACH_SECONDS", "BrokerAdmin", "ConfigChange", "NewTopicRequest", "TopicError"]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


class BrokerAdmin:
    """A broker's admin API, as a context manager. ``calls`` counts the requests made so far.

    Raises ``SettingsError`` where the connection's properties make no client. Methods raise ``BrokerUnreachable``
    where nothing answers at all, ``BrokerTimeout`` where something answered before, and ``BrokerRefused`` where a
    request was rejected as a whole; what concerns one topic is kept with that topic.

    Methods that change topics raise ``ReadOnly`` before anything is sent, refuse the broker's own topics, and give an
    outcome for each name: ``None`` where the broker said that it did it. Read back what matters.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._calls = Calls(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the client and its threads. Nothing can be asked afterwards."""
        self._calls.close()

    @property
    def calls(self) -> int:
        """How many requests were made so far."""
        return self._calls.made

    @observed
    def cluster_id(self) -> str:
        """The cluster's id, or an empty string where the broker reports none: then clusters cannot be told apart."""
        return self._calls.reach().id

    @observed
    def topic_names(self) -> frozenset[str]:
        """The names of all topics that this principal may see, internal ones too. One call."""
        return frozenset(self._calls.metadata().topics)

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

    @observed
    def hidden(self, names: Iterable[str]) -> Mapping[str, TopicError]:
        """Which of these names, which a listing lacked, may exist all the same, and why they were not listed.

        A broker leaves out of its listing what this principal may not describe, and says so only where it is asked by
        name; asking creates nothing. A name that is not in the answer is one of which the broker said that there is
        no such topic. An error whose ``existed`` is true: the topic was created since. No call without names.
        """
        return reading.hidden(self._calls, names)

    @observed
    def snapshot(self, expected: Iterable[str] = ()) -> BrokerSnapshot:
        """Everything that can be seen of all topics; what could not be seen is marked on its topic.

        Names in ``expected`` that the broker does not list are asked for one by one, in batches: those that may exist
        all the same are in the snapshot as unknown.
        """
        return looking.at_topics(self._calls, expected)

    @observed
    def topics(self, names: Iterable[str]) -> Mapping[str, ObservedTopic]:
        """The same of these topics alone; one that is not in the answer does not exist. One listing, and no other
        topic is described."""
        return reading.topics(self._calls, names)

    @observed
    def lacking(self, wanted: Iterable[Right]) -> tuple[Right, ...]:
        """Those of the rights that the broker says this principal does not have; none where it does not tell."""
        return rights.lacking(self._calls, wanted)

    @observed
    def rights(self, wanted: Iterable[Right]) -> Mapping[Right, bool | None]:
        """Which of these rights this principal has; ``None`` where the broker does not tell."""
        return rights.told(self._calls, wanted)

    @observed
    def nodes(self) -> tuple[Node, ...]:
        """Every broker of the cluster, by id, with the address that it has clients come to. One call."""
        return nodes.nodes(self._calls)

    @observed
    def node_configs(self) -> Mapping[int, Mapping[str, str | None] | TopicError]:
        """The configs of every broker, by its id, without values of what is sensitive; one call for each."""
        return nodes.node_configs(self._calls)

    @observed
    def flows(self, topics: Iterable[str]) -> Flows:
        """The offsets of these topics, and all consumer groups; what could not be seen is marked where it belongs.

        Takes a listing of topics and one of groups, one or two calls on whether those were all groups, one for each
        few hundred groups described and one for each group's offsets, and three for each few thousand partitions (two
        where the broker cannot tell the time of the newest record, which is remembered).
        """
        return looking.at_flows(self._calls, topics)

    @observed
    def look(self, expected: Iterable[str] = ()) -> tuple[BrokerSnapshot, Flows]:
        """A snapshot, and the flows of all listed topics that are expected or not the broker's own, in one go.

        Takes the calls of both, and one listing of topics instead of two.
        """
        return looking.at_everything(self._calls, expected)

    @observed
    def standings(self, wanted: Mapping[str, Sequence[str]]) -> Mapping[str, tuple[Standing, ...]]:
        """Where each of these groups stands in the topics named for it; see ``standing.standings``."""
        return standing.standings(self._calls, wanted)

    @observed
    def members(self, names: Sequence[str]) -> Mapping[str, int | None]:
        """How many members each of these groups has; see ``groups.members``."""
        return groups.members(self._calls, names)

    @observed
    def record_bounds(self, topics: Iterable[str]) -> Mapping[str, int]:
        """The most records that each topic can hold; topics whose offsets could not all be seen are left out.

        Latest minus earliest offset over all partitions: transaction markers and compacted records count too.
        """
        return offsets.record_bounds(self._calls, topics)

    @observed
    def records_before(self, topics: Mapping[str, datetime]) -> Mapping[str, int]:
        """At most how many records of each topic are older than its moment; topics that were not seen are left out.

        Counts the offsets before the first record that is as young, as retention by time does: it deletes a log from
        its beginning, and stops there.
        """
        return offsets.records_before(self._calls, topics)

    @observed
    def create_topics(self, requests: Sequence[NewTopicRequest]) -> Mapping[str, TopicError | None]:
        """What became of each request, by name.

        A topic that was there before is an error whose ``existed`` is true. Some brokers ignore config keys that
        they do not know.
        """
        self._calls.write(_of("creating", [request.name for request in requests]))
        return writing.create_topics(self._calls, requests)

    @observed
    def alter_configs(self, changes: Mapping[str, ConfigChange]) -> Mapping[str, TopicError | None]:
        """What became of each change. Only the keys that it names are touched; an empty one is not sent.

        A topic's keys change together or not at all: one that the broker does not accept fails them all.
        """
        self._calls.write(_of("changing the configs of", changes))
        return writing.alter_configs(self._calls, changes, writing.changeable(changes))

    @observed
    def create_partitions(self, totals: Mapping[str, int]) -> Mapping[str, TopicError | None]:
        """What became of each request for so many partitions in all. They only ever grow."""
        self._calls.write(_of("adding partitions to", totals))
        return writing.create_partitions(self._calls, totals, writing.changeable(totals))

    @observed
    def set_replication(self, factors: Mapping[str, int]) -> Mapping[str, TopicError | None]:
        """What became of each request for so many replicas, by the config that Redpanda has for it.

        Another broker's refusal says what to do there. Replicas move in the background after ``None``.
        """
        self._calls.write(_of("changing the replicas of", factors))
        return writing.set_replication(self._calls, factors, writing.changeable(factors))

    @observed
    def delete_topics(self, names: Iterable[str]) -> Mapping[str, TopicError | None]:
        """What became of each topic, and all its records. One that was not there is an error that says ``absent``."""
        wanted = writing.changeable(names)
        self._calls.write(_of("deleting", wanted))
        return writing.delete_topics(self._calls, wanted)

    @observed
    def disable_auto_create(self) -> None:
        """Turn ``auto.create.topics.enable`` off on every broker. Raises ``ReadOnly`` and ``BrokerRefused``.

        Apache Kafka takes it from its properties file only, and Redpanda has a cluster property of its own
        (``auto_create_topics_enabled``): those refuse.
        """
        self._calls.write("turning off the creation of topics by mistake")
        writing.disable_auto_create(self._calls)

    @observed
    def probe(self) -> Capabilities:
        """What this broker honours, tried on a throw-away topic that is removed again.

        A topic that a killed probe left is removed by a later one. Nothing is tried over a read-only connection, and
        the answer says so.
        """
        return probing.probe(self._calls)


def _of(doing: str, names: Iterable[str]) -> str:
    listed = list(names)
    return f"{doing} {listed[0]}" if len(listed) == 1 else f"{doing} {len(listed)} topics"
