"""Consumer groups: who reads, and how far. What could not be seen of a group is marked on that group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import chain
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AclOperation

from omni_assets.broker.calls import Calls
from omni_assets.broker.codes import topic_error
from omni_assets.broker.flows import ObservedGroup
from omni_assets.broker.topics import PROBE_PREFIX, TopicError
from omni_assets.errors import BrokerError

GROUPS_PER_DESCRIBE = 200

# How long librdkafka itself may wait for a group's coordinator. It is our own deadline that ends the wait, much sooner:
# where librdkafka's ends first and the broker answers after all, it aborts the process (librdkafka issue 4605).
NEVER_FIRST_SECONDS = 3_600.0

_NOBODY = f"{PROBE_PREFIX}group"
_DEAD = "dead"
_UNKNOWN_STATE = "unknown"
_NO_SUCH_GROUP = frozenset({"GROUP_ID_NOT_FOUND"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A listing of all groups, and what this principal may do on the cluster, that are under way."""

    listing: Future[Any]
    rights: Future[Any]


def ask(calls: Calls) -> Asked:
    """Ask for what the groups are told from: two calls, which nothing has to precede."""
    calls.made += 2
    return Asked(
        calls.client.list_consumer_groups(request_timeout=calls.timeout),
        calls.client.describe_cluster(include_authorized_operations=True, request_timeout=calls.timeout),
    )


def observed_groups(calls: Calls, asked: Asked) -> tuple[Mapping[str, ObservedGroup], str]:
    """All groups by name, and why some may be missing, as a clause that is empty where all were listed.

    Where this principal's rights leave it open, one call asks whether those were all groups; one describes each few
    hundred, and one each asks for their offsets.
    """
    states, unlisted = _listing(calls, asked.listing)
    names = sorted(states)
    offsets, descriptions = _offsets(calls, names), _descriptions(calls, names)
    unlisted = unlisted or _hidden(calls, asked.rights)
    committed, described = dict(offsets), dict(descriptions)
    return {name: _group(name, states[name], described[name], committed[name]) for name in names}, unlisted


def members(calls: Calls, names: Sequence[str]) -> Mapping[str, int | None]:
    """How many members each of these groups has by the classic protocol, which workers of omni speak: none where there
    is no such group, ``None`` where it was not seen. One call for each few hundred."""
    return {name: _members(told) for name, told in _descriptions(calls, names)}


def _members(told: Any | TopicError) -> int | None:
    if isinstance(told, TopicError):
        return 0 if told.code in _NO_SUCH_GROUP else None
    return len(told.members)


def _listing(calls: Calls, future: Future[Any]) -> tuple[Mapping[str, str], str]:
    """The state of each group by name, as it is listed."""
    try:
        listed = calls.whole("a request for the list of consumer groups", calls.timeout, future)
    except BrokerError as error:
        return {}, f"no consumer group could be listed: {error.message.rstrip('.')}"
    unlisted = "; ".join(sorted({str(topic_error(each)) for each in listed.errors}))
    states = {each.group_id: _state(each.state) for each in listed.valid}
    return states, f"consumer groups of some brokers could not be listed: {unlisted}" if unlisted else ""


def _hidden(calls: Calls, rights: Future[Any]) -> str:
    """Why groups may be missing from a listing that succeeded, as a clause; empty where none can be.

    A broker leaves out what this principal may not describe, and does not say so. It lists all groups to those who may
    describe the cluster; others are told by a group that nobody has.
    """
    try:
        cluster = calls.whole("a request for this principal's rights on the cluster", calls.timeout, rights)
    except BrokerError as error:
        return f"whether all consumer groups were listed is not known: {error.message.rstrip('.')}"
    if AclOperation.DESCRIBE in (cluster.authorized_operations or ()):
        return ""
    answer = next(each for _, each in _descriptions(calls, [_NOBODY]))
    if not isinstance(answer, TopicError) or answer.code in _NO_SUCH_GROUP:
        return ""
    return f"consumer groups may be hidden: {answer}"


def _descriptions(calls: Calls, names: Sequence[str]) -> Iterator[tuple[str, Any | TopicError]]:
    def ask(batch: Sequence[str]) -> list[Future[Any]]:
        futures = calls.client.describe_consumer_groups(list(batch), request_timeout=NEVER_FIRST_SECONDS)
        return [futures[name] for name in batch]

    # A name that the client does not send would fail the groups that it is asked for with.
    unsendable = [name for name in names if not name]
    return chain(
        calls.batches(ask, 1).answers(unsendable),
        calls.batches(ask, GROUPS_PER_DESCRIBE).answers([name for name in names if name]),
    )


def _offsets(calls: Calls, names: Sequence[str]) -> Iterator[tuple[str, Any | TopicError]]:
    def ask(batch: Sequence[str]) -> list[Future[Any]]:
        wanted = [ConsumerGroupTopicPartitions(name) for name in batch]
        futures = calls.client.list_consumer_group_offsets(wanted, request_timeout=NEVER_FIRST_SECONDS)
        return [futures[name] for name in batch]

    return calls.batches(ask, 1).answers(names)


def _group(name: str, listed: str, described: Any | TopicError, offsets: Any | TopicError) -> ObservedGroup:
    unseen = []
    state, members, assigned = listed, 0, frozenset[str]()
    if not isinstance(described, TopicError):
        state, members = _state(described.state), len(described.members)
        assigned = frozenset(each.topic for member in described.members for each in _assignment(member))
        if state == _DEAD and listed not in (_DEAD, _UNKNOWN_STATE):
            # Brokers say so of a group whose protocol this way of asking does not know.
            state = listed
            unseen.append("its members are not shown to this client")
    elif described.code in _NO_SUCH_GROUP:
        unseen.append("its members are not shown to this client")
    else:
        unseen.append(f"it could not be described: {described}")
    committed: dict[tuple[str, int], int] = {}
    if isinstance(offsets, TopicError):
        unseen.append(f"its offsets could not be listed: {offsets}")
    else:
        failed = {str(topic_error(each.error)) for each in offsets.topic_partitions if each.error is not None}
        unseen += [f"some of its offsets could not be listed: {each}" for each in sorted(failed)]
        committed = {
            (each.topic, each.partition): each.offset
            for each in offsets.topic_partitions
            if each.error is None and each.offset >= 0
        }
    return ObservedGroup(name, state, members, committed, "; ".join(unseen), assigned)


def _assignment(member: Any) -> Sequence[Any]:
    return member.assignment.topic_partitions if member.assignment else ()


def _state(state: Any) -> str:
    return str(state.name).lower()
