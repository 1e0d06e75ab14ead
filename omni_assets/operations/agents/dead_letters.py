"""Dead letters: what nodes could not handle, as it stands in the topics that contracts declare for it, and sent again.

Who wrote a letter, and where its record stood, is what its headers say. They are believed for as long as no harm can
come of it: a letter goes to a topic only where a contract says that its node subscribes that.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cached_property, partial
from heapq import nlargest
from typing import Any, NamedTuple

from omni_assets.agents.events import Event, NotAnEvent, from_record
from omni_assets.agents.letters import Headers, Origin, addressed, origin_of, own
from omni_assets.agents.task_receipt import TaskOutcome, task_id
from omni_assets.agents.terms import deadline, stated
from omni_assets.broker import ledger
from omni_assets.broker.ledger import LedgerRecord
from omni_assets.broker.records import RecordReader, Span
from omni_assets.broker.transfer import MOST_BYTES, MOST_RECORDS
from omni_assets.contracts.model import Role
from omni_assets.contracts.text import visible
from omni_assets.errors import InputError, ReadOnly
from omni_assets.operations.agents.noted import task_receipts
from omni_assets.operations.context import Context
from omni_assets.operations.memory import cluster_of
from omni_assets.operations.routing.ledger import NoLedger, ledger_topic
from omni_assets.operations.targets import readable, target_of

_READERS = "omni-task-dlq"  # a group in which nothing is ever committed
_NUMBER = re.compile(r"[0-9]{1,18}")


class Position(NamedTuple):
    """Where a letter stands."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


class Again(NamedTuple):
    """The receipt of the task that a letter gave rise to when it was sent again, and how that ended."""

    receipt: str
    outcome: TaskOutcome


@dataclass(frozen=True, slots=True)
class Letter:
    """A record in a topic of dead letters. ``origin`` is ``None`` where its headers do not say where it comes from,
    ``again`` where the ledger knows of no task that it gave rise to since. ``size`` is in bytes, of its key, its value
    and its headers.
    """

    position: Position
    at: datetime
    origin: Origin | None
    size: int
    again: Again | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A letter with all that it holds."""

    letter: Letter
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Letters:
    """The newest letters, newest first, and how many there are besides."""

    found: tuple[Letter, ...]
    more: int


class Requeued(NamedTuple):
    """A letter that was sent again: it is an event of ``topic`` now, for the node that could not handle it."""

    position: Position
    topic: str
    node: str
    event_id: str


class Left(NamedTuple):
    """A letter that was not sent again, and why, as a clause."""

    position: Position
    reason: str


@dataclass(slots=True)
class Requeue:
    """What became of letters that were to be sent again."""

    sent: list[Requeued] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which letters are meant: those of records of a ``topic``, and of a ``node``; without either, all."""

    topic: str = ""
    node: str = ""

    def fits(self, letter: Letter) -> bool:
        """Whether a letter is meant."""
        origin = letter.origin
        if origin is None:
            return not (self.topic or self.node)
        return self.topic in ("", origin.topic) and self.node in ("", origin.node)


class _Unfit(Exception):
    """A letter is not sent again; ``str()`` is a clause."""


def position(text: str) -> Position:
    """What ``TOPIC/PARTITION/OFFSET`` names. Raises ``InputError``."""
    topic, _, numbers = text.strip().partition("/")
    partition, _, offset = numbers.partition("/")
    if not topic or not _NUMBER.fullmatch(partition) or not _NUMBER.fullmatch(offset):
        raise InputError(
            f"`{visible(text[:300])}` is no position of a dead letter.",
            "Name it as `omni task dlq list` does: TOPIC/PARTITION/OFFSET.",
        )
    return Position(topic, int(partition), int(offset))


def letters(context: Context, wanted: Filter, limit: int) -> Letters:
    """The newest letters of all topics of dead letters that contracts declare and the broker has.

    Raises ``InputError`` and ``BrokerError``.
    """
    look = _Look(context)
    number = 0

    def counted() -> Iterator[Letter]:
        nonlocal number
        for each in look.all():
            if wanted.fits(each.letter):
                number += 1
                yield each.letter

    found = nlargest(limit, counted(), key=lambda each: (each.at, each.position))
    return Letters(tuple(found), number - len(found))


def opened(context: Context, at: Position) -> Opened:
    """The letter that stands there. Raises ``InputError`` where none does, and ``BrokerError``."""
    return _Look(context).open(at)


def requeue(context: Context, positions: Sequence[Position]) -> Requeue:
    """Send these letters again, as they came. Raises ``InputError`` where one is not there, ``ReadOnly`` and
    ``BrokerError``.
    """
    _writable(context)
    look = _Look(context)
    return look.send([look.open(each) for each in sorted(set(positions))])


def requeue_all(context: Context, wanted: Filter) -> Requeue:
    """Send all letters again that were not yet, in their order. Raises as ``requeue`` does."""
    _writable(context)
    look = _Look(context)
    done = Requeue()
    for batch in look.batches():
        sent = look.send([each for each in batch if wanted.fits(each.letter) and each.letter.again is None])
        done.sent += sent.sent
        done.left += sent.left
    return done


