"""Questions to a person, and answers: bound to exactly what was shown, and to the event that it is about."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.approvals import Approvals, Question, Reply, read_question, reply_event
from omni_assets.agents.attempts import Hopeless, Patience
from omni_assets.agents.effects import NO_EFFECTS, Effects, Sink
from omni_assets.agents.events import Event, Record, from_record, to_record
from omni_assets.agents.exchange import Ended
from omni_assets.agents.handlers import Handle, Handled, Said
from omni_assets.agents.room import Room
from omni_assets.agents.seen import Seen
from omni_assets.agents.task_context import MOST_SHOWN, Ask, TaskContext
from omni_assets.agents.task_receipt import Answer, TaskReceipt
from omni_assets.agents.terms import stated
from omni_assets.agents.working import Post, Working
from omni_assets.broker.assignment import Partition, Place
from omni_assets.broker.worker import Outgoing, Received
from omni_assets.contracts.model import HandlerKind

TESTED, REVIEWED = "onex.evt.tester.passed.v1", "onex.evt.reviewer.reviewed.v1"
REQUESTS, ANSWERS = "onex.evt.reviewer.approval-requested.v1", "onex.cmd.reviewer.answer-approval.v1"
LEDGER, LETTERS = "onex.evt.ledger.noted.v1", "onex.dlq.reviewer.dead-letter.v1"
POST = Post("reviewer", HandlerKind.PYTHON, "cluster", LEDGER, LETTERS)
QUICK = Patience(attempts=1, seconds=5)
DIFF = {"files": ["b.py", "a.py"], "lines": 3}
SHOWN = 'Is this good?\n\n{\n  "files": [\n    "b.py",\n    "a.py"\n  ],\n  "lines": 3\n}'
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Open:
    """Lets everything through but what says that it is unfit."""

    def accept(self, topic: str, event: Event) -> None:
        if b"unfit" in event.data:
            raise Hopeless(f"its data is not what `{topic}` holds")

    def publish(self, said: Said, cause: Event, event_id: str, key: bytes | None) -> Outgoing:
        event = Event(
            event_id,
            "/omni-assets/reviewer",
            said.topic,
            cause.subject,
            NOW,
            cause.correlation_id or cause.id,
            cause.id,
            json.dumps(said.data).encode(),
        )
        return Outgoing(said.topic, *to_record(event, key))


class Desk:
    """The topic of requests, and what comes of records."""

    def __init__(self, handle: Handle, effects: Effects = NO_EFFECTS) -> None:
        self.requests: list[Record] = []
        self.seen = Seen()
        self._offset = 0
        self._handle = handle
        self._effects = effects

    async def read(self, partition: int, offset: int) -> Record | None:
        return self.requests[offset] if partition == 0 and offset < len(self.requests) else None

    def work(self, topic: str, event: Event, approvals: Approvals | None = None) -> Ended:
        place = Place(Partition(topic, 1, 1), self._offset)
        self._offset += 1
        received = Received(place, *to_record(event, b"k"), 0)

        async def to_its_end() -> Ended:
            asking = approvals or Approvals("reviewer", REQUESTS, ANSWERS, self.read)
            room = Room(1)
            working = Working(POST, self._handle, Open(), self.seen, QUICK, room, self._effects, asking)
            return await working.work(received)

        ended = asyncio.run(to_its_end())
        self.requests += [Record(*each[1:]) for each in ended.records if each.topic == REQUESTS]
        return ended

    def answered(self, given: Answer = Answer.APPROVED, **changes: Any) -> Event:
        """The event of an answer to the latest request, some of it changed."""
        record = self.requests[-1]
        question, asked = read_question(record, REQUESTS), from_record(*record)
        reply = Reply(
            request=question.task,
            content_sha256=question.content_sha256,
            answer=given,
            by="Ada",
            reason="as it should be",
            partition=0,
            offset=len(self.requests) - 1,
        )
        return reply_event(question, asked, ANSWERS, reply.model_copy(update=changes), NOW)


def passed(data: bytes = b'{"branch": "a"}', **fields: Any) -> Event:
    stated = {"subject": "branch-a", "correlation_id": "beginning", "extensions": {"priority": "high"}, **fields}
    return Event("e1", "/tests", TESTED, data=data, **stated)


def receipt_of(ended: Ended) -> TaskReceipt:
    return TaskReceipt.model_validate_json(ended.records[-1].value or b"")


def review(content: Any = DIFF) -> Handle:
    """Asks whether that is good, and says what it was told."""

    async def handle(event: Event, context: TaskContext) -> Handled:
        try:
            answer = context.ask(content, "Is this good?")
        except Ask as asked:
            return Handled((), asked=asked)
        told = {"event": event.id, "data": event.data.decode(), "answer": answer.answer, "by": answer.by}
        return Handled((Said({**told, "reason": answer.reason, "place": context.place.offset}, REVIEWED),))

    return handle


def test_a_question_is_an_event_with_everything_that_its_answer_needs() -> None:
    desk = Desk(review())
    ended = desk.work(TESTED, passed())
    request, _ = ended.records
    event = from_record(request.key, request.value, request.headers)
    question, receipt = read_question(desk.requests[0], REQUESTS), receipt_of(ended)
    assert (request.topic, request.key, event.correlation_id, event.causation_id) == (REQUESTS, b"k", "beginning", "e1")
    assert (question.task, question.node, question.title, question.content) == (
        receipt.id,
        "reviewer",
        "Is this good?",
        DIFF,
    )
    assert question.content_sha256 == sha256(SHOWN.encode()).hexdigest()
    assert question.ask.shown == SHOWN
    assert (question.topic, question.partition, question.offset) == (TESTED, 1, 0)
    assert (receipt.outcome, receipt.reason, len(receipt.attempts)) == ("waiting", "", 1)
    assert receipt.approval is not None
    assert (receipt.approval.id, receipt.approval.content_sha256) == (receipt.id, question.content_sha256)
    assert (receipt.approval.answer, receipt.approval.by) == (None, "")
    assert [each.topic for each in receipt.results] == [REQUESTS]


@pytest.mark.parametrize("given", list(Answer))
def test_an_answer_calls_the_handler_again_with_the_same_event(given: Answer) -> None:
    desk = Desk(review())
    waiting = receipt_of(desk.work(TESTED, passed()))
    ended = desk.work(ANSWERS, desk.answered(given))
    result, _ = ended.records
    event, receipt = from_record(result.key, result.value, result.headers), receipt_of(ended)
    assert json.loads(event.data) == {
        "event": "e1",
        "data": '{"branch": "a"}',
        "answer": given,
        "by": "Ada",
        "reason": "as it should be",
        "place": 0,
    }
    assert (event.correlation_id, event.subject, result.key) == ("beginning", "branch-a", b"k")
    assert (receipt.outcome, receipt.topic, receipt.offset) == ("done", ANSWERS, 1)
    assert receipt.id != waiting.id
    assert receipt.approval is not None
    assert (receipt.approval.id, receipt.approval.answer, receipt.approval.by) == (waiting.id, given, "Ada")


def test_one_beginning_runs_through_question_answer_and_result() -> None:
    desk = Desk(review())
    desk.work(TESTED, passed())
    asked, answer = from_record(*desk.requests[0]), desk.answered()
    result = desk.work(ANSWERS, answer).records[0]
    said = from_record(result.key, result.value, result.headers)
    assert [asked.causation_id, answer.causation_id, said.causation_id] == ["e1", asked.id, answer.id]
    assert {each.correlation_id for each in (asked, answer, said)} == {"beginning"}


def test_an_answer_behind_the_deadline_of_what_it_is_about_comes_too_late() -> None:
    desk = Desk(review())
    due = datetime.now(UTC) + timedelta(hours=1)
    desk.work(TESTED, passed(extensions={"expirytime": stated(due)}))
    answer = desk.answered()
    assert answer.extensions == {"expirytime": stated(due)}
    late = replace(answer, extensions={"expirytime": "2026-01-01T00:00:00Z"})
    receipt = receipt_of(desk.work(ANSWERS, late))
    assert (receipt.outcome, receipt.reason) == ("failed", "it was due at 2026-01-01T00:00:00Z, before its turn came")


def test_a_second_answer_is_a_duplicate_of_the_first_whatever_it_says() -> None:
    desk = Desk(review())
    desk.work(TESTED, passed())
    first = desk.work(ANSWERS, desk.answered(Answer.APPROVED))
    second = desk.work(ANSWERS, desk.answered(Answer.REJECTED, by="Bob"))
    assert (receipt_of(second).outcome, receipt_of(second).duplicate_of) == ("duplicate", receipt_of(first).id)


def test_an_answer_to_something_else_than_was_asked_is_refused_and_keeps_no_right_one_out() -> None:
    desk = Desk(review())
    desk.work(TESTED, passed())
    other = sha256(b"something else").hexdigest()
    refused = desk.work(ANSWERS, replace(desk.answered(content_sha256=other), id="forged"))
    receipt = receipt_of(refused)
    assert (receipt.outcome, receipt.approval) == ("dead-lettered", None)
    assert receipt.reason.startswith(f"it answers something else than was asked: {other[:12]} was shown")
    assert receipt_of(desk.work(ANSWERS, desk.answered())).outcome == "done"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"offset": 9}, f"there is no question in {REQUESTS}/0/9"),
        ({"partition": 3}, f"there is no question in {REQUESTS}/3/0"),
        ({"request": "0" * 32}, f"it answers the question {'0' * 32}, and {REQUESTS}/0/0 holds another one"),
    ],
)
def test_an_answer_to_no_question_says_so(changes: dict[str, Any], why: str) -> None:
    desk = Desk(review())
    desk.work(TESTED, passed())
    receipt = receipt_of(desk.work(ANSWERS, desk.answered(**changes)))
    assert (receipt.outcome, receipt.reason) == ("dead-lettered", why)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'"yes"', b"[" * 3000, b'{"request": "x"}'])
def test_what_is_no_answer_says_so(data: bytes) -> None:
    receipt = receipt_of(Desk(review()).work(ANSWERS, Event("a", "/tests", ANSWERS, data=data)))
    assert receipt.outcome == "dead-lettered"
    assert receipt.reason.startswith("its data is no answer: ")


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("content", {"files": []}, "does not hold what its digest says"),
        ("content", "\ud800", "its question to a person is no text that can be shown"),
        ("title", "Is this bad?", "does not hold what its digest says"),
        ("node", "merger", "is not one of `merger`"),
        ("event", {"id": "e1"}, "does not hold the event that it is about: it has no header `ce_source`"),
        ("event", {"id": "e1", "data_base64": "#"}, "does not hold the event that it is about: "),
    ],
)
def test_a_question_that_was_meddled_with_is_answered_by_nothing(field: str, value: Any, why: str) -> None:
    desk = Desk(review())
    desk.work(TESTED, passed())
    answer = desk.answered()
    key, written, headers = desk.requests[0]
    desk.requests[0] = Record(key, json.dumps({**json.loads(written), field: value}).encode(), headers)
    receipt = receipt_of(desk.work(ANSWERS, answer))
    assert receipt.outcome == "dead-lettered"
    assert why in receipt.reason


def test_the_event_of_a_question_has_to_fit_its_topic_still() -> None:
    desk = Desk(review())
    desk.work(TESTED, passed())
    answer = desk.answered()
    key, written, headers = desk.requests[0]
    question = json.loads(written)
    question["event"]["data_base64"] = "dW5maXQ="  # unfit
    desk.requests[0] = Record(key, json.dumps(question).encode(), headers)
    assert receipt_of(desk.work(ANSWERS, answer)).reason == f"its data is not what `{TESTED}` holds"


def test_what_would_be_asked_now_has_to_be_what_was_answered() -> None:
    """The branch moved on while the person looked at it: the handler asks anew."""
    contents: list[Any] = [DIFF, {"files": ["c.py"]}, {"files": ["c.py"]}]

    async def handle(event: Event, context: TaskContext) -> Handled:
        return await review(contents.pop(0))(event, context)

    desk = Desk(handle)
    desk.work(TESTED, passed())
    again = desk.work(ANSWERS, desk.answered())
    assert receipt_of(again).outcome == "waiting"
    assert receipt_of(again).approval is not None
    second = read_question(desk.requests[1], REQUESTS)
    assert (second.content, second.topic, second.offset) == ({"files": ["c.py"]}, TESTED, 0)
    assert json.loads(desk.work(ANSWERS, desk.answered()).records[0].value or b"")["event"] == "e1"


def test_effects_before_a_question_are_not_repeated_behind_its_answer() -> None:
    marks: list[str] = []
    intents: list[Outgoing] = []

    async def handle(event: Event, context: TaskContext) -> Handled:
        async def mark() -> Any:
            marks.append(event.id)
            return {}

        async def find() -> Any:
            return {} if event.id in marks else None

        await context.effect_async("mark", mark, find)
        return await review()(event, context)

    desk = Desk(handle, Effects(("mark",), Sink("onex.intent.reviewer.mark.v1", Open().publish, intents.append)))
    first = receipt_of(desk.work(TESTED, passed()))
    second = receipt_of(desk.work(ANSWERS, desk.answered()))
    assert (marks, len(intents)) == (["e1"], 1)
    assert [each.outcome for each in (*first.effects, *second.effects)] == ["done", "found"]
    assert second.outcome == "done"


def test_a_node_whose_contract_names_no_topics_for_it_asks_nobody() -> None:
    receipt = receipt_of(Desk(review()).work(TESTED, passed(), Approvals("reviewer")))
    assert receipt.reason == "it asks a person, and the contract of `reviewer` has no `handler.approvals`"
    assert receipt.outcome == "dead-lettered"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Ask("x" * MOST_SHOWN, "t"), "its question to a person has 200,003 bytes, and 200,000 may be shown"),
        (lambda: Ask("\ud800", "t"), "its question to a person is no text that can be shown: surrogates not allowed"),
        (lambda: Ask({"a": "\ud800"}, "t"), "its question to a person is no text that can be shown: "),
        (lambda: Ask({1, 2}, "t"), "what it asks a person is no JSON: "),
        (lambda: Ask(float("nan"), "t"), "what it asks a person is no JSON: "),
    ],
)
def test_what_nobody_could_be_shown_is_not_asked(make: Callable[[], Ask], why: str) -> None:
    with pytest.raises(Hopeless) as refused:
        make()
    assert str(refused.value).startswith(why)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.text(max_size=20), st.binary(max_size=40), st.sampled_from([None, "application/json", "text/plain"]))
def test_whatever_is_asked_about_whatever_comes_back_as_it_was(
    content: Any, title: str, data: bytes, kind: str | None
) -> None:
    about: list[Event] = []

    async def handle(event: Event, context: TaskContext) -> Handled:
        about.append(event)
        return Handled((), asked=Ask(content, title)) if context.approval is None else Handled(())

    if b"unfit" in data:
        return
    desk = Desk(handle)
    event = passed(data, content_type=kind)
    desk.work(TESTED, event)
    question = read_question(desk.requests[0], REQUESTS)
    assert isinstance(question, Question)
    assert (question.content, question.title) == (content, title)
    assert receipt_of(desk.work(ANSWERS, desk.answered())).outcome == "done"
    assert about == [event, event]
