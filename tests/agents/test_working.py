"""One record, to everything that is written of it."""

from __future__ import annotations

import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from omni_assets.agents.attempts import Hopeless, Patience
from omni_assets.agents.events import Event, from_record, to_record
from omni_assets.agents.exchange import Ended
from omni_assets.agents.handlers import Handled, RoutingFailed, Said, python_handler
from omni_assets.agents.room import Room
from omni_assets.agents.seen import Seen
from omni_assets.agents.task_context import TaskContext
from omni_assets.agents.task_receipt import TaskReceipt, task_id
from omni_assets.agents.working import Post, Working
from omni_assets.broker.assignment import Partition, Place
from omni_assets.broker.worker import Outgoing, Received
from omni_assets.contracts.model import HandlerKind
from omni_assets.errors import HandlerUnusable
from omni_assets.router.receipt import Receipt
from tests.support.receipts import cloud, cost
from tests.support.receipts import receipt as routed

LEDGER, LETTERS, ANSWERS = "onex.evt.ledger.noted.v1", "onex.dlq.echo.dead-letter.v1", "onex.evt.echo.echoed.v1"
POST = Post("echo", HandlerKind.PYTHON, "cluster", LEDGER, LETTERS, "local")
CONTEXT = TaskContext("0" * 32, "echo", Place(Partition("onex.cmd.echo.asked.v1", 2, 1), 7))
QUICK = Patience(attempts=3, seconds=5, first_pause=0.001, longest_pause=0.001)


class Open:
    """Lets everything through."""

    def accept(self, topic: str, event: Event) -> None:
        if event.data == b"unfit":
            raise Hopeless("its data does not fit")

    def publish(self, said: Said, cause: Event, event_id: str, key: bytes | None) -> Outgoing:
        event = Event(event_id, "/echo", ANSWERS, causation_id=cause.id, data=json.dumps(said.data).encode())
        return Outgoing(ANSWERS, *to_record(event, key))


def received(event: Event | None, offset: int = 7, key: bytes | None = b"k", value: bytes | None = b"?") -> Received:
    place = Place(Partition("onex.cmd.echo.asked.v1", 2, 1), offset)
    if event is None:
        return Received(place, key, value, (("own", b"header"), ("empty", None)), 0)
    return Received(place, *to_record(event, key), 0)


def asked(data: bytes = b"1", number: int = 1) -> Event:
    return Event(f"e{number}", "/tests", "onex.cmd.echo.asked.v1", correlation_id="c", data=data)


def work(handle: Any, *records: Received, post: Post = POST, seen: Seen | None = None) -> list[Ended]:
    async def all_of_them() -> list[Ended]:
        working = Working(post, handle, Open(), Seen() if seen is None else seen, QUICK, Room(4))
        return [await working.work(each) for each in records]

    return asyncio.run(all_of_them())


def receipt_of(ended: Ended) -> TaskReceipt:
    noted = ended.records[-1]
    assert noted.topic == LEDGER
    assert dict(noted.headers)["ce_dataschema"] == b"urn:omni-assets:task-receipt:1"
    return TaskReceipt.model_validate_json(noted.value or b"")


async def echo(event: Event, _: TaskContext) -> Handled:
    return Handled((Said(json.loads(event.data)),))


def test_a_task_ends_in_its_results_and_one_receipt_that_names_them():
    (ended,) = work(echo, received(asked(b'{"a": 1}')))
    result, _ = ended.records
    answer = from_record(result.key, result.value, result.headers)
    receipt = receipt_of(ended)
    assert (result.topic, result.key, answer.data, answer.causation_id) == (ANSWERS, b"k", b'{"a": 1}', "e1")
    assert receipt.id == task_id("cluster", "echo", "onex.cmd.echo.asked.v1", 2, 7)
    assert [(each.topic, each.event_id) for each in receipt.results] == [(ANSWERS, answer.id)]
    assert (receipt.outcome, receipt.cost_usd, receipt.correlation_id, receipt.key) == ("done", 0, "c", "k")
    assert [each.reason for each in receipt.attempts] == [""]


