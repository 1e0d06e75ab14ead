"""Bringing stranded records home: looked at first, then copied to the topic that they were meant for.

The source stays as it is. How far it was rescued is what the broker remembers (the positions that are committed with
the copies) and what the journal remembers, by which drift knows that the records are no longer stranded.
"""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial

from omni_assets.broker.rights import Operation, Resource, Right
from omni_assets.broker.snapshot import ObservedTopic
from omni_assets.broker.topics import is_internal
from omni_assets.broker.transfer import (
    Contents,
    Copied,
    Provenance,
    Reach,
    Target,
    contents,
    copy,
    moment,
    reach,
    transfer_id,
)
from omni_assets.contracts.model import Manifest, Topic
from omni_assets.contracts.rules import UNREAD_RULES
from omni_assets.contracts.text import count
from omni_assets.contracts.values import readable
from omni_assets.contracts.wiring.near_miss import NearNames
from omni_assets.errors import ReadOnly, RescueRefused, StateError
from omni_assets.operations import destinations
from omni_assets.operations.audit import who
from omni_assets.operations.context import Context
from omni_assets.operations.destinations import (
    is_compacted,
    kept_ms,
    largest_batch,
    may,
    refuse_old,
    stamps_itself,
    to_copy,
    unable,
)
from omni_assets.projection.rows import AuditRow, RescueRow
from omni_assets.projection.store import Projection

Told = Callable[[int, int], None]
"""Hears of progress: records so far, and the most that there can be."""

_PROVENANCE_BYTES = 200  # what the headers that are added take, besides the names of the source and of who rescued
_LEAVE = (
    "Give it that, for groups and transactional ids by the prefix `omni-rescue.`; docs/rescue.md lists all that a "
    "rescue needs."
)


class Begin(StrEnum):
    """Where to begin when only this project remembers an earlier rescue: the broker forgot, or the log is another."""

    START = "start"
    REMEMBERED = "remembered"


class RescueState(StrEnum):
    """What the journal says of the partitions of a rescue."""

    BEGUN = "begun"
    INTERRUPTED = "interrupted"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Rescue:
    """What a rescue would do. ``contents`` are the records themselves, read once; ``warnings`` are sentences.

    ``retention_ms`` is the target's, -1 where it is unlimited and ``None`` where it is not known.
    """

    cluster: str
    source: str
    topic: Topic
    target: Target
    reach: Reach
    contents: Contents
    retention_ms: int | None
    warnings: tuple[str, ...]
    calls: int

    @property
    def oldest(self) -> datetime | None:
        """When the oldest record is from; ``None`` where none has a time."""
        return moment(self.contents.oldest_ms)

    @property
    def newest(self) -> datetime | None:
        """When the newest record is from; ``None`` where none has a time."""
        return moment(self.contents.newest_ms)


@dataclass(frozen=True, slots=True)
class Rescued:
    """What a rescue did: records copied, and where each partition of the source stands.

    ``unrecorded`` is set where the journal could not be written: the broker remembers all the same.
    """

    records: int
    positions: Mapping[int, int]
    seconds: float
    unrecorded: StateError | None = None


def likely_targets(context: Context, manifest: Manifest, source: str) -> tuple[str, ...]:
    """Declared topics whose name is nearly the source's, best first."""
    return tuple(near.name for near in NearNames(manifest.topics, context.grammar()).of(source))


def prepare(
    context: Context,
    manifest: Manifest,
    source: str,
    target: str,
    begin: Begin | None = None,
    told: Told = lambda _so_far, _most: None,
) -> Rescue:
    """Look at what a rescue would do, and write nothing.

    Raises ``RescueRefused`` where it must not be done, ``BrokerError`` and ``StateError``.
    """
    topic = _declared(context, manifest, source, target)
    refuse = partial(RescueRefused, source)
    group = transfer_id(source, target)
    with context.admin() as admin:
        may(admin, _to_look(source, target, group), _LEAVE, refuse)
        lacks = admin.lacking(to_copy(target, group))
        topics = admin.topics((source, target))
        cluster = admin.cluster_id() or context.bootstrap_servers
        calls = admin.calls
    servers = context.bootstrap_servers
    origin = destinations.present(topics, source, servers, "`omni observe` lists what the broker has.", refuse)
    home = destinations.present(topics, target, servers, "Create it with `omni provision`.", refuse)
    found = reach(context.connection, source, target, origin.partitions)
    earlier = _remembered(context, cluster, source, target)
    found = _begun(found, source, earlier, begin)
    retention = kept_ms(home)
    oldest_kept = None
    if retention is not None and retention >= 0 and not stamps_itself(home):
        oldest_kept = int(time.time() * 1000) - retention
    most = found.most_records
    held = contents(context.connection, source, found.spans, oldest_kept, lambda so_far: told(so_far, most))
    largest = largest_batch(home)
    _fits(source, home, held, largest)
    warnings = [*_warnings(context, cluster, source, origin, home, found, held, retention), *map(unable, lacks)]
    return Rescue(
        cluster,
        source,
        topic,
        Target(target, home.partitions, largest),
        found,
        held,
        retention,
        tuple(warnings),
        calls,
    )


