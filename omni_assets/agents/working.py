"""One record of a node, from what was read to everything that is written of it: results, dead letter, receipt.

Nothing is written here, and nothing is raised for a record: whatever is wrong with it ends in its receipt.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from omni_assets.agents.approvals import NO_APPROVALS, Approvals, noted
from omni_assets.agents.attempts import Hopeless, Patience, Tried, attempt
from omni_assets.agents.deaths import MOST_DEATHS, NO_LOG, Calls, EndsItsWorker
from omni_assets.agents.effects import NO_EFFECTS, Effects
from omni_assets.agents.events import Event, NotAnEvent, from_record, source_of
from omni_assets.agents.exchange import Ended
from omni_assets.agents.handlers import Handle, Handled, RoutingFailed, Said
from omni_assets.agents.letters import Origin, sealed
from omni_assets.agents.observed import observed
from omni_assets.agents.room import Room
from omni_assets.agents.seen import Claim, Seen, command, identity
from omni_assets.agents.task_context import TaskContext
from omni_assets.agents.task_receipt import (
    FAILURES,
    NOTHING_SPENT,
    SCHEMA_NAME,
    TaskEffect,
    TaskOutcome,
    TaskReceipt,
    TaskResult,
    result_id,
    task_id,
)
from omni_assets.agents.terms import deadline, idempotency_key, requeue_of, stated
from omni_assets.agents.traces import trace_extensions, trace_of
from omni_assets.broker.worker import Outgoing, Received
from omni_assets.contracts.model import HandlerKind
from omni_assets.router.receipt import Receipt
from omni_assets.telemetry import signals


class Gate(Protocol):
    """What may come in for a node, and go out, as its contract says."""

    def accept(self, topic: str, event: Event) -> None:
        """Raises ``Hopeless`` where the event is not what the topic's contract says."""

    def publish(self, said: Said, cause: Event, event_id: str, key: bytes | None) -> Outgoing:
        """What a handler said as a record. Raises ``Hopeless`` where the node may not publish it."""


@dataclass(frozen=True, slots=True)
class Post:
    """A node at work: on which cluster, and where receipts and dead letters of its tasks go.

    Without ``dead_letters``, what cannot be done ends in its receipt alone. In a ``replay``, tasks have receipts of
    their own, which point to those of the first time.
    """

    node: str
    kind: HandlerKind
    cluster: str
    ledger: str
    dead_letters: str = ""
    environment: str = ""
    replay: str = ""


@dataclass(slots=True)
class _Course:
    """How far one record has come. ``routings`` are what the router did for it, in all attempts; of ``untold`` calls of
    the handler nobody knows what it did. ``flaw`` says why it carries no event.
    """

    received: Received
    context: TaskContext
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    event: Event | None = None
    flaw: str = ""
    receipt: TaskReceipt | None = None
    tried: Tried[tuple[Handled, tuple[Outgoing, ...]]] = field(default_factory=lambda: Tried(None, ()))
    routings: list[Receipt] = field(default_factory=list)
    untold: int = 0
    effects: dict[str, TaskEffect] = field(default_factory=dict)


