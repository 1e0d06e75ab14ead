"""Questions that agents ask people, and the answers: both are events, found by reading their topics, and nothing else
remembers them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from heapq import nsmallest
from typing import Any, NamedTuple

from omni_assets.agents.approvals import (
    NO_APPROVALS,
    Approvals,
    Question,
    Reply,
    read_question,
    read_reply,
    reply_event,
)
from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import Event, NotAnEvent, Record, from_record, to_record
from omni_assets.agents.payloads import Payloads
from omni_assets.agents.task_receipt import Answer
from omni_assets.broker import ledger
from omni_assets.broker.connection import Connection
from omni_assets.broker.ledger import LedgerRecord
from omni_assets.broker.records import RecordReader, Span
from omni_assets.broker.transfer import MOST_BYTES, MOST_RECORDS, Target
from omni_assets.contracts import model
from omni_assets.contracts.model import Handler, Manifest
from omni_assets.contracts.payloads import payloads
from omni_assets.contracts.text import visible
from omni_assets.errors import BrokerRefused, BrokerTimeout, InputError, ReadOnly, TaskUnusable
from omni_assets.operations.context import Context
from omni_assets.operations.targets import readable

MOST_LISTED = 1_000
"""Questions that are listed at once, the oldest ones."""

_MOST_ALIKE = 1
_READERS = "omni-task-approvals"  # a group in which nothing is ever committed
_PROVISION = "`omni provision` creates what the contracts declare."


class Given(NamedTuple):
    """An answer that stands in its topic, and since when."""

    reply: Reply
    at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it stands in its topic: ``key`` is that of the record, ``event`` the one that carries it.
    ``given`` is the first answer, where there is one.
    """

    question: Question
    event: Event
    topics: model.Approvals
    partition: int
    offset: int
    key: bytes | None
    at: datetime
    given: Given | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for an answer, oldest first; ``more`` questions wait besides. ``unreadable`` records are no questions
    that anybody could be shown.
    """

    asked: tuple[Asked, ...]
    more: int
    unreadable: int


def approvals_of(connection: Connection, node: str, handler: Handler) -> Approvals:
    """The questions of a node, which are read again from the topic that its contract names."""
    if handler.approvals is None:
        return NO_APPROVALS
    requests, answers = handler.approvals

    async def read(partition: int, offset: int) -> Record | None:
        return await asyncio.to_thread(_record_at, connection, requests, partition, offset)

    return Approvals(node, requests, answers, read)


def waiting(context: Context) -> Waiting:
    """The questions that nobody answered yet. Raises ``InputError`` and ``BrokerError``."""
    look = _Look(context)
    unanswered = [each for each in look.asked() if each.given is None]
    oldest = nsmallest(MOST_LISTED, unanswered, key=lambda each: each.at)
    return Waiting(tuple(oldest), len(unanswered) - len(oldest), look.unreadable)


def find(context: Context, beginning: str) -> Asked:
    """The one question whose id begins so, answered or not. Raises ``TaskUnusable``, ``InputError`` and
    ``BrokerError``.
    """
    wanted = beginning.strip().lower()
    found: dict[tuple[str, str], Asked] = {}
    for each in _Look(context, wanted).asked() if wanted else ():
        found.setdefault((each.question.task, each.question.content_sha256), each)
        if len(found) > _MOST_ALIKE:
            break
    if len(found) == 1:
        return next(iter(found.values()))
    how_many = "several questions begin" if found else "no question begins"
    raise TaskUnusable(f"{how_many} with `{visible(wanted[:40])}`.", "`omni task approvals` lists what waits.")


def answer(context: Context, asked: Asked, given: Answer, by: str, reason: str = "") -> Reply:
    """Publish the answer to exactly what was shown. Raises ``InputError`` (``TaskUnusable`` where it cannot be answered
    so), ``ReadOnly`` and ``BrokerError``.
    """
    topic = asked.topics.answers
    if context.connection.read_only:
        raise ReadOnly(f"answering the question {asked.question.task}")
    try:
        reply = Reply(
            request=asked.question.task,
            content_sha256=asked.question.ask.sha256,
            answer=given,
            by=by,
            reason=reason,
            partition=asked.partition,
            offset=asked.offset,
        )
        event = reply_event(asked.question, asked.event, topic, reply, datetime.now(UTC))
        Payloads(payloads(context.manifest())).check(topic, event)
        record = to_record(event, asked.key)
    except (Hopeless, ValueError) as flaw:
        raise TaskUnusable(f"the question {asked.question.task} cannot be answered so: {flaw}.") from None
    target = Target(topic, _partitions(context, [topic])[topic])
    headers = {name: value.decode() for name, value in record.headers}
    error = ledger.append(
        context.connection, target, [LedgerRecord(event.id, record.key, record.value, headers)]
    ).errors.get(event.id)
    if error is not None:
        call = f"to take an answer in {topic}"
        raise BrokerTimeout(call, context.connection.timeout) if error.transient else BrokerRefused(call, error.message)
    return reply


class _Look:
    """One look at the questions whose ids begin so, and at the answers to them."""

    def __init__(self, context: Context, beginning: str = "") -> None:
        self._connection = context.connection
        self._topics = _topics(context.manifest())
        self._partitions = _partitions(context, sorted({name for each in self._topics for name in each}))
        self._beginning = beginning
        self.unreadable = 0

    def asked(self) -> Iterator[Asked]:
        for topics in self._topics:
            given = self._given(topics.answers)
            for message in self._read(topics.requests):
                try:
                    asked = _asked(topics, message)
                except (Hopeless, NotAnEvent):
                    self.unreadable += 1
                    continue
                if asked.question.task.startswith(self._beginning):
                    yield replace(asked, given=given.get((asked.question.task, asked.question.content_sha256)))

    def _given(self, topic: str) -> Mapping[tuple[str, str], Given]:
        """The first answer to each question: all answers to one have one key, and so one order."""
        given: dict[tuple[str, str], Given] = {}
        for message in self._read(topic):
            try:
                reply = read_reply(from_record(*_record(message)))
            except (Hopeless, NotAnEvent):
                continue  # which its node's dead letters tell of
            if reply.request.startswith(self._beginning):
                given.setdefault((reply.request, reply.content_sha256), Given(reply, _at(message)))
        return given

    def _read(self, topic: str) -> Iterator[Any]:
        with RecordReader(self._connection, topic, _READERS) as reader:
            spans = [Span(each, *reader.bounds(each)) for each in range(self._partitions[topic])]
            for batch in reader.batches(spans, MOST_RECORDS, MOST_BYTES):
                yield from batch.records


def _topics(manifest: Manifest) -> Sequence[model.Approvals]:
    stated = {each.handler.approvals for each in manifest.contracts if each.handler and each.handler.approvals}
    if not stated:
        raise InputError("no contract names topics for approvals, so nobody asks.", "docs/agents.md shows one.")
    return sorted(stated)


def _partitions(context: Context, topics: Sequence[str]) -> Mapping[str, int]:
    with context.admin() as admin:
        snapshot = admin.snapshot(tuple(topics))
    missing = [name for name in topics if name not in snapshot.topics]
    if missing:
        raise InputError(f"`{missing[0]}` is not at {context.bootstrap_servers}.", _PROVISION)
    return {name: readable(snapshot.topics[name]) for name in topics}


def _record_at(connection: Connection, topic: str, partition: int, offset: int) -> Record | None:
    # Committed or not: an answer says where the question stands and what it was, and is good for nothing else.
    with RecordReader(connection, topic, _READERS, committed=False) as reader:
        low, high = reader.bounds(partition)
        if not low <= offset < high:
            return None
        for batch in reader.batches([Span(partition, offset, offset + 1)], 1, 1):
            for message in batch.records:
                return _record(message)
    return None


def _asked(topics: model.Approvals, message: Any) -> Asked:
    """Raises ``Hopeless`` and ``NotAnEvent`` for what is no question that a person could be shown."""
    record = _record(message)
    question = read_question(record, topics.requests)
    _ = question.ask
    event = from_record(*record)
    return Asked(question, event, topics, message.partition(), message.offset(), record.key, _at(message))


def _record(message: Any) -> Record:
    return Record(message.key(), message.value(), tuple(message.headers() or ()))


def _at(message: Any) -> datetime:
    return datetime.fromtimestamp(max(0, message.timestamp()[1]) / 1_000, UTC)
