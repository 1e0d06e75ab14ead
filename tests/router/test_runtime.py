from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import socket
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omni_assets.router import runtime as runtime_module
from omni_assets.router.calling.client import Client
from omni_assets.router.calling.failures import Kind
from omni_assets.router.calling.health import Patience
from omni_assets.router.calling.switchboard import Persistence
from omni_assets.router.learning.learned import Learned
from omni_assets.router.money.budget import BUDGET_FILE, Budget, Spent
from omni_assets.router.receipt import Attempt, Outcome, PriceSource, Receipt
from omni_assets.router.runtime import Done
from omni_assets.router.task import Task
from omni_assets.router.values import Location
from omni_assets.settings import BudgetSettings
from tests.support.model_endpoint import (
    Behaviour,
    ModelEndpoint,
    answers,
    drips,
    fails,
    floods,
    hangs,
    quotes_headers,
    replies,
    resets,
    sends,
    slowly,
)
from tests.support.routing import KEY, KEY_ENV, SORTING, Routing, task

ONE, TWO, WRONG = '{"label": "one"}', '{"label": "two"}', "It is one, I think."
MOST = Decimal("0.000782000")
"""What a call of the large model for ``task()`` can cost at most."""

TROUBLE: dict[str, Behaviour] = {
    "reset": resets,
    "closed": sends(b""),
    "cut off": sends(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
    "rubbish": sends(b"\x00\x1b[31mrubbish\xff" * 2000),
    "html": replies(200, b"<html>\x1b]0;owned\x07</html>", {"Content-Type": "text/html"}),
    "empty": replies(200, b""),
    "10 MB": floods(10 * 1024 * 1024),
    "429": fails(429, "slow down", {"Retry-After": "0"}),
    "500": fails(500, "\x1b[2Joops"),
    "502": replies(502, b"<html>"),
    "401": fails(401, f"Incorrect API key provided: {KEY}"),
    "null": answers(None),
    "no choices": replies(200, {"choices": []}),
    "control characters": answers("\x1b[2J\x1b]0;owned\x07\x00\u202e"),
    "redirect": replies(307, b"", {"Location": f"http://127.0.0.1:9/{KEY}"}),
}


@pytest.fixture
def small() -> Iterator[ModelEndpoint]:
    with ModelEndpoint(otherwise=answers(ONE)) as endpoint:
        yield endpoint


@pytest.fixture
def large() -> Iterator[ModelEndpoint]:
    with ModelEndpoint(otherwise=answers(TWO)) as endpoint:
        yield endpoint


@pytest.fixture
def routing(small: ModelEndpoint, large: ModelEndpoint, tmp_path: Path) -> Routing:
    return Routing(small.base_url, large.base_url, tmp_path)


def run(routing: Routing, *tasks: Task) -> list[Done]:
    """What becomes of tasks, one after the other."""

    async def each() -> list[Done]:
        async with routing.opened() as router:
            return [await router.run(each) for each in tasks or (task(),)]

    done = asyncio.run(asyncio.wait_for(each(), 60))
    assert routing.done[-len(done) :] == done
    for one in done:
        assert Receipt.model_validate_json(one.receipt.model_dump_json()) == one.receipt
    return done


def receipt(routing: Routing, *tasks: Task) -> Receipt:
    return run(routing, *tasks)[-1].receipt


def spent(routing: Routing) -> Spent:
    budget = routing.budget()
    try:
        return budget.spent()
    finally:
        budget.close()


def kinds(attempts: tuple[Attempt, ...]) -> list[tuple[str, str]]:
    return [(each.model, each.failure.kind if each.failure else each.outcome.value) for each in attempts]


def test_the_cheapest_model_that_can_answers(routing: Routing, large: ModelEndpoint) -> None:
    (done,) = run(routing)
    assert done.text == ONE
    told = done.receipt
    assert (told.outcome, told.model, told.failure) == (Outcome.ACCEPTED, "small", None)
    assert told.task_key == told.task_id == "task-0"
    assert told.classified.by == "stated"
    assert told.cost_usd == 0
    assert told.baseline is not None
    assert told.saved_usd == told.baseline.cost.usd
    assert told.saved_usd is not None
    assert told.saved_usd > 0
    (attempt,) = told.attempts
    assert (attempt.location, attempt.served_name) == (Location.LOCAL, "small")
    assert attempt.cost.source is PriceSource.OWN_HARDWARE
    assert attempt.usage is not None
    assert attempt.usage.reported
    assert [check.gate for check in attempt.checks] == ["not-empty", "valid-json"]
    assert told.started_at <= attempt.started_at <= told.ended_at
    assert large.chats == []
    assert told.findings == ()


def test_an_output_that_a_gate_bars_escalates(routing: Routing, small: ModelEndpoint) -> None:
    small.otherwise = answers(WRONG)
    (done,) = run(routing)
    assert done.text == TWO
    told = done.receipt
    assert kinds(told.attempts) == [("small", "rejected"), ("large", "accepted")]
    assert told.model == "large"
    assert told.cost_usd == told.attempts[1].cost.usd
    assert told.saved_usd == 0
    assert told.attempts[1].reserved_usd == MOST
    assert spent(routing) == Spent(told.cost_usd or Decimal(0), Decimal(0))
    assert told.budget_day == told.started_at.date().isoformat()


def test_what_was_wrapped_is_unwrapped_and_told(routing: Routing, small: ModelEndpoint) -> None:
    small.otherwise = answers(f"```json\n{ONE}\n```")
    (done,) = run(routing)
    assert done.text == ONE
    assert done.receipt.attempts[0].normalised


def test_what_no_model_can_do_fails_with_its_chain_of_reasons_and_saves_nothing(
    routing: Routing, small: ModelEndpoint, large: ModelEndpoint
) -> None:
    small.otherwise, large.otherwise = answers(WRONG), fails(400, "no")
    (done,) = run(routing)
    assert done.text is None
    told = done.receipt
    assert told.outcome is Outcome.FAILED
    assert told.model is told.saved_usd is told.baseline is None
    assert told.cost_usd == 0
    assert "small: barred by the gate valid-json" in (told.failure or "")
    assert "large: refused, HTTP 400: no" in (told.failure or "")


@pytest.mark.parametrize("trouble", TROUBLE)
def test_whatever_endpoints_do_there_is_a_receipt_with_the_reason_and_no_key(
    routing: Routing, small: ModelEndpoint, large: ModelEndpoint, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    routing.store_text = True
    small.otherwise = large.otherwise = TROUBLE[trouble]
    told = receipt(routing)
    assert told.outcome is Outcome.FAILED
    assert {attempt.model for attempt in told.attempts} == {"small", "large"}
    assert len(routing.done) == 1
    for attempt in told.attempts:
        assert attempt.outcome in {Outcome.FAILED, Outcome.REJECTED}
        assert (attempt.failure is None) == (attempt.output_text is not None)
    for line in (told.failure or "", told.decision, *told.findings, *(str(each.failure) for each in told.attempts)):
        assert line.isprintable()
    for shown in (told.model_dump_json(), repr(routing.done), caplog.text):
        assert KEY not in shown
    assert spent(routing).reserved == 0


def test_a_hang_ends_at_the_deadline_and_its_cost_is_not_known(
    routing: Routing, small: ModelEndpoint, large: ModelEndpoint
) -> None:
    routing.seconds = 0.3
    small.otherwise, large.otherwise = drips, hangs
    told = receipt(routing)
    assert kinds(told.attempts) == [("small", "timeout")] * 2 + [("large", "timeout")] * 2
    assert [attempt.cost.usd for attempt in told.attempts] == [0, 0, None, None]
    assert told.cost_usd is None
    assert spent(routing) == Spent(2 * MOST, Decimal(0))


def test_what_failed_for_now_is_tried_again_and_each_try_is_an_attempt(
    routing: Routing, small: ModelEndpoint, large: ModelEndpoint
) -> None:
    small.otherwise = answers(WRONG)
    large.script[:] = [fails(429, "slow down", {"Retry-After": "0"}), answers("{", top={"choices": []}), answers(TWO)]
    told = receipt(routing)
    assert kinds(told.attempts) == [
        ("small", "rejected"),
        ("large", "rate-limited"),
        ("large", "malformed"),
        ("large", "accepted"),
    ]
    assert told.attempts[1].cost.usd == 0
    assert told.attempts[2].cost.usd is None
    assert told.cost_usd is told.saved_usd is None
    assert "again after rate-limited" in told.attempts[2].reason
    charged = told.attempts[3].cost.usd
    assert charged is not None
    assert spent(routing) == Spent(MOST + charged, Decimal(0))


def test_retries_end(routing: Routing, small: ModelEndpoint, large: ModelEndpoint) -> None:
    small.otherwise = large.otherwise = fails(503, "loading")
    told = receipt(routing)
    assert kinds(told.attempts) == [("small", "server-error")] * 3 + [("large", "server-error")] * 3


def test_an_endpoint_that_wants_to_be_left_alone_for_long_is_given_up(routing: Routing, small: ModelEndpoint) -> None:
    small.otherwise = fails(429, headers={"Retry-After": "3600"})
    told = receipt(routing)
    assert kinds(told.attempts) == [("small", "rate-limited"), ("large", "accepted")]


def test_an_output_that_quotes_a_key_does_so_in_no_receipt(
    routing: Routing, large: ModelEndpoint, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    routing.store_text, large.otherwise = True, quotes_headers
    (done,) = run(routing, task(constraints={"model": "large"}))
    assert done.receipt.outcome is Outcome.ACCEPTED
    assert "Bearer ***" in (done.text or "")
    assert any("its answer held a key" in finding for finding in done.receipt.findings)
    for shown in (done.receipt.model_dump_json(), repr(routing.done), caplog.text):
        assert KEY not in shown


@given(st.integers(0, 5), st.none() | st.floats(0, 100), st.floats(0, 1))
def test_a_wait_is_what_was_asked_for_or_grows(retry: int, asked: float | None, chance: float) -> None:
    persistence = Persistence(retries=4)
    wait = persistence.wait(retry, asked, chance)
    if retry >= 4 or (asked or 0) > persistence.longest_asked:
        assert wait is None
    else:
        assert wait is not None
        assert (asked or 0) <= wait <= max(persistence.longest_wait, asked or 0)
        assert wait >= persistence.first_wait / 2


def test_a_task_that_is_cancelled_leaves_a_receipt_and_a_settled_budget(
    routing: Routing, small: ModelEndpoint, large: ModelEndpoint
) -> None:
    small.otherwise, large.otherwise = answers(WRONG), hangs

    async def cancelled() -> None:
        async with routing.opened() as router:
            running = asyncio.create_task(router.run(task()))
            await asyncio.to_thread(large.asked.wait, 20)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running

    asyncio.run(asyncio.wait_for(cancelled(), 60))
    (done,) = routing.done
    told = done.receipt
    assert done.text is None
    assert told.outcome is Outcome.CANCELLED
    assert kinds(told.attempts) == [("small", "rejected"), ("large", "cancelled")]
    assert told.attempts[1].outcome is Outcome.CANCELLED
    assert told.cost_usd is told.saved_usd is told.model is None
    assert spent(routing) == Spent(MOST, Decimal(0))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"task_class": "sortign"}, "there is no task class `sortign`. Perhaps `sorting` is meant."),
        ({"inputs": {}}, "`text`"),
        ({"inputs": {"text": "x" * 100_000}}, "context"),
        ({"constraints": {"model": "huge"}}, "huge"),
    ],
)
def test_a_task_that_cannot_be_done_has_a_receipt_and_costs_nothing(
    routing: Routing, small: ModelEndpoint, large: ModelEndpoint, fields: dict[str, object], says: str
) -> None:
    told = receipt(routing, task(**fields))  # type: ignore[arg-type]
    assert told.outcome is Outcome.FAILED
    assert says in (told.failure or "")
    assert told.attempts == ()
    assert told.cost_usd == 0
    assert small.chats == large.chats == []