def test_whoever_ends_a_task_again_says_the_same():
    first, second = (work(echo, received(asked()))[0] for _ in range(2))
    assert receipt_of(first).id == receipt_of(second).id
    assert dict(first.records[0].headers)["ce_id"] == dict(second.records[0].headers)["ce_id"]


def test_what_passes_is_tried_again_and_the_receipt_counts_it():
    calls = []

    async def handle(event: Event, _: TaskContext) -> Handled:
        calls.append(event)
        if len(calls) < 3:
            raise RuntimeError("not yet")
        return Handled(())

    (ended,) = work(handle, received(asked()))
    assert [each.reason for each in receipt_of(ended).attempts] == ["RuntimeError: not yet"] * 2 + [""]
    assert receipt_of(ended).outcome == "done"


@pytest.mark.parametrize(
    ("error", "calls", "reason"),
    [
        (RuntimeError("no"), 3, "RuntimeError: no"),
        (Hopeless("never"), 1, "never"),
    ],
)
def test_what_cannot_be_done_stands_in_the_dead_letters_as_it_came(error, calls, reason):
    async def handle(event: Event, _: TaskContext) -> Handled:
        raise error

    record = received(asked(b"\xff\x00"))
    (ended,) = work(handle, record)
    letter, _ = ended.records
    receipt = receipt_of(ended)
    assert (letter.topic, letter.key, letter.value) == (LETTERS, record.key, record.value)
    assert letter.headers[: len(record.headers)] == record.headers
    told = {name.removeprefix("__connect.errors."): value for name, value in letter.headers[len(record.headers) :]}
    assert (told["topic"], told["partition"], told["offset"]) == (b"onex.cmd.echo.asked.v1", b"2", b"7")
    assert told["exception.message"].decode() == receipt.reason == reason
    assert told["exception.class.name"].decode() == type(error).__name__
    assert (receipt.outcome, len(receipt.attempts)) == ("dead-lettered", calls)


@pytest.mark.parametrize("value", [b"?", None])
def test_a_record_that_is_no_event_ends_in_a_receipt_too(value):
    (ended,) = work(echo, received(None, value=value))
    letter, _ = ended.records
    assert (letter.value, dict(letter.headers)["own"], dict(letter.headers)["empty"]) == (value, b"header", None)
    assert (receipt_of(ended).event_id, receipt_of(ended).attempts) == ("", ())
    assert dict(letter.headers)["__connect.errors.stage"] == b"VALUE_CONVERTER"


def test_a_payload_that_does_not_fit_never_reaches_the_handler():
    async def handle(event: Event, _: TaskContext) -> Handled:
        raise AssertionError

    (ended,) = work(handle, received(asked(b"unfit")))
    assert receipt_of(ended).reason == "its data does not fit"
    assert len(receipt_of(ended).attempts) == 1


def test_without_a_topic_for_dead_letters_the_receipt_alone_tells():
    (ended,) = work(echo, received(None), post=Post("echo", HandlerKind.PYTHON, "cluster", LEDGER))
    assert len(ended.records) == 1
    assert receipt_of(ended).outcome == "failed"


def test_an_event_that_comes_twice_is_done_once_and_the_second_points_to_the_first():
    first, second, other = work(echo, received(asked(), 7), received(asked(), 8), received(asked(number=2), 9))
    assert receipt_of(second).outcome == "duplicate"
    assert receipt_of(second).duplicate_of == receipt_of(first).id
    assert len(second.records) == 1
    assert receipt_of(other).outcome == "done"


def command(number: int, key: str = "c", **more: str) -> Event:
    return replace(asked(number=number), extensions={"idempotencykey": key, **more})