class _Look:
    """One look at the dead letters of a project."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._manifest = context.manifest()
        grammar = context.grammar()
        self._declared = sorted(
            name for name, topic in self._manifest.topics.items() if grammar.is_dead_letter(topic.parts.kind)
        )
        self._subscribed = {
            (contract.node, each.topic)
            for contract in self._manifest.contracts
            for each in contract.declarations
            if each.role is Role.SUBSCRIBES
        }
        self._ledger = self._ledger_name()
        asked = {*self._declared, *(topic for _, topic in self._subscribed), *filter(None, [self._ledger])}
        with context.admin() as admin:
            snapshot = admin.snapshot(tuple(sorted(asked)))
        self._cluster = cluster_of(snapshot)
        self._topics = snapshot.topics
        self._partitions = {name: topic.partitions or 1 for name, topic in snapshot.topics.items()}

    def all(self) -> Iterator[Opened]:
        """Every letter, those of a partition in their order."""
        for batch in self.batches():
            yield from batch

    def batches(self) -> Iterator[list[Opened]]:
        """Every letter that is there now, as many at once as may be kept in memory."""
        for topic in self._declared:
            if topic not in self._partitions:
                continue
            with RecordReader(self._context.connection, topic, _READERS) as reader:
                spans = [Span(each, *reader.bounds(each)) for each in range(readable(self._topics[topic]))]
                for batch in reader.batches(spans, MOST_RECORDS, MOST_BYTES):
                    yield [self._opened(each) for each in batch.records]

    def open(self, at: Position) -> Opened:
        if at.topic not in self._declared:
            near = get_close_matches(at.topic, self._declared, 1)
            raise InputError(
                f"no contract declares `{visible(at.topic[:300])}` as a topic of dead letters.",
                f"Perhaps `{near[0]}` is meant." if near else "`omni task dlq list` shows what there is.",
            )
        if at.partition < self._partitions.get(at.topic, 0):
            with RecordReader(self._context.connection, at.topic, _READERS) as reader:
                low, high = reader.bounds(at.partition)
                span = Span(at.partition, at.offset, at.offset + 1)
                for batch in reader.batches([span] if low <= at.offset < high else [], 1, MOST_BYTES):
                    for record in batch.records:
                        return self._opened(record)
        raise InputError(f"there is no dead letter at {at}.", "`omni task dlq list` shows what there is.")

    def send(self, wanted: Iterable[Opened]) -> Requeue:
        """Send letters again, in their order."""
        done = Requeue()
        records: defaultdict[str, list[LedgerRecord]] = defaultdict(list)
        meant: dict[str, Requeued] = {}
        for each in wanted:
            try:
                record, requeued = self._again(each)
            except _Unfit as why:
                done.left.append(Left(each.letter.position, str(why)))
                continue
            records[requeued.topic].append(record)
            meant[record.id] = requeued
        for topic, several in records.items():
            appended = ledger.append(self._context.connection, target_of(self._topics[topic]), several)
            for record in several:
                requeued = meant[record.id]
                if record.id in appended.places:
                    done.sent.append(requeued)
                else:
                    refused = f"`{topic}` does not take it: {appended.errors[record.id]}"
                    done.left.append(Left(requeued.position, refused))
        return done

    def _again(self, each: Opened) -> tuple[LedgerRecord, Requeued]:
        """What is to be written. Raises ``_Unfit``."""
        letter, origin = each.letter, each.letter.origin
        if origin is None:
            raise _Unfit("its headers do not say where it comes from")
        if letter.again is not None:
            raise _Unfit(f"it was sent again already, and ended as {letter.again.outcome} in {letter.again.receipt}")
        if (origin.node, origin.topic) not in self._subscribed:
            raise _Unfit(f"no contract says that `{visible(origin.node)}` subscribes `{visible(origin.topic)}`")
        if origin.topic not in self._partitions:
            raise _Unfit(f"`{origin.topic}` is not at {self._context.bootstrap_servers}")
        event = _event(each)
        record = LedgerRecord(str(letter.position), each.key, each.value or b"", addressed(each.headers, origin))
        return record, Requeued(letter.position, origin.topic, origin.node, event.id)

    def _opened(self, record: Any) -> Opened:
        stated: Any = record.headers() or ()
        key: Any = record.key()
        value: Any = record.value()
        headers: Headers = tuple(stated)
        at = Position(record.topic() or "", record.partition() or 0, record.offset() or 0)
        origin = origin_of(headers, partial(task_id, self._cluster))
        size = len(key or b"") + len(value or b"") + sum(len(name) + len(fact or b"") for name, fact in headers)
        written = datetime.fromtimestamp(max(0, record.timestamp()[1]) / 1_000, UTC)
        again = self._sent_again.get(origin.receipt) if origin else None
        return Opened(Letter(at, written, origin, size, again), key, value, headers)

    @cached_property
    def _sent_again(self) -> Mapping[str, Again]:
        """By the receipt of a letter, what it gave rise to: what a duplicate of that ended as is no news."""
        if self._ledger is None or self._ledger not in self._partitions:
            return {}
        found: dict[str, Again] = {}
        for receipt in task_receipts(self._context.connection, self._ledger, readable(self._topics[self._ledger])):
            if receipt.requeue_of is not None and receipt.outcome is not TaskOutcome.DUPLICATE:
                found.setdefault(receipt.requeue_of, Again(receipt.id, receipt.outcome))
        return found

    def _ledger_name(self) -> str | None:
        try:
            return ledger_topic(self._manifest, self._context.settings.router.ledger_node).name
        except NoLedger:
            return None


def _event(each: Opened) -> Event:
    """The event that a letter holds. Raises ``_Unfit``: what is none, or is late, would only come back."""
    try:
        event = from_record(each.key, each.value, own(each.headers))
        due = deadline(event)
    except NotAnEvent as flaw:
        raise _Unfit(f"it would come back as it is: {flaw}") from None
    if due is not None and due <= datetime.now(UTC):
        raise _Unfit(f"nobody would work on it: it was due at {stated(due)}")
    return event


def _writable(context: Context) -> None:
    if context.connection.read_only:
        raise ReadOnly("sending dead letters again")