def test_the_receipt_of_a_class_that_there_is_none_of_makes_nothing_up(routing: Routing) -> None:
    told = receipt(routing, task(task_class="nonesuch"))
    assert told.task_class == "nonesuch"
    assert told.task_class_sha256 is told.prompt_version is told.prompt_sha256 is None


def test_a_model_without_its_key_is_skipped_with_the_reason(routing: Routing, small: ModelEndpoint) -> None:
    routing.environ, small.otherwise = {}, answers(WRONG)
    told = receipt(routing)
    assert kinds(told.attempts) == [("small", "rejected")]
    assert [(each.model, KEY_ENV in each.reason) for each in told.skipped] == [("large", True)]


def test_a_model_that_is_down_is_skipped_with_the_reason(routing: Routing) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        routing.small = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    told = receipt(routing)
    assert told.model == "large"
    assert [(each.model, "is down" in each.reason) for each in told.skipped] == [("small", True)]


def test_an_endpoint_that_goes_down_is_left_alone(routing: Routing, small: ModelEndpoint) -> None:
    routing.patience, routing.persistence = Patience(failures=3, rest_seconds=300), Persistence(retries=0)
    small.otherwise = fails(500)
    told = [done.receipt for done in run(routing, *map(task, range(5)))]
    assert len(small.chats) == 3
    assert [each.skipped != () for each in told] == [False, False, False, True, True]
    assert all(each.model == "large" for each in told)