class Working:
    """Works on the records of one node. ``room`` bounds how many calls of its handler run at once; ``calls`` are told
    of each, and know which may have ended the process of a worker.
    """

    def __init__(
        self,
        post: Post,
        handle: Handle,
        gate: Gate,
        seen: Seen,
        patience: Patience,
        room: Room,
        effects: Effects = NO_EFFECTS,
        approvals: Approvals = NO_APPROVALS,
        calls: Calls = NO_LOG,
    ) -> None:
        self._post = post
        self._handle = handle
        self._gate = gate
        self._seen = seen
        self._patience = patience
        self._room = room
        self._effects = effects
        self._approvals = approvals
        self._calls = calls

    async def work(self, received: Received) -> Ended:
        """Take a record to its end. Raises nothing but ``CancelledError``."""
        own = self._id(received, self._post.replay)
        course = _Course(received, TaskContext(own, self._post.node, received.place))
        try:
            course.event = from_record(received.key, received.value, received.headers)
        except NotAnEvent as flaw:
            course.flaw = str(flaw)
        with observed(course.context, course.event, self._post.replay) as tell:
            ended = await self._read(course)
            tell(course.receipt)
        return ended

    async def _read(self, course: _Course) -> Ended:
        """Take what was read to its end: an event, or none."""
        event = course.event
        if event is None:
            return self._failed(course, course.flaw)
        claim = _claim(course, event)
        earlier = self._seen.claim(claim)
        if earlier is not None:
            first, reason = earlier
            return self._ended(course, self._receipt(course, TaskOutcome.DUPLICATE, reason, duplicate_of=first))
        try:
            ended = await self._in_time(course, event)
        except asyncio.CancelledError:
            self._seen.release(claim)
            raise
        if ended.outcome in FAILURES:
            self._seen.forgive(claim)
        return ended

    def _id(self, received: Received, replay: str = "") -> str:
        topic, number, _ = received.place.partition
        offset, at_ms = received.place.offset, received.at_ms
        return task_id(self._post.cluster, self._post.node, topic, number, offset, at_ms, replay)

    async def _in_time(self, course: _Course, event: Event) -> Ended:
        try:
            due = deadline(event)
        except NotAnEvent as flaw:
            return self._failed(course, str(flaw))
        course.context = replace(course.context, deadline=due)
        left = math.inf if due is None else (due - datetime.now(UTC)).total_seconds()
        return await self._tried(course, event, left)

    async def _tried(self, course: _Course, event: Event, left: float) -> Ended:
        own = course.context
        deaths = self._calls.deaths(own.id)
        if deaths >= MOST_DEATHS:
            fatal = EndsItsWorker(deaths)
            course.tried = Tried(None, (), fatal)
            return self._failed(course, str(fatal))

        async def call() -> tuple[Handled, tuple[Outgoing, ...]]:
            self._gate.accept(course.received.place.partition.topic, event)
            meant, course.context = await self._approvals.resolve(event, own)
            if meant is not event:
                self._gate.accept(course.context.place.partition.topic, meant)
            effects = self._effects.begin(event, course.context, course.effects, course.received.place.partition)
            with effects as steps, self._calls.under_way(own.id):
                handled = await self._handled(course, meant, replace(course.context, steps=steps))
            key = course.received.key
            results = tuple(
                self._gate.publish(
                    said, event, result_id(course.context.id, number), key if said.key is None else said.key
                )
                for number, said in enumerate(self._approvals.said(handled, meant, course.context))
            )
            return handled, results

        course.tried = await attempt(call, self._patience, self._room.alone if deaths else self._room, left)
        if course.tried.late:
            return self._ended(course, self._receipt(course, TaskOutcome.FAILED, _late(course)))
        if course.tried.answer is None:
            return self._failed(course, course.tried.reason)
        handled, results = course.tried.answer
        outcome = TaskOutcome.DONE if handled.asked is None else TaskOutcome.WAITING
        return self._ended(course, self._receipt(course, outcome, "", results), *results)

    async def _handled(self, course: _Course, event: Event, context: TaskContext) -> Handled:
        """What the handler makes of an event. What the router did counts, whatever comes of that."""
        course.untold += 1
        try:
            handled = await self._handle(event, context)
        except RoutingFailed as failed:
            course.routings.append(failed.receipt)
            course.untold -= 1
            raise
        except Hopeless:  # of an event that is no task: nothing was asked
            course.untold -= 1
            raise
        course.untold -= 1
        if handled.routing is not None:
            course.routings.append(handled.routing)
        return handled

    def _failed(self, course: _Course, reason: str) -> Ended:
        outcome = TaskOutcome.DEAD_LETTERED if self._post.dead_letters else TaskOutcome.FAILED
        receipt = self._receipt(course, outcome, reason)
        letter = (self._letter(course, reason),) if self._post.dead_letters else ()
        return self._ended(course, receipt, *letter)

    def _ended(self, course: _Course, receipt: TaskReceipt, *records: Outgoing) -> Ended:
        course.receipt = receipt

        def otherwise(why: str) -> tuple[Outgoing, ...]:
            """Where the broker does not take it: a receipt that says so, and no record that could be refused again."""
            reason = f"the broker did not take what came of it: {why}"
            if course.event is not None:
                self._seen.forgive(_claim(course, course.event))
            return (self._noted(course, self._receipt(course, TaskOutcome.FAILED, reason)),)

        return Ended(course.received.place, (*records, self._noted(course, receipt)), otherwise, receipt.outcome)

    def _receipt(
        self,
        course: _Course,
        outcome: TaskOutcome,
        reason: str,
        results: tuple[Outgoing, ...] = (),
        duplicate_of: str | None = None,
    ) -> TaskReceipt:
        partition, event = course.received.place.partition, course.event
        return TaskReceipt(
            id=course.context.id,
            event_id=event.id if event else "",
            event_source=event.source if event else "",
            node=self._post.node,
            handler=self._post.kind,
            topic=partition.topic,
            partition=partition.number,
            offset=course.received.place.offset,
            key=_text(course.received.key),
            correlation_id=(event.correlation_id or event.id) if event else "",
            causation_id=event.id if event else "",
            started_at=course.started_at,
            ended_at=datetime.now(UTC),
            outcome=outcome,
            attempts=course.tried.attempts,
            reason=reason,
            results=tuple(
                TaskResult(topic=each.topic, event_id=result_id(course.context.id, number))
                for number, each in enumerate(results)
            ),
            duplicate_of=duplicate_of,
            routing=course.routings[-1] if course.routings else None,
            cost_usd=self._cost(course),
            idempotency_key=idempotency_key(event) if event else None,
            deadline=course.context.deadline,
            requeue_of=requeue_of(event, self._post.node) if event else None,
            replay=self._post.replay or None,
            replay_of=self._id(course.received) if self._post.replay else None,
            approval=noted(course.tried.answer[0] if course.tried.answer else None, course.context),
            effects=tuple(course.effects.values()),
        )

    def _cost(self, course: _Course) -> Decimal | None:
        """What models cost, in all attempts; nothing where none was asked."""
        if self._post.kind is HandlerKind.PYTHON:
            return NOTHING_SPENT
        costs = [each.cost_usd for each in course.routings]
        known = [cost for cost in costs if cost is not None]
        return sum(known, NOTHING_SPENT) if not course.untold and len(known) == len(costs) else None

    def _noted(self, course: _Course, receipt: TaskReceipt) -> Outgoing:
        """A receipt as a CloudEvent for the ledger, in the trace of its task."""
        place = signals.here().context or (trace_of(course.event) if course.event else None)
        headers = {
            "ce_specversion": "1.0",
            "ce_id": receipt.id,
            "ce_source": source_of(self._post.node),
            "ce_type": self._post.ledger,
            "ce_subject": receipt.event_id or receipt.id,
            "ce_time": receipt.ended_at.isoformat(),
            "ce_dataschema": SCHEMA_NAME,
            "ce_omnienvironment": self._post.environment,
            **{f"ce_{name}": fact for name, fact in trace_extensions(place).items()},
            "content-type": "application/json",
        }
        key = receipt.key or receipt.event_id or receipt.id
        return Outgoing(self._post.ledger, key.encode(), receipt.model_dump_json().encode(), _headers(headers))

    def _letter(self, course: _Course, reason: str) -> Outgoing:
        """The record as it came, and behind its headers what went wrong with it."""
        received, error = course.received, course.tried.error
        topic, number, _ = received.place.partition
        kind = type(error).__name__ if error else NotAnEvent.__name__
        read = course.event is not None
        origin = Origin(self._post.node, topic, number, received.place.offset, course.context.id, reason, kind, read)
        return Outgoing(self._post.dead_letters, received.key, received.value, sealed(received.headers, origin))


def _claim(course: _Course, event: Event) -> Claim:
    told = command(idempotency_key(event), _text(course.received.key))
    name = identity(event.source, event.id, requeue_of(event, course.context.node))
    return Claim(name, told, course.context.id, course.started_at)


def _late(course: _Course) -> str:
    """Why a task is not worked on any more. It is no dead letter: as it stands it would be late for ever."""
    due = stated(course.context.deadline) if course.context.deadline else ""
    if not course.tried.attempts:
        return f"it was due at {due}, before its turn came"
    return f"it was due at {due}, and was not done by then: {course.tried.reason}"


def _headers(facts: Mapping[str, str]) -> tuple[tuple[str, bytes], ...]:
    return tuple((name, fact.encode("utf-8", "backslashreplace")) for name, fact in facts.items() if fact)


def _text(key: bytes | None) -> str:
    return (key or b"").decode("utf-8", "backslashreplace")
