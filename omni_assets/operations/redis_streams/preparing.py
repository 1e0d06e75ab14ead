"""A look at bringing a stream to a topic: where it goes on, what there is to know before, and what forbids it.

How far a stream was copied is what the broker keeps beside the copies, in the same transactions. Where it forgot, it
stands in the headers of the copies; and where those are gone, only a person can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from omni_assets.broker.intake import Incoming, Reached, Way, arrivals, reached
from omni_assets.broker.replays import reach
from omni_assets.broker.rights import Operation, Resource, Right
from omni_assets.broker.snapshot import ObservedTopic
from omni_assets.broker.topics import is_internal
from omni_assets.broker.transfer import Target, moment
from omni_assets.contracts.model import Manifest, Topic
from omni_assets.contracts.values import readable
from omni_assets.errors import MigrationRefused
from omni_assets.operations import destinations
from omni_assets.operations.context import Context
from omni_assets.operations.destinations import is_compacted, kept_ms, largest_batch, may, refuse_old, to_copy, unable
from omni_assets.operations.redis_streams.copies import Form, Unfit, copy_of, time_of
from omni_assets.operations.redis_streams.entries import BEGINNING, EntryId, Stream
from omni_assets.operations.redis_streams.progress import Progress
from omni_assets.operations.redis_streams.reading import RedisStreams
from omni_assets.projection.store import Projection

EVENT = "migrate"
"""What the journal calls a migration."""

LONGEST_NAME = 500
"""The most characters of a field's name: it is kept beside a position, where there is room for some thousand."""

LEAVE = (
    "Give it that, for groups and transactional ids by the prefix `omni-migrate.`; docs/redis-streams.md lists all "
    "that a migration needs."
)
"""What to do where this principal lacks a right."""

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Migration:
    """What a migration would do, and from where it goes on. ``warnings`` are sentences, ``calls`` those of the broker.

    ``kept`` is what the broker keeps of an earlier one. ``retention_ms`` is the topic's, -1 where it is unlimited and
    ``None`` where it is not known.
    """

    cluster: str
    stream: Stream
    address: str
    topic: Topic
    way: Way
    form: Form
    kept: Reached | None
    start: Progress
    retention_ms: int | None
    warnings: tuple[str, ...]
    calls: int

    @property
    def oldest(self) -> datetime | None:
        """The time of the first entry that is left in the stream, as far as its id is one."""
        return _oldest(self.stream)

    @property
    def has_entries(self) -> bool:
        """Whether there is something to copy, as far as the last id of the stream tells."""
        return self.stream.length > 0 and self.stream.last > self.start.after


def prepare(
    context: Context,
    manifest: Manifest,
    redis: RedisStreams,
    stream: str,
    topic: str,
    form: Form,
    after: EntryId | None = None,
) -> Migration:
    """Look at what a migration would do, and write nothing. ``after``: behind which entry to go on, where nobody else
    can tell.

    Raises ``MigrationRefused`` where it must not be done, ``BrokerError``, ``RedisError`` and ``StateError``.
    """
    declared = _declared(context, manifest, stream, topic)
    found = there(redis, stream)
    refuse = partial(MigrationRefused, stream)
    group = Way(stream, Target(topic, 1)).group
    with context.admin() as admin:
        may(admin, _to_look(topic, group), LEAVE, refuse)
        lacks = admin.lacking(to_copy(topic, group))
        seen, servers = admin.topics([topic]), context.bootstrap_servers
        home = destinations.present(seen, topic, servers, "Create it with `omni provision`.", refuse)
        cluster = admin.cluster_id() or context.bootstrap_servers
        calls = admin.calls
    _fits(found, home, form)
    way = Way(stream, Target(topic, home.partitions, largest_batch(home)))
    kept = reached(context.connection, way)
    start = begun(context, redis, found, way, form, cluster, kept, after)
    retention = kept_ms(home)
    warnings = (*_warnings(found, home, form, start, retention), *map(unable, lacks))
    return Migration(cluster, found, redis.address, declared, way, form, kept, start, retention, warnings, calls)


def begun(
    context: Context,
    redis: RedisStreams,
    stream: Stream,
    way: Way,
    form: Form,
    cluster: str,
    kept: Reached | None,
    after: EntryId | None = None,
) -> Progress:
    """Where to go on: behind what the broker keeps, else behind the last of the copies in the topic, else at the
    beginning. Raises ``MigrationRefused`` where only ``after`` could tell, and it is not stated.
    """
    progress = _read(stream, kept) if kept is not None else _scanned(context, way)
    if progress is None:
        remembered = _remembered(context, cluster, way)
        if remembered and after is None:
            raise MigrationRefused(
                stream.name,
                f"the journal knows that it was copied before ({remembered}), and the broker no longer does",
                "Say --after ID to go on behind that entry, or --after 0 where the topic was made anew.",
            )
        return Progress.begin(stream, redis.address, form, after)
    doubt = progress.doubt(stream, _copy_at(redis, stream, progress.after, form), redis.address, form)
    if not doubt:
        return progress.at(redis.address, form)
    if after is None:
        raise MigrationRefused(
            stream.name, doubt, "Say --after ID to go on behind an entry of this stream, --after 0 to copy all of it."
        )
    return Progress.begin(stream, redis.address, form, after)