def test_calls_that_wait_for_an_endpoint_do_not_wait_once_it_is_down(routing: Routing, small: ModelEndpoint) -> None:
    routing.patience, routing.persistence = Patience(failures=2, rest_seconds=300), Persistence(retries=0)
    routing.concurrency, small.otherwise = 1, slowly(0.05, fails(500))

    async def at_once() -> list[Done]:
        async with routing.opened() as router:
            return await asyncio.gather(*(router.run(task(number)) for number in range(6)))

    told = [done.receipt for done in asyncio.run(asyncio.wait_for(at_once(), 60))]
    assert len(small.chats) == 2
    assert sorted(kinds(each.attempts)[0][1] for each in told) == ["server-error"] * 2 + ["unavailable"] * 4
    assert all(each.model == "large" and each.cost_usd is not None for each in told)


def test_no_more_calls_are_under_way_than_an_endpoint_bears(routing: Routing, small: ModelEndpoint) -> None:
    routing.concurrency, small.otherwise = 3, slowly(0.01, answers(ONE))

    async def all_of_them() -> int:
        async with routing.opened() as router:
            return len([done async for done in router.many(map(task, range(30)), 30)])

    assert asyncio.run(asyncio.wait_for(all_of_them(), 60)) == 30
    assert small.most_at_once == 3


