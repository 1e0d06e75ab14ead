"""What is shown of a look and of the one before it, and a look at a real broker with real tasks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.errors import BrokerUnreachable
from omni_assets.operations.routing.savings import NOTHING, Economics
from omni_assets.operations.top import LATELY, MOST_LATELY, Bus, Inbox, Kept, Look, frame, limits, look
from omni_assets.projection.rows import TaskSummary
from omni_assets.router.money.budget import BUDGET_FILE, Budget, Reservation, Spent
from omni_assets.settings import BudgetSettings
from tests.support.echo_tasks import Echo, to_end

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def inbox(node: str = "echo", topic: str = "a.b", open_: int = 0, end: int = 0) -> Inbox:
    return Inbox(node, topic, 1, open_, end)


def bus(*inboxes: Inbox, at: datetime = NOW) -> Bus:
    return Bus(at, inboxes, dict.fromkeys({each.node for each in inboxes}, 1), ())


def task(number: int, node: str = "echo", outcome: str = "done", ago: float = 1.0) -> TaskSummary:
    at = NOW - timedelta(seconds=ago)
    name = f"{number:032x}"
    return TaskSummary(
        name, "local", node, "a.b", 0, number, "", "e", "c", at, at, outcome, "", 1, Decimal(0), None, None, None
    )


def kept(*lately: TaskSummary, at: datetime = NOW) -> Kept:
    return Kept(at, lately, lately, (), (), Economics(NOTHING), (), None)


def seen(of: Bus | None = None, what: Kept | None = None, at: datetime = NOW) -> Look:
    return Look(at, of, what)


def test_a_first_frame_knows_no_rate_of_arrival() -> None:
    (only,) = frame(seen(bus(inbox(end=7)))).inboxes
    assert only.per_second is None


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.floats(0.5, 3_600))
def test_arrivals_are_the_difference_of_two_looks_over_the_time_between_them(
    end: int, more: int, seconds: float
) -> None:
    before = frame(seen(bus(inbox(end=end))))
    later = NOW + timedelta(seconds=seconds)
    (only,) = frame(seen(bus(inbox(end=end + more), at=later), at=later), before).inboxes
    assert only.per_second == pytest.approx(more / timedelta(seconds=seconds).total_seconds())


def test_a_topic_that_was_made_anew_has_no_rate() -> None:
    before = frame(seen(bus(inbox(end=7))))
    later = NOW + timedelta(seconds=1)
    (only,) = frame(seen(bus(inbox(end=3), at=later), at=later), before).inboxes
    assert only.per_second is None


def test_nodes_stand_together_those_first_that_have_most_to_do() -> None:
    found = frame(
        seen(bus(inbox("b", "x", 3), inbox("a", "y"), inbox("b", "w"), inbox("c", "z", 2), inbox("c", "v", 4)))
    )
    assert [(each.inbox.node, each.inbox.topic) for each in found.inboxes] == [
        ("c", "v"),
        ("c", "z"),
        ("b", "x"),
        ("b", "w"),
        ("a", "y"),
    ]
    assert found.open == 9


def test_tasks_are_counted_by_outcome_and_their_rate_by_node() -> None:
    told = kept(task(1), task(2, outcome="failed"), task(3, node="router"))
    found = frame(seen(bus(inbox()), told))
    assert found.ended == {"done": 2, "failed": 1}
    assert {each.node: (each.workers, each.per_second) for each in found.nodes} == {
        "echo": (1, 2 / LATELY.total_seconds()),
        "router": (None, 1 / LATELY.total_seconds()),
    }
    assert found.per_second == pytest.approx(3 / 60)


def test_more_tasks_than_are_counted_are_a_rate_over_their_own_time() -> None:
    told = kept(*(task(number, ago=number / 1_000) for number in range(MOST_LATELY)))
    assert frame(seen(bus(inbox()), told)).per_second == pytest.approx(1_000, rel=0.001)


def test_what_cannot_be_seen_stays_as_it_was_and_nothing_is_made_up() -> None:
    nothing = frame(seen())
    assert (nothing.bus, nothing.kept, nothing.per_second, nothing.inboxes, nothing.nodes) == (None, None, None, (), ())
    first = frame(seen(bus(inbox(open_=2, end=5)), kept(task(1))))
    second = frame(seen(bus(inbox(open_=4, end=9), at=NOW + timedelta(seconds=2))), first)
    gone = BrokerUnreachable("127.0.0.1:1", "connection refused", 5)
    third = frame(Look(NOW + timedelta(seconds=9), None, None, (gone,)), second)
    assert (third.bus, third.kept, third.inboxes) == (second.bus, first.kept, second.inboxes)
    assert third.trouble == (gone,)
    back = frame(seen(bus(inbox(open_=0, end=29), at=NOW + timedelta(seconds=12))), third)
    assert [each.per_second for each in back.inboxes] == [2.0]


@pytest.fixture
def echo(module_broker: Any, tmp_path: Path) -> Echo:
    return Echo(module_broker, "echo", tmp_path).begin()


def test_a_real_look_moves_nothing_and_sees_what_waits_what_ended_and_a_broker_that_is_gone(echo: Echo) -> None:
    echo.submit(range(12))
    first = frame(look(echo.context, echo.manifest))
    assert first.trouble == ()
    assert [(each.inbox.topic, each.inbox.open) for each in first.inboxes] == [(echo.asked, 12)]
    assert [(each.node, each.workers, each.per_second) for each in first.nodes] == [("echo", 0, 0.0)]
    to_end(echo.worker())
    echo.assert_ended(12)
    second = frame(look(echo.context, echo.manifest), first)
    assert (second.open, second.ended) == (0, {"done": 12})
    assert second.per_second == pytest.approx(12 / LATELY.total_seconds())
    assert [each.per_second for each in second.inboxes] == [0.0]
    elsewhere = replace(echo.context, connection=replace(echo.context.connection, bootstrap_servers="127.0.0.1:1"))
    third = frame(look(elsewhere, echo.manifest), second)
    (trouble,) = third.trouble
    assert isinstance(trouble, BrokerUnreachable)
    assert (third.bus, third.open) == (second.bus, 0)
    assert third.ended == {"done": 12}


def test_a_budget_is_read_and_none_is_begun_by_looking(echo: Echo) -> None:
    held = BudgetSettings(per_day_usd=Decimal(5), classes={"summarization": Decimal(1)})
    router = echo.context.settings.router.model_copy(update={"budget": held})
    context = replace(echo.context, settings=echo.context.settings.model_copy(update={"router": router}))
    file = context.home / BUDGET_FILE
    assert [(each.task_class, each.spent.usd, each.usd) for each in limits(context)] == [
        ("", Decimal(0), Decimal(5)),
        ("summarization", Decimal(0), Decimal(1)),
    ]
    assert not file.exists()
    budget = Budget(file, held)
    for task_class, most, cost in (("summarization", "0.4", "0.3"), ("other", "0.2", None)):
        put_by = budget.reserve(task_class, Decimal(most))
        assert isinstance(put_by, Reservation)
        if cost is not None:
            budget.settle(put_by, Decimal(cost))
    budget.close()
    every, of_class = limits(context)
    assert every.spent == Spent(Decimal("0.3"), Decimal("0.2"))
    assert of_class.spent == Spent(Decimal("0.3"), Decimal(0))
