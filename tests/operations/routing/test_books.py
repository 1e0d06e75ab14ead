"""The router's books: what is held against a floor or a budget, and the laws of both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from omni_assets.operations.context import resolve
from omni_assets.operations.routing.books import DAYS, Audited, Books, Overspent, books, overspent
from omni_assets.operations.routing.recording import record
from omni_assets.projection.rows import SpentRow
from omni_assets.router.receipt import Receipt
from omni_assets.settings import BudgetSettings
from tests.support import receipts as made

UNTIL = datetime(2026, 3, 30, 15, tzinfo=UTC)
audits = st.integers(1, 300).flatmap(lambda audited: st.tuples(st.just(audited), st.integers(0, audited)))
money = st.decimals(0, 100, places=9)


def kept(folder: Path, *receipts: Receipt) -> Books:
    context = resolve(bootstrap_servers="127.0.0.1:1", environ={"OMNI_HOME": str(folder / "state")}, folder=folder)
    record(context, receipts)
    return books(context, UNTIL)


def ended(number: int, at: datetime) -> Receipt:
    return made.receipt(number, started_at=at, ended_at=at)


@given(audits, st.floats(0, 1))
def test_what_is_certain_is_exceeded(counted: tuple[int, int], floor: float) -> None:
    found = Audited("a", *counted, floor)
    assert found.exceeded or not found.certain
    assert found.lowest <= found.rate or found.rate <= 0.5, "it is drawn towards one half, and lies below"
    assert Audited("a", *counted, None).exceeded
    assert not Audited("a", *counted, None).certain


@given(audits)
def test_more_false_accepts_are_never_better(counted: tuple[int, int]) -> None:
    audited, wrong = counted
    if wrong:
        fewer, more = (Audited("a", audited, number, 0.9) for number in (wrong - 1, wrong))
        assert fewer.lowest < more.lowest or more.lowest == 0
        assert fewer.rate < more.rate


@given(
    st.lists(
        st.tuples(st.sampled_from(["2026-03-01", "2026-03-02"]), st.sampled_from("abc"), money),
        unique_by=lambda each: each[:2],
    ),
    money,
    money,
)
def test_a_day_is_exceeded_where_its_sum_is(
    spent: list[tuple[str, str, Decimal]], per_day: Decimal, of_a: Decimal
) -> None:
    rows = [SpentRow(*each, 0) for each in spent]
    found = overspent(rows, BudgetSettings(per_day_usd=per_day, classes={"a": of_a}))
    for day in ("2026-03-01", "2026-03-02"):
        usd = sum((each.spent_usd for each in rows if each.budget_day == day), Decimal(0))
        assert (Overspent(day, None, usd, per_day) in found) == (usd > per_day)
    assert {(each.day, each.spent_usd) for each in found if each.task_class} == {
        (each.budget_day, each.spent_usd) for each in rows if each.task_class == "a" and each.spent_usd > of_a
    }
    assert overspent(rows, BudgetSettings()) == ()


def test_the_books_begin_at_a_midnight_and_yesterday_is_the_last_whole_day(tmp_path: Path) -> None:
    first = datetime(2026, 3, 1, tzinfo=UTC)
    found = kept(
        tmp_path,
        ended(1, first),
        ended(2, first - timedelta(microseconds=1)),
        ended(3, UNTIL - timedelta(days=1)),
        ended(4, UNTIL),
    )
    assert (found.since, found.until) == (first, UNTIL)
    assert (found.until.date() - found.since.date()).days == DAYS - 1
    assert found.total.sums.tasks == 3
    assert found.yesterday is not None
    assert (found.yesterday.name, found.yesterday.sums.tasks) == ("2026-03-29", 1)


def test_a_day_without_a_task_is_no_yesterday(tmp_path: Path) -> None:
    assert kept(tmp_path, ended(1, UNTIL)).yesterday is None