def rescue(context: Context, prepared: Rescue, told: Told = lambda _so_far, _most: None) -> Rescued:
    """Copy what was looked at; where that is nothing, only remember so.

    An interruption leaves whole transactions, and the next rescue goes on behind them.

    Raises ``ReadOnly``, ``RescueRefused``, ``TransferInterrupted`` and ``BrokerError``.
    """
    if context.connection.read_only:
        raise ReadOnly(f"copying records to {prepared.target.name}")
    started = time.monotonic()
    log = _Log(context, prepared)
    if not prepared.reach.most_records:
        log.write(RescueState.DONE)
        return Rescued(0, dict(log.positions), time.monotonic() - started, log.trouble)
    target = prepared.target.name
    with context.admin() as admin:
        needed = to_copy(target, transfer_id(prepared.source, target))
        may(admin, needed, _LEAVE, partial(RescueRefused, prepared.source))
    log.write(RescueState.BEGUN)
    most, so_far = prepared.contents.records, 0

    def copied(news: Copied) -> None:
        nonlocal so_far
        log.add(news)
        so_far += sum(news.records.values())
        told(so_far, most)

    provenance = Provenance(prepared.source, datetime.now(UTC), f"{who()}@{socket.gethostname()}")
    try:
        copy(context.connection, provenance, prepared.target, prepared.reach, copied)
    except BaseException:
        log.write(RescueState.INTERRUPTED)
        raise
    log.write(RescueState.DONE)
    return Rescued(so_far, dict(log.positions), time.monotonic() - started, log.trouble)


def _to_look(source: str, target: str, group: str) -> tuple[Right, ...]:
    """What a look at a rescue needs where the broker has ACLs."""
    return (
        Right(Operation.READ, Resource.TOPIC, source),
        Right(Operation.DESCRIBE_CONFIGS, Resource.TOPIC, source),
        Right(Operation.DESCRIBE, Resource.TOPIC, target),
        Right(Operation.DESCRIBE_CONFIGS, Resource.TOPIC, target),
        Right(Operation.DESCRIBE, Resource.GROUP, group),
    )


def _declared(context: Context, manifest: Manifest, source: str, target: str) -> Topic:
    """The target as it is declared. Refuses what the names alone forbid."""
    if source == target:
        raise RescueRefused(source, "they are in that topic already", "Name the topic that they were meant for.")
    for name in (source, target):
        if is_internal(name):
            raise RescueRefused(source, f"`{name}` belongs to the broker itself", "Name topics of your own.")
    if source in manifest.topics:
        where = manifest.topics[source].owner.location
        raise RescueRefused(
            source,
            f"it is declared ({where.path}:{where.line}), so nothing in it is stranded",
            "Name a topic that no contract declares; `omni drift` lists them.",
        )
    if any(each.rule in UNREAD_RULES for each in manifest.findings):
        raise RescueRefused(
            source, "a contract cannot be read, and may declare it", "Mend what `omni check` names, and try again."
        )
    return destinations.declared(manifest, target, context.grammar(), partial(RescueRefused, source))


def _remembered(context: Context, cluster: str, source: str, target: str) -> Mapping[int, RescueRow]:
    """What the journal knows of earlier rescues of this pair, by partition."""
    rows = Projection(context.home).rescued(cluster, source)
    return {row.partition: row for row in rows if row.target == target}