def test_a_command_that_is_given_twice_is_carried_out_once() -> None:
    first, second, of_another_key, other = work(
        echo,
        received(command(1), 7),
        received(command(2), 8),
        received(command(3), 9, key=b"other"),
        received(command(4, "d"), 10),
    )
    assert receipt_of(second).outcome == "duplicate"
    assert receipt_of(second).duplicate_of == receipt_of(first).id
    assert receipt_of(second).reason == "a task of its idempotency key and key was worked on before"
    assert receipt_of(first).idempotency_key == receipt_of(second).idempotency_key == "c"
    assert {receipt_of(each).outcome for each in (of_another_key, other)} == {"done"}


def test_a_command_whose_task_failed_is_carried_out_when_it_is_given_anew() -> None:
    async def handle(event: Event, _: TaskContext) -> Handled:
        if event.id == "e1":
            raise Hopeless("no")
        return Handled(())

    failed, again, third = work(handle, *(received(command(number), number) for number in (1, 2, 3)))
    assert [receipt_of(each).outcome for each in (failed, again, third)] == ["dead-lettered", "done", "duplicate"]
    assert receipt_of(third).duplicate_of == receipt_of(again).id


def test_a_command_is_given_anew_where_the_broker_did_not_take_what_came_of_it() -> None:
    seen = Seen()
    (refused,) = work(echo, received(command(1), 7), seen=seen)
    refused.otherwise("too large")
    (again,) = work(echo, received(command(2), 8), seen=seen)
    assert receipt_of(again).outcome == "done"


def test_a_letter_that_is_sent_again_is_worked_on_once_and_its_receipt_points_back() -> None:
    def sent_again(letter: str) -> Event:
        return replace(asked(), extensions={"requeueof": letter})

    for_others = replace(asked(), extensions={"requeueof": "r3", "requeuefor": "auditor"})
    outcomes = work(
        echo,
        *(
            received(each, 7 + number)
            for number, each in enumerate([asked(), *map(sent_again, ("r1", "r1", "r2")), for_others])
        ),
    )
    assert [receipt_of(each).outcome for each in outcomes] == ["done", "done", "duplicate", "done", "duplicate"]
    assert [receipt_of(each).requeue_of for each in outcomes] == [None, "r1", "r1", "r2", None]
    assert receipt_of(outcomes[4]).duplicate_of == receipt_of(outcomes[0]).id
    assert receipt_of(outcomes[2]).duplicate_of == receipt_of(outcomes[1]).id


def due(text: str) -> Event:
    return replace(asked(), extensions={"expirytime": text})


def test_what_is_late_when_its_turn_comes_is_not_begun_and_is_no_dead_letter() -> None:
    async def handle(event: Event, _: TaskContext) -> Handled:
        raise AssertionError

    (ended,) = work(handle, received(due("2026-03-01T12:00:00+02:00")))
    receipt = receipt_of(ended)
    assert len(ended.records) == 1
    assert (receipt.outcome, receipt.attempts) == ("failed", ())
    assert receipt.reason == "it was due at 2026-03-01T10:00:00Z, before its turn came"
    assert receipt.deadline == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_a_handler_knows_when_its_task_is_due_and_nobody_waits_for_it_after_that() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=0.3)
    given: list[TaskContext] = []

    async def handle(event: Event, context: TaskContext) -> Handled:
        given.append(context)
        await asyncio.sleep(60)
        return Handled(())

    (ended,) = work(handle, received(due(moment.isoformat())))
    receipt = receipt_of(ended)
    assert [each.deadline for each in given] == [moment]
    assert (receipt.outcome, len(receipt.attempts)) == ("failed", 1)
    assert "and was not done by then: it did not end within" in receipt.reason


@pytest.mark.parametrize("text", ["tomorrow", "2026-03-01", "2026-03-01T12:00:00", "2026-13-01T12:00:00Z", ""])
def test_a_deadline_that_nobody_can_read_is_a_fault_of_the_event(text: str) -> None:
    (ended,) = work(echo, received(due(text)))
    assert receipt_of(ended).outcome == "dead-lettered"
    assert receipt_of(ended).reason.startswith("its attribute `expirytime` cannot be used: `")
    assert receipt_of(ended).event_id == "e1"