def there(redis: RedisStreams, name: str) -> Stream:
    """The stream as it is now. Raises ``MigrationRefused`` where there is none, and ``RedisError``."""
    found = redis.stream(name)
    if found is None:
        raise MigrationRefused(
            name, f"there is no such stream at {redis.address}", "`omni import redis-streams` lists what there is."
        )
    return found


def _to_look(topic: str, group: str) -> tuple[Right, ...]:
    """What a look at a migration needs where the broker has ACLs."""
    return (
        Right(Operation.READ, Resource.TOPIC, topic),
        Right(Operation.DESCRIBE_CONFIGS, Resource.TOPIC, topic),
        Right(Operation.DESCRIBE, Resource.GROUP, group),
    )


def _read(stream: Stream, kept: Reached) -> Progress:
    try:
        return Progress.read(kept)
    except ValueError:
        raise MigrationRefused(
            stream.name,
            "what the broker keeps of how far it was copied is not of this omni",
            "Go on with the omni that began it.",
        ) from None


def _scanned(context: Context, way: Way) -> Progress | None:
    """How far it was copied, as the records of the topic say; ``None`` where it has none of the stream's."""
    spans = reach(context.connection, way.target.name, way.target.partitions)
    copied, latest = 0, (BEGINNING, "")
    for each in arrivals(context.connection, way, spans):
        if each.id is not None:
            copied, latest = copied + 1, max(latest, (EntryId.read(each.id), each.checksum))
    return Progress(latest[0], copied, latest[1]) if copied else None


def _copy_at(redis: RedisStreams, stream: Stream, entry: EntryId, form: Form) -> Incoming | None:
    """The record that an entry of the stream becomes, ``None`` where it has no such entry."""
    try:
        return next((copy_of(each, form, 0) for each in redis.entries(stream.name, entry.previous, entry, 1)), None)
    except Unfit:
        return None


def _remembered(context: Context, cluster: str, way: Way) -> str:
    """What the journal knows of an earlier migration that copied something; empty where it knows of none."""
    rows = Projection(context.home).audited(topic=way.target.name, cluster=cluster)
    return next((row.detail for row in rows if row.event == EVENT and row.step == way.group and row.detail), "")


def _declared(context: Context, manifest: Manifest, stream: str, name: str) -> Topic:
    """The topic as it is declared. Refuses what the names alone forbid."""
    if is_internal(name):
        raise MigrationRefused(stream, f"`{name}` belongs to the broker itself", "Name a topic of your own.")
    return destinations.declared(manifest, name, context.grammar(), partial(MigrationRefused, stream))


def _fits(stream: Stream, home: ObservedTopic, form: Form) -> None:
    """Refuse what the topic would not take, or the broker not keep."""
    if any(len(each or "") > LONGEST_NAME for each in (form.key, form.value)):
        raise MigrationRefused(
            stream.name, f"a field's name is longer than {LONGEST_NAME:,} characters", "Name a field of the entries."
        )
    if form.key is None and is_compacted(home):
        raise MigrationRefused(
            stream.name,
            f"`{home.name}` is compacted, and takes no record without a key",
            "Say with --key which field holds it.",
        )
    refuse_old(home, _oldest(stream), "entry", partial(MigrationRefused, stream.name))


def _warnings(stream: Stream, home: ObservedTopic, form: Form, start: Progress, retention: int | None) -> Iterator[str]:
    """What a person should know before saying yes, as sentences."""
    if home.configs is None:
        yield f"The settings of `{home.name}` could not be seen: whether it takes and keeps the records is not known."
    if form.key is None and home.partitions > 1:
        yield (
            f"Without --key all records go to one of the {home.partitions:,} partitions of `{home.name}`, which keeps "
            "their order."
        )
    oldest = _oldest(stream)
    if oldest is not None and retention is not None and 0 <= retention < (datetime.now(UTC) - oldest) / _MILLISECOND:
        kept = readable("retention.ms", str(retention))
        yield f"The oldest entries are older than the {kept} that `{home.name}` keeps: they may be deleted at once."
    if start.copied and stream.first is not None and stream.first > start.after:
        yield (
            f"The first entry that is left is {stream.first}, behind the last that was copied: whether others between "
            "them were deleted is told at the end, where Redis knows."
        )


def _oldest(stream: Stream) -> datetime | None:
    return None if stream.first is None else moment(time_of(stream.first))