def test_what_one_task_meets_stops_no_other(
    routing: Routing, monkeypatch: pytest.MonkeyPatch, small: ModelEndpoint
) -> None:
    normalise = runtime_module.normalise

    def fragile(text: str, *arguments: object) -> object:
        if "break" in text:
            raise ZeroDivisionError("\x1b[2J" + "x" * 10_000)
        return normalise(text, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(runtime_module, "normalise", fragile)
    small.otherwise = answers(lambda seen: "break" if "break" in seen.prompt else ONE)
    tasks = [
        task(0),
        task(1, task_class="nonesuch"),
        task(2, inputs={"text": "break"}),
        task(3, inputs={}),
        task(4),
    ]

    async def all_of_them() -> list[Done]:
        async with routing.opened() as router:
            return [done async for done in router.many(tasks, 2)]

    done = asyncio.run(asyncio.wait_for(all_of_them(), 60))
    told = {each.receipt.task_id: each.receipt for each in done}
    assert len(done) == len(told) == 5
    assert [told[f"task-{number}"].outcome.value for number in range(5)] == [
        "accepted", "failed", "failed", "failed", "accepted",
    ]  # fmt: skip
    broken = told["task-2"]
    assert "the router itself failed: ZeroDivisionError" in (broken.failure or "")
    assert len(broken.failure or "") < 5000
    assert kinds(broken.attempts) == [("small", "cancelled")]


def test_whoever_stops_listening_cancels_what_is_under_way_and_loses_no_receipt(
    routing: Routing, small: ModelEndpoint
) -> None:
    small.script[:] = [answers(ONE)]
    small.otherwise = hangs

    async def first() -> Done:
        async with routing.opened() as router:
            results = router.many(map(task, range(10)), 4)
            done = await anext(results)
            await results.aclose()  # type: ignore[attr-defined]
            return done

    done = asyncio.run(asyncio.wait_for(first(), 60))
    assert done in routing.done
    outcomes = [each.receipt.outcome for each in routing.done]
    assert outcomes.count(Outcome.ACCEPTED) == 1
    assert set(outcomes) == {Outcome.ACCEPTED, Outcome.CANCELLED}
    assert len({each.receipt.id for each in routing.done}) == len(routing.done) <= 5


def test_a_source_of_tasks_that_breaks_is_told_after_those_before_are_done(routing: Routing) -> None:
    async def some() -> AsyncIterator[Task]:
        yield task(0)
        yield task(1)
        raise OSError("the file is gone")

    async def all_of_them() -> None:
        async with routing.opened() as router:
            results = router.many(some(), 2)
            assert {(await anext(results)).receipt.task_id for _ in range(2)} == {"task-0", "task-1"}
            with pytest.raises(OSError, match="the file is gone"):
                await anext(results)

    asyncio.run(asyncio.wait_for(all_of_them(), 60))


def test_a_budget_that_is_used_up_lets_only_what_is_free_through(routing: Routing, small: ModelEndpoint) -> None:
    routing.limits = BudgetSettings(per_day_usd=Decimal("0.001"))
    small.otherwise = answers(WRONG)
    first, second, third = (done.receipt for done in run(routing, task(1), task(2), task(3)))
    assert first.model == "large"
    while second.outcome is Outcome.ACCEPTED:
        second, third = third, receipt(routing)
    assert {attempt.model for attempt in third.attempts if attempt.usage and attempt.usage.input_tokens} == {"small"}
    assert "budget" in " ".join([third.failure or "", *(each.reason for each in third.skipped)])
    assert spent(routing).usd <= Decimal("0.001")


def test_where_a_budget_holds_a_model_of_unknown_price_is_not_asked(
    routing: Routing, small: ModelEndpoint, large: ModelEndpoint
) -> None:
    routing.limits, routing.large_price = BudgetSettings(per_day_usd=Decimal(1)), None
    small.otherwise = answers(WRONG)
    assert receipt(routing).outcome is Outcome.FAILED
    assert large.chats == []


def test_a_price_that_is_not_known_is_never_nothing(routing: Routing) -> None:
    routing.large_price = None
    told = receipt(routing, task(constraints={"model": "large"}))
    assert told.model == "large"
    assert told.attempts[0].cost.source is PriceSource.UNKNOWN
    assert told.cost_usd is told.saved_usd is None


def test_calls_wait_for_money_that_others_have_reserved_and_give_back(
    routing: Routing, small: ModelEndpoint, large: ModelEndpoint
) -> None:
    routing.limits = BudgetSettings(per_day_usd=MOST * 2)
    small.otherwise, large.otherwise = answers(WRONG), slowly(0.05, answers(TWO))

    async def at_once() -> list[Done]:
        async with routing.opened() as router:
            return await asyncio.gather(*(router.run(task(number)) for number in range(6)))

    done = asyncio.run(asyncio.wait_for(at_once(), 60))
    assert [each.receipt.model for each in done] == ["large"] * 6
    assert spent(routing).usd <= MOST * 2


def test_an_endpoint_that_charges_more_than_was_reserved_is_a_finding(
    routing: Routing, small: ModelEndpoint, large: ModelEndpoint
) -> None:
    small.otherwise = answers(WRONG)
    large.otherwise = answers(TWO, top={"usage": {"prompt_tokens": 10, "completion_tokens": 100_000}})
    told = receipt(routing)
    assert told.model == "large"
    assert told.cost_usd == Decimal("1.00001")
    assert spent(routing).settled == Decimal("1.00001")
    assert any("large at large: it charged $1.00001" in finding for finding in told.findings)
    assert any("100,000 output tokens" in finding for finding in told.findings)


@pytest.mark.parametrize("lie", [{"prompt_tokens": 10_000_000}, {"completion_tokens": 10_000_000}])
def test_tokens_that_there_cannot_be_save_nothing_that_is_known(
    routing: Routing, small: ModelEndpoint, lie: dict[str, int]
) -> None:
    small.otherwise = answers(ONE, top={"usage": {"prompt_tokens": 10, "completion_tokens": 10, **lie}})
    told = receipt(routing)
    assert (told.model, told.cost_usd) == ("small", 0)
    assert told.baseline is not None
    assert (told.baseline.cost.usd, told.saved_usd) == (None, None)
    assert any("10,000,000" in finding for finding in told.findings)


def test_what_cannot_be_learnt_from_is_recorded_all_the_same(routing: Routing, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ArithmeticError("no lesson")

    monkeypatch.setattr(runtime_module, "LESSON", 1)
    monkeypatch.setattr(Learned, "observe", fail)
    with pytest.raises(ArithmeticError):
        run(routing)
    assert [done.receipt.model for done in routing.done] == ["small"]


def test_a_call_that_the_router_itself_could_not_take_is_an_attempt_and_spends_what_was_reserved(
    routing: Routing, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise KeyError(KEY)

    monkeypatch.setattr(Client, "ask", fail)
    told = receipt(routing, task(constraints={"model": "large"}))
    (attempt,) = told.attempts
    assert attempt.failure is not None
    assert (attempt.failure.kind, attempt.failure.message) == ("malformed", "the reply could not be taken (KeyError)")
    assert (told.outcome, told.cost_usd) == (Outcome.FAILED, None)
    assert spent(routing) == Spent(settled=MOST, reserved=Decimal(0))


def test_a_task_that_fails_says_who_could_have_been_asked(routing: Routing, small: ModelEndpoint) -> None:
    small.otherwise = answers(WRONG)
    routing.environ = {}
    missing = f"large could not be asked: the endpoint `large` wants a key, and {KEY_ENV} is not set"
    assert (receipt(routing).failure or "").endswith(f"no model is left; {missing}")
    assert "large" not in (receipt(routing, task(constraints={"local_only": True})).failure or "")


def test_a_call_that_was_not_made_has_the_price_that_it_would_have_had(routing: Routing, small: ModelEndpoint) -> None:
    small.otherwise = answers(WRONG)
    routing.task_class = SORTING.model_copy(update={"price_ceiling_usd": MOST / 2})
    (_, refused) = receipt(routing).attempts
    assert refused.failure is not None
    assert refused.failure.kind == Kind.OVER_CEILING
    assert (refused.cost.usd, refused.cost.source) == (0, PriceSource.STATED)


def test_no_task_can_cost_more_than_its_ceiling(routing: Routing, small: ModelEndpoint, large: ModelEndpoint) -> None:
    small.otherwise = answers(WRONG)
    large.script[:] = [hangs]
    routing.seconds = 0.5
    routing.task_class = SORTING.model_copy(update={"price_ceiling_usd": MOST * Decimal("1.5")})
    told = receipt(routing)
    assert [each[1] for each in kinds(told.attempts)] == ["rejected", "timeout", Kind.OVER_CEILING.value]
    assert len(large.chats) == 1
    assert "is the most for one task" in (told.failure or "")


@pytest.mark.parametrize(("theirs", "agrees"), [(ONE, True), (TWO, False), ("I cannot say", None)])
def test_an_audit_holds_the_answer_against_the_baseline(
    routing: Routing, large: ModelEndpoint, theirs: str, agrees: bool | None
) -> None:
    routing.task_class = SORTING.model_copy(update={"audit_share": 1.0})
    large.otherwise = answers(theirs)
    (done,) = run(routing)
    told = done.receipt
    assert (done.text, told.model) == (ONE, "small")
    assert told.audit is not None
    assert (told.audit.model, told.audit.location, told.audit.agrees) == ("large", Location.CLOUD, agrees)
    assert told.audit.evidence
    assert told.cost_usd == told.audit.cost.usd
    assert spent(routing).settled == told.cost_usd


def test_an_audit_that_fails_says_so(routing: Routing, large: ModelEndpoint) -> None:
    routing.task_class = SORTING.model_copy(update={"audit_share": 1.0})
    large.otherwise = fails(400, "no")
    told = receipt(routing)
    assert told.outcome is Outcome.ACCEPTED
    assert told.audit is not None
    assert told.audit.agrees is None
    assert "gave no answer: refused" in told.audit.evidence


def test_no_audit_goes_where_the_task_may_not(routing: Routing, large: ModelEndpoint) -> None:
    routing.task_class = SORTING.model_copy(update={"audit_share": 1.0})
    told = receipt(routing, task(constraints={"local_only": True}))
    assert told.outcome is Outcome.ACCEPTED
    assert told.audit is None
    assert large.chats == []


@pytest.mark.parametrize("kept", [True, False])
def test_texts_are_kept_only_where_that_is_asked_for(routing: Routing, kept: bool) -> None:
    routing.store_text = kept
    told = receipt(routing)
    shown = json.dumps(told.model_dump(mode="json"))
    assert ("You sort texts." in shown) is kept
    assert (told.attempts[0].output_text == ONE) is kept
    assert told.attempts[0].output_sha256 is not None


def test_halves_of_characters_are_no_end_of_a_task(routing: Routing, small: ModelEndpoint) -> None:
    small.otherwise = replies(200, b'{"choices": [{"message": {"content": "\\"\\ud800\\""}, "finish_reason": "stop"}]}')
    routing.store_text = True
    assert receipt(routing).outcome is Outcome.ACCEPTED


behaviours = st.sampled_from([answers(ONE), answers(WRONG), *TROUBLE.values()])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(behaviours, max_size=12), st.lists(behaviours, max_size=12), st.sampled_from([None, "0.002", "0.01"]))
def test_each_task_ends_in_one_receipt_whose_sums_are_right(
    small: ModelEndpoint,
    large: ModelEndpoint,
    tmp_path_factory: pytest.TempPathFactory,
    of_small: list[Behaviour],
    of_large: list[Behaviour],
    limit: str | None,
) -> None:
    small.script[:], large.script[:] = of_small, of_large
    routing = Routing(small.base_url, large.base_url, tmp_path_factory.mktemp("state"))
    routing.limits = BudgetSettings(per_day_usd=None if limit is None else Decimal(limit))

    async def all_of_them() -> list[Done]:
        async with routing.opened() as router:
            return [done async for done in router.many(map(task, range(4)), 2)]

    done = asyncio.run(asyncio.wait_for(all_of_them(), 60))
    assert sorted(each.receipt.task_id for each in done) == [f"task-{number}" for number in range(4)]
    assert {each.receipt.id for each in routing.done} == {each.receipt.id for each in done}
    charged = Decimal(0)
    for each in done:
        told = each.receipt
        costs = [attempt.cost.usd for attempt in told.attempts]
        assert told.cost_usd == (None if None in costs else sum(cost for cost in costs if cost is not None))
        assert (told.outcome is Outcome.ACCEPTED) == (told.model is not None) == (each.text is not None)
        assert [attempt.outcome for attempt in told.attempts].count(Outcome.ACCEPTED) == (told.model is not None)
        charged += sum(
            (attempt.reserved_usd if attempt.cost.usd is None else attempt.cost.usd) or 0 for attempt in told.attempts
        )
    assert spent(routing) == Spent(charged, Decimal(0))


def _spend(small: str, large: str, folder: Path, limit: str, first: int) -> None:
    routing = Routing(small, large, folder, concurrency=100)
    routing.limits = BudgetSettings(per_day_usd=Decimal(limit))

    async def at_once() -> None:
        async with routing.opened() as router:
            await asyncio.gather(*(router.run(task(number)) for number in range(first, first + 100)))

    asyncio.run(asyncio.wait_for(at_once(), 120))
    assert len(routing.done) == 100
    accepted = [done.receipt for done in routing.done if done.receipt.model == "large"]
    (folder / f"{first}.json").write_text(json.dumps([str(each.cost_usd) for each in accepted]))


@pytest.mark.parametrize("limit", ["0.004", "0.01"])
def test_200_tasks_in_two_processes_never_settle_above_the_budget(
    small: ModelEndpoint, large: ModelEndpoint, tmp_path: Path, limit: str
) -> None:
    small.otherwise, large.otherwise = answers(WRONG), slowly(0.02, answers(TWO))
    spawning = multiprocessing.get_context("spawn")
    processes = [
        spawning.Process(target=_spend, args=(small.base_url, large.base_url, tmp_path, limit, first))
        for first in (0, 100)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(150)
    assert [process.exitcode for process in processes] == [0, 0]
    costs = [Decimal(cost) for first in (0, 100) for cost in json.loads((tmp_path / f"{first}.json").read_text())]
    budget = Budget(tmp_path / BUDGET_FILE, BudgetSettings())
    settled = budget.spent()
    budget.close()
    assert settled == Spent(sum(costs, Decimal(0)), Decimal(0))
    assert Decimal(limit) - MOST < settled.settled <= Decimal(limit) or len(costs) == 200
