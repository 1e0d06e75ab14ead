"""Copying a stream to a topic in its order, and following it until the cut-over. Redis is only read."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from omni_assets.broker.intake import Incoming, Intake
from omni_assets.broker.transfer import MOST_BYTES, MOST_RECORDS
from omni_assets.contracts.text import count, visible
from omni_assets.errors import MigrationRefused, ReadOnly, StateError, TransferInterrupted
from omni_assets.operations.audit import who
from omni_assets.operations.context import Context
from omni_assets.operations.destinations import may, to_copy
from omni_assets.operations.redis_streams.copies import Unfit, copy_of
from omni_assets.operations.redis_streams.entries import END, Entry
from omni_assets.operations.redis_streams.preparing import EVENT, LEAVE, Migration, begun, there
from omni_assets.operations.redis_streams.progress import Progress
from omni_assets.operations.redis_streams.reading import RedisStreams
from omni_assets.projection.rows import AuditRow
from omni_assets.projection.store import Projection

POLL_SECONDS = 0.2
"""How long a stream is left alone that had nothing new."""

_FIRST_RECORDS = 50

Told = Callable[[Progress], None]
"""Hears of progress whenever a transaction was committed."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """How far it came: ``records`` that this run copied, and the ``progress`` since the beginning.

    ``missed`` is how many entries were deleted before they could be copied, ``None`` where that is not known: Redis
    does not say, or there is more to copy. ``unrecorded`` is set where the journal could not be written: the broker
    remembers all the same.
    """

    records: int
    progress: Progress
    missed: int | None
    seconds: float
    unrecorded: StateError | None = None


def migrate(
    context: Context,
    redis: RedisStreams,
    found: Migration,
    quiet_seconds: float | None = 0.0,
    told: Told = lambda _: None,
) -> Migrated:
    """Copy the entries, and follow the stream until it had nothing new for so many seconds; for ever where that is
    ``None``. With 0 it is copied up to the entry that was its last when it was looked at.

    An interruption leaves whole transactions, and the next migration goes on behind them. Raises ``ReadOnly``,
    ``MigrationRefused``, ``TransferInterrupted``, ``BrokerError`` and ``RedisError``.
    """
    if context.connection.read_only:
        raise ReadOnly(f"copying records to {found.way.target.name}")
    started = time.monotonic()
    with context.admin() as admin:
        needed = to_copy(found.way.target.name, found.way.group)
        may(admin, needed, LEAVE, partial(MigrationRefused, found.stream.name))
    with Intake(context.connection, found.way) as intake:
        start = _start(context, redis, found, intake)
        log = _Log(context, found, start)
        log.write("begun")
        try:
            for progress in _copied(redis, intake, found, start, quiet_seconds):
                log.progress = progress
                told(progress)
        except BaseException:
            log.write("interrupted")
            raise
    log.write("done")
    now = there(redis, found.stream.name)
    more = redis.entries(now.name, log.progress.after, END, 1)
    return Migrated(
        log.progress.copied - start.copied,
        log.progress,
        None if more else log.progress.missed(now),
        time.monotonic() - started,
        log.trouble,
    )


def next_most(entries: Sequence[Entry], most: int) -> int:
    """How many entries to ask for next, so that they fit a transaction if they are as large as these on average.

    ``most`` were asked for before, and it is at most twice as many.
    """
    size = sum(each.size for each in entries)
    return max(1, min(2 * most, MOST_RECORDS, MOST_BYTES * len(entries) // max(1, size)))


def _start(context: Context, redis: RedisStreams, found: Migration, intake: Intake) -> Progress:
    """Where it goes on, now that nobody else does: another one may have until it was fenced off just now."""
    kept = intake.reached()
    if kept == found.kept:
        return found.start
    return begun(context, redis, found.stream, found.way, found.form, found.cluster, kept)


def _copied(
    redis: RedisStreams, intake: Intake, found: Migration, start: Progress, quiet_seconds: float | None
) -> Iterator[Progress]:
    """Where it stands behind each transaction, until the stream was quiet for long enough."""
    name, progress = found.stream.name, start
    upto = found.stream.last if quiet_seconds == 0 else END
    most, last, since = _FIRST_RECORDS, found.stream.last, time.monotonic()
    while True:
        entries = redis.entries(name, progress.after, upto, most)
        if entries:
            records = _records(found, entries)
            progress = progress.past(records)
            intake.write(records, progress.copied, progress.text)
            yield progress
            most, since = next_most(entries, most), time.monotonic()
            continue
        now = there(redis, name)
        doubt = progress.doubt(now, None, found.address, found.form)
        if doubt:
            raise TransferInterrupted(
                found.way.target.name, doubt, "Nothing of it was copied. Say --after 0 to copy it as well."
            )
        if now.last != last:
            last, since = now.last, time.monotonic()
        if quiet_seconds is not None and time.monotonic() - since >= quiet_seconds:
            return
        time.sleep(POLL_SECONDS)


def _records(found: Migration, entries: Sequence[Entry]) -> list[Incoming]:
    now_ms = int(time.time() * 1_000)
    try:
        return [copy_of(each, found.form, now_ms) for each in entries]
    except Unfit as unfit:
        raise TransferInterrupted(
            found.way.target.name,
            str(unfit),
            "Nothing is left out: delete that entry where nobody needs it, or begin anew in another form (--value).",
        ) from None


class _Log:
    """How far it came, in the journal: before the first record, and behind the last."""

    def __init__(self, context: Context, found: Migration, start: Progress) -> None:
        self._projection = Projection(context.home)
        self._audited = AuditRow(
            uuid.uuid4().hex,
            datetime.now(UTC),
            who(),
            socket.gethostname(),
            found.cluster,
            context.environment,
            plan="",
            event=EVENT,
            step=found.way.group,
            topic=found.way.target.name,
            action=f"copy from the stream {visible(found.stream.name)}",
        )
        self.progress = start
        self.trouble: StateError | None = None

    def write(self, outcome: str) -> None:
        """Remember where it stands. What keeps the journal from being written is told at the end."""
        copied = self.progress.copied
        detail = f"{count(copied, 'record')} up to {self.progress.after}" if copied else ""
        try:
            self._projection.record_audit([self._audited._replace(outcome=outcome, detail=detail)])
        except StateError as error:
            self.trouble = self.trouble or error
