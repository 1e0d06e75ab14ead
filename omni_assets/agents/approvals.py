"""Questions to a person: what a handler asks is an event, and so is the answer, bound to exactly what was shown.

Nothing is kept in memory: the question carries the event that it is about, and the answer says where the question is.
Whoever may write to the topic of answers may answer.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.events import Event, NotAnEvent, Record, from_record, to_record
from omni_assets.agents.handlers import Handled, Said
from omni_assets.agents.task_context import Approval, Ask, TaskContext
from omni_assets.agents.task_receipt import Answer, TaskApproval, result_id
from omni_assets.agents.terms import EXPIRY
from omni_assets.agents.traces import trace_extensions, trace_of
from omni_assets.broker.assignment import Partition, Place
from omni_assets.contracts.text import visible
from omni_assets.router.values import Count, Strict

SOURCE = "/omni-assets/task-approval"
"""The source of answers: two answers to one question are the same event, and the second one a duplicate."""

_PREFIX, _TYPE, _TYPE_HEADER = "ce_", "datacontenttype", "content-type"
_Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Form = TypeVar("_Form", bound=BaseModel)

ReadRecord = Callable[[int, int], Awaitable[Record | None]]
"""The record of a topic at a partition and offset; ``None`` where there is none. Raises ``BrokerError``."""


class Question(Strict):
    """What an event of the topic of requests holds. ``task`` is the receipt of the task that waits, and the id that
    people type; ``event`` is what the question is about, as CloudEvents have it in JSON, and stands in ``topic``.
    """

    task: _Id
    node: str
    title: str
    content: Any
    content_sha256: _Digest
    topic: str
    partition: Count
    offset: Count
    event: Mapping[str, str]

    @property
    def ask(self) -> Ask:
        """What a person is shown. Raises ``Hopeless`` where that is too much, or not what its digest says."""
        ask = Ask(self.content, self.title)
        if ask.sha256 != self.content_sha256:
            raise Hopeless(f"the question {self.task} does not hold what its digest says")
        return ask


class Reply(Strict):
    """What an event of the topic of answers holds: it is good for the question at ``partition`` and ``offset`` of the
    topic of requests alone, and for that digest.
    """

    request: _Id
    content_sha256: _Digest
    answer: Answer
    by: Annotated[str, Field(min_length=1, max_length=200)]
    reason: Annotated[str, Field(max_length=2_000)] = ""
    partition: Count
    offset: Count


@dataclass(frozen=True, slots=True)
class Approvals:
    """The questions of one node: where they go, where answers come from, and how a question is read again.

    Without ``requests`` it may ask nothing.
    """

    node: str = ""
    requests: str = ""
    answers: str = ""
    read: ReadRecord | None = None

    async def resolve(self, event: Event, context: TaskContext) -> tuple[Event, TaskContext]:
        """What a handler is to work on: the event as it came, or where it answers a question, what that is about.

        Raises ``Hopeless`` for what answers no question of this node, or another one than it was.
        """
        if self.read is None or context.place.partition.topic != self.answers:
            return event, context
        reply = read_reply(event)
        where = f"{self.requests}/{reply.partition}/{reply.offset}"
        record = await self.read(reply.partition, reply.offset)
        if record is None:
            raise Hopeless(f"there is no question in {where}")
        question = read_question(record, self.requests)
        if question.node != self.node:
            raise Hopeless(f"it answers a question of `{visible(question.node[:60])}`, and this is `{self.node}`")
        if question.task != reply.request:
            raise Hopeless(f"it answers the question {reply.request}, and {where} holds another one")
        ask = question.ask
        if ask.sha256 != reply.content_sha256:
            raise Hopeless(
                f"it answers something else than was asked: {reply.content_sha256[:12]} was shown, and the question "
                f"{reply.request} is {ask.sha256[:12]}"
            )
        given = Approval(reply.request, ask.sha256, reply.answer, reply.by, reply.reason, question.content)
        place = Place(Partition(question.topic, question.partition), question.offset)
        return _to_event(question.event), replace(context, place=place, approval=given)

    def said(self, handled: Handled, event: Event, context: TaskContext) -> tuple[Said, ...]:
        """What is to be published: what a handler said, or its question about ``event``. Raises ``Hopeless`` where the
        node's contract does not say where questions go.
        """
        ask = handled.asked
        if ask is None:
            return handled.said
        if not self.requests:
            raise Hopeless(f"it asks a person, and the contract of `{context.node}` has no `handler.approvals`")
        topic, partition, _ = context.place.partition
        question = {
            "task": context.id,
            "node": context.node,
            "title": ask.title,
            "content": ask.content,
            "content_sha256": ask.sha256,
            "topic": topic,
            "partition": partition,
            "offset": context.place.offset,
            "event": _from_event(event),
        }
        return (Said(question, self.requests),)


NO_APPROVALS = Approvals()
"""Those of a node whose contract names no topics for them."""


def noted(handled: Handled | None, context: TaskContext) -> TaskApproval | None:
    """What a receipt says of it: the question that a handler asks, else the answer that it was given."""
    if handled is not None and handled.asked is not None:
        return TaskApproval(id=context.id, content_sha256=handled.asked.sha256)
    given = context.approval
    if given is None:
        return None
    return TaskApproval(id=given.id, content_sha256=given.content_sha256, answer=given.answer, by=given.by)


def read_question(record: Record, topic: str) -> Question:
    """The question that a record of the topic of requests holds. Raises ``Hopeless`` where it holds none."""
    try:
        event = from_record(*record)
    except NotAnEvent as flaw:
        raise Hopeless(f"what it answers is no question: {flaw}") from None
    question = _read(Question, event.data, "question")
    if (event.source, event.type) != (f"/omni-assets/{question.node}", topic):
        raise Hopeless(f"the question {question.task} is not one of `{question.node}`")
    return question


def read_reply(event: Event) -> Reply:
    """The answer that an event holds. Raises ``Hopeless`` where it holds none."""
    return _read(Reply, event.data, "answer")


def reply_event(question: Question, asked: Event, answers: str, reply: Reply, at: datetime) -> Event:
    """The event of an answer: it follows from the question, belongs to what that one belongs to, and is of no use any
    more when the event is that the question is about.
    """
    return Event(
        id=result_id(question.task, int(question.content_sha256[:8], 16)),
        source=SOURCE,
        type=answers,
        subject=asked.subject,
        time=at,
        correlation_id=asked.correlation_id or asked.id,
        causation_id=asked.id,
        data=reply.model_dump_json().encode(),
        extensions={
            **({EXPIRY: question.event[EXPIRY]} if EXPIRY in question.event else {}),
            **trace_extensions(trace_of(asked)),
        },
    )


def _read(form: type[_Form], data: bytes, what: str) -> _Form:
    try:
        return form.model_validate(json.loads(data), extra="ignore")
    except ValidationError as flaw:
        first = flaw.errors(include_url=False, include_input=False)[0]
        path = ".".join(map(str, first["loc"])) or "it"
        raise Hopeless(f"its data is no {what}: `{path}`: {first['msg'].lower()}") from None
    except (ValueError, RecursionError) as flaw:
        raise Hopeless(f"its data is no {what}: it is no JSON: {flaw}") from None


def _from_event(event: Event) -> dict[str, str]:
    """An event in the JSON format of CloudEvents 1.0, its data in base 64, so that they stay what they are."""
    record = to_record(event, None)
    stated = {name.removeprefix(_PREFIX): value.decode() for name, value in record.headers}
    kind = stated.pop(_TYPE_HEADER, None)
    return {**stated, **({} if kind is None else {_TYPE: kind}), "data_base64": b64encode(record.value).decode()}


def _to_event(stated: Mapping[str, str]) -> Event:
    attributes = dict(stated)
    try:
        data = b64decode(attributes.pop("data_base64", ""), validate=True)
        kind = attributes.pop(_TYPE, None)
        headers = [(f"{_PREFIX}{name}", value.encode()) for name, value in attributes.items()]
        return from_record(None, data, headers if kind is None else [*headers, (_TYPE_HEADER, kind.encode())])
    except (NotAnEvent, ValueError) as flaw:
        raise Hopeless(f"the question does not hold the event that it is about: {flaw}") from None