def test_a_letter_says_which_receipt_it_belongs_to() -> None:
    (ended,) = work(echo, received(due("tomorrow")))
    letter, _ = ended.records
    assert (dict(letter.headers)["__connect.errors.task.id"] or b"").decode() == receipt_of(ended).id


MODEL = replace(POST, kind=HandlerKind.LLM)


def routing(*costs: str | None) -> list[Receipt]:
    return [routed(number, cloud(cost=cost(each))) for number, each in enumerate(costs)]


@pytest.mark.parametrize(
    ("costs", "total"), [(("0.1", "0.02"), "0.12"), (("0.1", None), None), ((None, "0.1"), None), (("0", "0"), "0")]
)
def test_what_models_cost_is_reckoned_over_all_attempts(costs: tuple[str | None, ...], total: str | None) -> None:
    receipts = routing(*costs)

    async def handle(event: Event, _: TaskContext) -> Handled:
        receipt = left.pop(0)
        if left:
            raise RoutingFailed(receipt)
        return Handled((Said(1),), receipt)

    left = list(receipts)
    (ended,) = work(handle, received(asked()), post=MODEL)
    assert receipt_of(ended).cost_usd == (None if total is None else Decimal(total))
    assert receipt_of(ended).routing == receipts[-1]
    assert [each.reason for each in receipt_of(ended).attempts] == [str(RoutingFailed(receipts[0])), ""]


def test_what_a_call_cost_that_was_cut_off_is_not_known() -> None:
    async def handle(event: Event, _: TaskContext) -> Handled:
        await asyncio.sleep(60)
        return Handled(())

    moment = datetime.now(UTC) + timedelta(seconds=0.2)
    (ended,) = work(handle, received(due(moment.isoformat())), post=MODEL)
    assert (receipt_of(ended).cost_usd, receipt_of(ended).routing) == (None, None)


def test_what_is_no_event_or_does_not_fit_asks_no_model() -> None:
    for record in (received(None), received(asked(b"unfit"))):
        (ended,) = work(echo, record, post=MODEL)
        assert receipt_of(ended).cost_usd == 0


