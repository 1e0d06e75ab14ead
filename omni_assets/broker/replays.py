"""Replays as the broker keeps them until they have ended: whoever goes on with one needs its id alone, from wherever.

A plan is the positions of a group that nobody joins: where each span of offsets ends, and beside that, as JSON, where
it starts and for whom. How far each node has come stands in a group of its own, as for live work. The plan goes before
those: whoever finds it finds them too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import OffsetSpec
from pydantic import BaseModel, ConfigDict, ValidationError

from omni_assets.broker.calls import Calls
from omni_assets.broker.codes import topic_error
from omni_assets.broker.connection import Connection, open_client
from omni_assets.broker.flows import REPLAY_PLANS, WORKERS
from omni_assets.broker.groups import NEVER_FIRST_SECONDS
from omni_assets.broker.records import asked
from omni_assets.broker.topics import TopicError
from omni_assets.broker.transfer import LATEST, visible_offsets
from omni_assets.broker.worker import Seat
from omni_assets.errors import BrokerRefused, ReadOnly

MOST_BESIDE = 4_000
"""Bytes of a plan beside one offset; brokers keep 4,096 where nobody says otherwise (`offset.metadata.max.bytes`)."""

_EARLIEST: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_GONE = "GROUP_ID_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a replay does again: ``spans`` of offsets by partition, none of them empty, for ``nodes``.

    With ``key`` the records of that key alone; with ``shadow`` what comes of them goes to that topic.
    """

    id: str
    topic: str
    spans: Mapping[int, range]
    nodes: tuple[str, ...]
    key: str | None = None
    shadow: str = ""

    @property
    def most_records(self) -> int:
        """The most records that it can be; transaction markers take offsets too."""
        return sum(map(len, self.spans.values()))

    def group_of(self, node: str) -> str:
        """The group in which it stands how far a node has come."""
        return self._seat(node).group

    @property
    def groups(self) -> tuple[str, ...]:
        """All groups in which the broker keeps something of it, its plan first."""
        seats = [self._seat(node) for node in self.nodes]
        plan = f"{REPLAY_PLANS}{self.id}"
        return (plan, *(each.group for each in seats), *(f"{WORKERS}{each.member}" for each in seats))

    def _seat(self, node: str) -> Seat:
        return Seat(node, (self.topic,), replay=self.id)


class PlanTooLarge(ValueError):
    """More than fits beside an offset."""


class _Beside(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    start: int
    nodes: tuple[str, ...]
    key: str | None = None
    shadow: str = ""


def reach(connection: Connection, topic: str, partitions: int) -> Mapping[int, range]:
    """The offsets of each partition that can be read now: what an open transaction holds back is not there yet.

    Raises ``BrokerError``.
    """
    starts = visible_offsets(connection, topic, partitions, _EARLIEST)
    ends = visible_offsets(connection, topic, partitions, LATEST)
    return {each: range(start, ends[each]) for each, start in starts.items()}


def since(connection: Connection, topic: str, partitions: int, moment: datetime) -> Mapping[int, int]:
    """The offset of each partition's first record that is as young, or where the log ends if none is.

    Raises ``BrokerError``.
    """
    milliseconds = max(0, -((_EPOCH - moment) // timedelta(milliseconds=1)))
    found = visible_offsets(connection, topic, partitions, OffsetSpec.for_timestamp(milliseconds))
    ends = visible_offsets(connection, topic, partitions, LATEST)
    return {each: ends[each] if offset < 0 else offset for each, offset in found.items()}


def keep(connection: Connection, plan: Plan) -> None:
    """Write down what a replay is about; of nothing there is nothing to keep.

    Raises ``ReadOnly``, ``PlanTooLarge`` and ``BrokerError``.
    """
    if connection.read_only:
        raise ReadOnly(f"replaying {plan.topic}")
    if not plan.spans:
        return
    ends = [TopicPartition(plan.topic, each, span.stop, _beside(plan, span)) for each, span in plan.spans.items()]
    group = f"{REPLAY_PLANS}{plan.id}"
    consumer: Consumer = open_client(Consumer, connection, {"group.id": group, "enable.auto.commit": False})
    call = f"to keep the plan of the replay in the group `{group}`"
    try:
        written = asked(call, connection.timeout, lambda: consumer.commit(offsets=ends, asynchronous=False))
    finally:
        consumer.close()
    _raise_first(call, written)


def kept(connection: Connection, replay: str) -> Plan | None:
    """What was written down of a replay; ``None`` where nothing is, or nothing any more. Raises ``BrokerError``."""
    found = _positions(connection, f"{REPLAY_PLANS}{replay}")
    if not found:
        return None
    try:
        beside = {each.partition: _Beside.model_validate_json(each.metadata or "") for each in found}
    except ValidationError:
        raise BrokerRefused(
            f"to go on with the replay {replay}", "what is written beside its offsets is not of this omni"
        ) from None
    first = beside[found[0].partition]
    spans = {each.partition: range(beside[each.partition].start, each.offset) for each in found}
    return Plan(replay, found[0].topic, spans, first.nodes, first.key, first.shadow)


def come_to(connection: Connection, group: str, topic: str) -> Mapping[int, int]:
    """Before which offset of each partition everything has ended that a group works on; partitions in which nothing has
    are left out. Raises ``BrokerError``."""
    return {each.partition: each.offset for each in _positions(connection, group) if each.topic == topic}


def left(connection: Connection, plan: Plan) -> int:
    """How many offsets its nodes have not come past. Raises ``BrokerError``."""
    come = [come_to(connection, plan.group_of(node), plan.topic) for node in plan.nodes]
    return sum(
        max(0, span.stop - max(span.start, each.get(partition, 0)))
        for each in come
        for partition, span in plan.spans.items()
    )


def forget(connection: Connection, plan: Plan) -> None:
    """Leave nothing of a replay that has ended, its plan first. Raises ``BrokerError``."""
    calls = Calls(connection)

    def ask(groups: Sequence[str]) -> list[Future[None]]:
        futures = calls.client.delete_consumer_groups(list(groups), request_timeout=NEVER_FIRST_SECONDS)
        return [futures[each] for each in groups]

    for group, error in calls.batches(ask, 1, in_flight=1).answers(plan.groups):
        if error is not None and error.code != _GONE:
            raise BrokerRefused(f"to forget the group `{group}`", error.message)


def _beside(plan: Plan, span: range) -> str:
    text = _Beside(start=span.start, nodes=plan.nodes, key=plan.key, shadow=plan.shadow).model_dump_json()
    if len(text.encode()) > MOST_BESIDE:
        raise PlanTooLarge
    return text


def _positions(connection: Connection, group: str) -> list[TopicPartition]:
    calls = Calls(connection)

    def ask(groups: Sequence[str]) -> list[Future[Any]]:
        wanted = [ConsumerGroupTopicPartitions(each) for each in groups]
        futures = calls.client.list_consumer_group_offsets(wanted, request_timeout=NEVER_FIRST_SECONDS)
        return [futures[each] for each in groups]

    call = f"to show the positions of the group `{group}`"
    ((_, found),) = calls.batches(ask, 1).answers([group])
    if isinstance(found, TopicError):
        if found.code == _GONE:
            return []
        raise BrokerRefused(call, found.message)
    _raise_first(call, found.topic_partitions)
    return sorted(each for each in found.topic_partitions if each.offset >= 0)


def _raise_first(call: str, partitions: Iterable[TopicPartition]) -> None:
    for each in partitions:
        if each.error is not None:
            raise BrokerRefused(call, topic_error(each.error).message)