def _begun(found: Reach, source: str, earlier: Mapping[int, RescueRow], begin: Begin | None) -> Reach:
    """Where to begin when the broker does not know how far an earlier rescue came.

    Brokers forget the positions of a group that is not used for days; and a topic that was deleted and made again has
    none. Only a person can tell which it was, so nothing is copied twice, or left out, on a guess.
    """
    far = sum(row.records for row in earlier.values())
    if found.started or not far:
        return found
    if begin is None:
        raise RescueRefused(
            source,
            f"{count(far, 'record')} of it were rescued before, and the broker no longer knows how far "
            "(it forgot, or the topic was made anew)",
            f"Say --begin {Begin.REMEMBERED} to go on where the journal knows, or --begin {Begin.START} where the "
            "topic was made anew.",
        )
    if begin is Begin.START:
        return found
    spans = (
        span._replace(start=min(span.end, max(span.start, earlier[span.partition].position)))
        if span.partition in earlier
        else span
        for span in found.spans
    )
    return found._replace(spans=tuple(spans))


def _fits(source: str, home: ObservedTopic, held: Contents, largest: int) -> None:
    """Refuse what the target would not take, or not keep apart."""
    name = home.name
    if held.keyless and is_compacted(home):
        raise RescueRefused(
            source,
            f"{count(held.keyless, 'record')} of it have no key, and `{name}` is compacted, which takes none without",
            "Bring them to a topic with cleanup.policy=delete.",
        )
    needed = held.largest + _PROVENANCE_BYTES + len(source)
    if held.records and needed > largest:
        raise RescueRefused(
            source,
            f"its largest record takes {needed:,} bytes with where it comes from, and `{name}` takes {largest:,}",
            "Raise max.message.bytes in the contract of the target, and apply it.",
        )
    refuse_old(home, moment(held.oldest_ms), "record", partial(RescueRefused, source))


def _warnings(
    context: Context,
    cluster: str,
    source: str,
    origin: ObservedTopic,
    home: ObservedTopic,
    found: Reach,
    held: Contents,
    retention: int | None,
) -> Iterator[str]:
    """What a person should know before saying yes, as sentences."""
    name = home.name
    if home.configs is None:
        yield f"The settings of `{name}` could not be seen: whether it takes and keeps the records is not known."
    if held.expired:
        kept = readable("retention.ms", str(retention))
        yield (
            f"{count(held.expired, 'record')} of {held.records:,} are older than the {kept} that `{name}` keeps: with "
            "their own times they may be deleted at once."
        )
    if stamps_itself(home):
        yield f"`{name}` stamps records itself (LogAppendTime): the times of these are not kept."
    if found.hidden:
        yield (
            f"At most {count(found.hidden, 'record')} stand behind a transaction of somebody else that is still open: "
            "they stay for another rescue."
        )
    if found.recreated:
        yield f"`{source}` was made anew since it was rescued: it is begun at its start."
    if origin.partitions > 1:
        yield (
            f"`{source}` has {origin.partitions:,} partitions: the order of a key that stands in several of them is "
            "not known."
        )
    for row in sorted({(row.target, row.rescued_at) for row in Projection(context.home).rescued(cluster, source)}):
        if row[0] != name:
            yield f"Records of `{source}` were brought to `{row[0]}` before, on {row[1]:%Y-%m-%d}."


class _Log:
    """How far each partition has come, in the journal: before the first record, and behind the last."""

    def __init__(self, context: Context, prepared: Rescue) -> None:
        self._projection = Projection(context.home)
        self._pair = (prepared.cluster, prepared.source, prepared.target.name)
        self._audited = AuditRow(
            uuid.uuid4().hex,
            datetime.now(UTC),
            who(),
            socket.gethostname(),
            prepared.cluster,
            context.environment,
            plan="",
            event="rescue",
            step=transfer_id(prepared.source, prepared.target.name),
            topic=prepared.source,
            action=f"copy to {prepared.target.name}",
        )
        earlier = _remembered(context, *self._pair)
        self.positions = {span.partition: span.start for span in prepared.reach.spans}
        self._records = {
            each: earlier[each].records if each in earlier and not prepared.reach.recreated else 0
            for each in self.positions
        }
        self._copied = 0
        self.trouble: StateError | None = None

    def add(self, news: Copied) -> None:
        self.positions |= news.positions
        for partition, number in news.records.items():
            self._records[partition] += number
            self._copied += number

    def write(self, state: RescueState) -> None:
        """Remember where it stands. What keeps the journal from being written is told at the end."""
        now = datetime.now(UTC)
        rows = [
            RescueRow(*self._pair, partition, position, self._records[partition], state, now)
            for partition, position in self.positions.items()
        ]
        audited = self._audited._replace(outcome=state, detail=count(self._copied, "record"))
        try:
            self._projection.record_rescue(rows)
            self._projection.record_audit([audited])
        except StateError as error:
            self.trouble = self.trouble or error