def test_work_that_was_cancelled_is_no_first_of_a_duplicate():
    seen = Seen()

    async def slow(event: Event, _: TaskContext) -> Handled:
        await asyncio.sleep(60)
        return Handled(())

    async def cancelled() -> None:
        working = Working(POST, slow, Open(), seen, QUICK, Room(1))
        task = asyncio.create_task(working.work(received(asked(), 7)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert len(seen) == 1
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(cancelled())
    (ended,) = work(echo, received(asked(), 8), seen=seen)
    assert receipt_of(ended).outcome == "done"


def test_what_the_broker_never_takes_ends_in_a_receipt():
    (ended,) = work(echo, received(asked()))
    (noted,) = ended.otherwise("larger than the topic takes")
    receipt = TaskReceipt.model_validate_json(noted.value or b"")
    assert (receipt.outcome, receipt.results) == ("failed", ())
    assert "larger than the topic takes" in receipt.reason


def test_a_python_handler_is_found_by_its_name_and_runs_in_a_thread():
    with ThreadPoolExecutor(1) as threads:
        handle = python_handler("tests.agents.test_working:give_back", threads)
        handled = asyncio.run(_called(handle, asked(b"[1, 2]")))
    assert handled == Handled((Said([1, 2]),))


def test_a_function_that_takes_two_arguments_is_given_the_context_of_its_task():
    with ThreadPoolExecutor(1) as threads:
        handle = python_handler("tests.agents.test_working:tell_where", threads)
        handled = asyncio.run(_called(handle, asked()))
    assert handled == Handled((Said(7),))


def test_a_function_that_takes_no_event_is_no_handler():
    with ThreadPoolExecutor(1) as threads, pytest.raises(HandlerUnusable, match="cannot be called with an event"):
        python_handler("tests.agents.test_working:nothing", threads)


class _Mute(Exception):
    def __str__(self) -> str:
        raise ValueError


_LEAVES = {
    "SystemExit: 3": SystemExit(3),
    "KeyboardInterrupt": KeyboardInterrupt(),
    "CancelledError": asyncio.CancelledError(),
    "StopIteration: 7": StopIteration(7),
    "_Mute": _Mute(),
}


def leave(event: Event) -> None:
    raise _LEAVES[event.data.decode()]


async def leave_later(event: Event) -> None:
    await asyncio.sleep(0)
    raise _LEAVES[event.data.decode()]


@pytest.mark.parametrize("words", [*_LEAVES, "GeneratorExit"])
def test_a_function_that_leaves_ends_its_own_call_and_nothing_else(monkeypatch, words):
    monkeypatch.setitem(_LEAVES, "GeneratorExit", GeneratorExit())
    with ThreadPoolExecutor(1) as threads:
        (ended,) = work(python_handler("tests.agents.test_working:leave", threads), received(asked(words.encode())))
    receipt = receipt_of(ended)
    assert (receipt.outcome, receipt.reason) == ("dead-lettered", words)
    assert len(receipt.attempts) == 3


@pytest.mark.parametrize("words", ["SystemExit: 3", "KeyboardInterrupt", "CancelledError", "_Mute"])
def test_an_asynchronous_function_that_leaves_ends_its_own_call_and_nothing_else(words):
    with ThreadPoolExecutor(1) as threads:
        handle = python_handler("tests.agents.test_working:leave_later", threads)
    (ended,) = work(handle, received(asked(words.encode())))
    assert (receipt_of(ended).outcome, receipt_of(ended).reason) == ("dead-lettered", words)


def test_a_function_without_a_signature_is_no_handler():
    with ThreadPoolExecutor(1) as threads, pytest.raises(HandlerUnusable, match="cannot be called with an event"):
        python_handler("builtins:dict", threads)


def test_a_function_is_found_in_the_working_folder_behind_what_is_installed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    for name in ("nodes_of_a_test", "json"):
        (tmp_path / f"{name}.py").write_text("def work(event):\n    return 1\n")
    with ThreadPoolExecutor(1) as threads:
        assert asyncio.run(_called(python_handler("nodes_of_a_test:work", threads), asked())) == Handled((Said(1),))
        with pytest.raises(HandlerUnusable, match="`json` has no function"):
            python_handler("json:work", threads)


def test_a_module_that_exits_is_no_handler(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*sys.path])
    (tmp_path / "leaving_at_once.py").write_text("import sys\nsys.exit(5)\n")
    with ThreadPoolExecutor(1) as threads, pytest.raises(HandlerUnusable, match="SystemExit: 5"):
        python_handler("leaving_at_once:work", threads)


def test_a_record_in_the_place_of_another_one_of_a_topic_that_was_made_anew_is_another_task():
    first, again, anew = (work(echo, received(asked())._replace(at_ms=at_ms))[0] for at_ms in (1_000, 1_000, 2_000))
    assert receipt_of(first).id == receipt_of(again).id != receipt_of(anew).id
    said = [dict(each.records[0].headers)["ce_id"] for each in (first, again, anew)]
    assert said[0] == said[1] != said[2]


def test_a_replay_has_receipts_of_its_own_that_point_to_the_first_ones():
    (before,), (again,) = work(echo, received(asked())), work(echo, received(asked()), post=replace(POST, replay="r1"))
    assert receipt_of(again).id != receipt_of(before).id
    assert (receipt_of(again).replay, receipt_of(again).replay_of) == ("r1", receipt_of(before).id)
    assert receipt_of(again).results[0].event_id != receipt_of(before).results[0].event_id


async def _called(handle: Any, event: Event) -> Handled:
    return await handle(event, CONTEXT)


def give_back(event: Event) -> Any:
    return json.loads(event.data)


def tell_where(_: Event, context: TaskContext) -> int:
    return context.place.offset


def nothing() -> None:
    return
