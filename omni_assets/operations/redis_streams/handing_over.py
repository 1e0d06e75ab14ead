"""The place of each group of a stream, given to the group of the same name that reads the topic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from omni_assets.broker.handover import give
from omni_assets.broker.intake import Way, arrivals
from omni_assets.broker.replays import reach
from omni_assets.contracts.text import count
from omni_assets.errors import BrokerError, ReadOnly
from omni_assets.operations.context import Context
from omni_assets.operations.redis_streams.preparing import Migration, there
from omni_assets.operations.redis_streams.reading import RedisStreams
from omni_assets.operations.redis_streams.standing import Standing, Work, standings

MOST_PENDING = 100_000
"""The most ids of a group that are asked for; behind the last of them everything counts as not done."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A group, and where it stands in the topic. ``left`` says, as a clause, why it was not given that place; empty
    where it was."""

    group: str
    standing: Standing
    left: str = ""


def hand_over(context: Context, redis: RedisStreams, found: Migration) -> tuple[Handed, ...]:
    """Give each group of the stream its place in the topic, as the group of that name, in order of names.

    Reads the topic once. A group that has members there, or positions that it was not given here, is left alone. Raises
    ``ReadOnly``, ``MigrationRefused``, ``BrokerError`` and ``RedisError``.
    """
    way = found.way
    if context.connection.read_only:
        raise ReadOnly(f"giving groups their place in {way.target.name}")
    works = list(_works(redis, found.stream.name))
    if not works:
        return ()
    spans = reach(context.connection, way.target.name, way.target.partitions)
    stand = standings(arrivals(context.connection, way, spans), spans, works)
    with context.admin() as admin:
        members = admin.members(sorted(filter(_is_sendable, stand)))
    return tuple(
        Handed(name, standing, _left(context, way, name, standing, members.get(name)))
        for name, standing in sorted(stand.items())
    )


def _works(redis: RedisStreams, stream: str) -> Iterator[Work]:
    for group in there(redis, stream).groups:
        yield Work.of(group, redis.pending(stream, group.name, MOST_PENDING), MOST_PENDING)


def _left(context: Context, way: Way, group: str, standing: Standing, members: int | None) -> str:
    """Give a group its place; why that was not done, as a clause."""
    if not _is_sendable(group):
        return "Kafka takes no such name"
    if members is None:
        return "whether it has members is not known"
    if members:
        return f"it has {count(members, 'member')} already"
    try:
        given = give(context.connection, group, way.target.name, standing.positions, way.group)
    except BrokerError as error:
        return error.message.rstrip(".")
    return "" if given else "it has positions of its own there"


def _is_sendable(group: str) -> bool:
    """Whether a name of Redis can be one of Kafka: some text in UTF-8."""
    try:
        return bool(group.encode())
    except UnicodeEncodeError:
        return False
