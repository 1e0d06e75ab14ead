"""What waits for the nodes that have handlers: records that none of their workers has ended.

Offsets are not records: a transaction's marker has one, and what a worker ended out of order lies above its group's
position. Where offsets leave it open, the records themselves decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from omni_assets.agents.inbox import ProgressUnreadable, decode
from omni_assets.broker.assignment import Partition, Place
from omni_assets.broker.standing import Standing, with_records
from omni_assets.errors import BrokerRefused
from omni_assets.operations.agents.working import Staffed
from omni_assets.operations.context import Context


@dataclass(frozen=True, slots=True)
class Lag:
    """The partitions in which something waits, by node, and subscribed topics that the broker does not have. ``stands``
    are all partitions that a node subscribes, with where it stands in them."""

    waiting: Mapping[str, frozenset[Partition]]
    missing: frozenset[str]
    stands: Mapping[str, tuple[Standing, ...]]

    def partitions(self, nodes: Sequence[str]) -> frozenset[Partition]:
        """Those in which something waits for any of the nodes."""
        return frozenset(each for node in nodes for each in self.waiting[node])

    def most(self, node: str) -> Mapping[str, int]:
        """At most how many records of each topic none of the node's workers has ended: none where nothing waits, else
        the offsets that are left, those of transactions' markers among them. Raises ``BrokerRefused`` where what is
        written beside a position cannot be read.
        """
        left = dict.fromkeys((each.partition.topic for each in self.stands[node]), 0)
        for each in self.stands[node]:
            if each.partition in self.waiting[node]:
                left[each.partition.topic] += _left(each, _ended(node, each))
        return left


def lag(context: Context, staff: Sequence[Staffed], seconds: float) -> Lag:
    """What waits for each of the nodes. No group is joined, and nothing is moved.

    Each request takes at most ``seconds``, and looking at records takes as long again for each node. Raises
    ``BrokerError`` where it cannot be told, and ``UnnamedBroker``.
    """
    bounded = replace(context, connection=replace(context.connection, timeout=min(seconds, context.connection.timeout)))
    with bounded.admin() as admin:
        stands = admin.standings({each.node: each.topics for each in staff})
    seen = {each.partition.topic for of_node in stands.values() for each in of_node}
    return Lag(
        {node: _waiting(bounded, node, of_node) for node, of_node in stands.items()},
        frozenset(topic for each in staff for topic in each.topics if topic not in seen),
        stands,
    )


def _waiting(context: Context, node: str, stands: Sequence[Standing]) -> frozenset[Partition]:
    ended = {each.partition: _ended(node, each) for each in stands}
    starts = {each.partition: each.committed.offset for each in stands if _left(each, ended[each.partition])}

    def counts(place: Place) -> bool:
        return not any(place.offset in span for span in ended[place.partition])

    return with_records(context.connection, starts, counts, context.connection.timeout)


def _ended(node: str, standing: Standing) -> tuple[range, ...]:
    try:
        return decode(*standing.committed)
    except ProgressUnreadable as flaw:
        where = f"{standing.partition.topic}/{standing.partition.number}"
        raise BrokerRefused(
            f"to go on in {where}", f"what is written beside the offset of `{node}` is of no use: {flaw}"
        ) from None


def _left(standing: Standing, ended: Sequence[range]) -> int:
    """How many offsets are left that did not end, of records or not."""
    behind = sum(max(0, min(span.stop, standing.end) - span.start) for span in ended)
    return max(0, standing.end - standing.committed.offset - behind)
