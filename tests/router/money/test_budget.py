from __future__ import annotations

import multiprocessing
import random
import signal
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.errors import BudgetUnusable
from omni_assets.router.money.budget import BUDGET_FILE, Budget, Refusal, Reservation
from omni_assets.settings import BudgetSettings

CENT = Decimal("0.01")
amounts = st.decimals(min_value=0, max_value=10, places=9)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def clock() -> Clock:
    return Clock()


def opened(
    folder: Path, clock: Clock | None = None, per_day_usd: Decimal | str | None = None, **classes: str
) -> Budget:
    limits = BudgetSettings(
        per_day_usd=None if per_day_usd is None else Decimal(per_day_usd),
        classes={name: Decimal(limit) for name, limit in classes.items()},
    )
    return Budget(folder / BUDGET_FILE, limits, clock)


@pytest.fixture
def dollar(folder: Path, clock: Clock) -> Iterator[Budget]:
    budget = opened(folder, clock, per_day_usd="1")
    yield budget
    budget.close()


def reserved(budget: Budget, usd: Decimal | None, task_class: str = "any") -> Reservation:
    reservation = budget.reserve(task_class, usd)
    assert isinstance(reservation, Reservation), reservation
    return reservation


def refused(budget: Budget, usd: Decimal | None, task_class: str = "any") -> Refusal:
    refusal = budget.reserve(task_class, usd)
    assert isinstance(refusal, Refusal), refusal
    return refusal


def test_what_is_reserved_is_spent_until_it_is_settled(dollar: Budget) -> None:
    first = reserved(dollar, Decimal("0.6"))
    assert dollar.left("any") == Decimal("0.4")
    assert dollar.within_reach("any") == 1
    refusal = refused(dollar, Decimal("0.5"))
    assert refusal.passing
    assert refusal.reason == (
        "the budget of the day is $1.00, $0.60 is spent, $0.60 of it reserved, and it can cost $0.50"
    )
    assert dollar.settle(first, Decimal("0.1")) is None
    assert dollar.left("any") == dollar.within_reach("any") == Decimal("0.9")
    reserved(dollar, Decimal("0.9"))
    assert dollar.left("any") == 0


def test_what_is_settled_is_gone_for_good(dollar: Budget) -> None:
    dollar.settle(reserved(dollar, Decimal("0.6")), Decimal("0.6"))
    assert not refused(dollar, Decimal("0.5")).passing


def test_a_call_of_unknown_cost_counts_as_all_that_was_reserved(dollar: Budget) -> None:
    assert dollar.settle(reserved(dollar, Decimal("0.6")), None) is None
    assert dollar.spent().settled == Decimal("0.6")


def test_a_reservation_is_settled_once(dollar: Budget) -> None:
    reservation = reserved(dollar, Decimal("0.6"))
    for _ in range(3):
        dollar.settle(reservation, Decimal("0.2"))
    assert dollar.spent().usd == Decimal("0.2")


def test_an_endpoint_that_charges_more_than_was_reserved_is_told_and_counted(dollar: Budget) -> None:
    finding = dollar.settle(reserved(dollar, Decimal("0.2")), Decimal("3.5"))
    assert finding == "it charged $3.50, and $0.20 was the most that it could be"
    assert dollar.spent().settled == Decimal("3.5")
    assert dollar.left("any") == 0


def test_a_class_has_a_budget_within_that_of_the_day(folder: Path) -> None:
    budget = opened(folder, per_day_usd="1", review="0.25")
    assert budget.left("review") == Decimal("0.25")
    assert budget.left("other") == 1
    reserved(budget, Decimal("0.2"), "review")
    assert "the budget of `review` is $0.25" in refused(budget, Decimal("0.1"), "review").reason
    reserved(budget, Decimal("0.7"), "other")
    assert budget.left("review") == Decimal("0.05")
    assert budget.spent("review").usd == Decimal("0.2")
    assert "of the day" in refused(budget, Decimal("0.2"), "other").reason
    budget.close()


def test_where_a_budget_holds_what_nobody_can_price_is_refused(folder: Path) -> None:
    budget = opened(folder, review="1")
    assert "not known" in refused(budget, None, "review").reason
    unlimited = reserved(budget, None, "other")
    assert budget.settle(unlimited, None) is None
    assert budget.settle(unlimited, CENT) is None
    assert budget.spent("other").settled == CENT
    budget.close()


def test_without_a_limit_what_is_spent_is_still_counted(folder: Path) -> None:
    budget = opened(folder)
    budget.settle(reserved(budget, Decimal(5)), Decimal(4))
    assert budget.left("any") is None
    budget.close()
    limited = opened(folder, per_day_usd="4.5")
    assert limited.left("any") == Decimal("0.5")
    limited.close()


def test_a_day_ends_at_midnight_of_utc_and_keeps_what_was_reserved_in_it(dollar: Budget, clock: Clock) -> None:
    yesterday = reserved(dollar, Decimal("0.9"))
    clock.now += timedelta(minutes=2)
    assert dollar.left("any") == 1
    dollar.settle(yesterday, Decimal("0.5"))
    assert dollar.left("any") == 1
    clock.now -= timedelta(minutes=2)
    assert dollar.left("any") == Decimal("0.5")


def test_a_day_is_one_of_utc_wherever_the_clock_hangs(folder: Path) -> None:
    budget = Budget(folder / BUDGET_FILE, BudgetSettings(), lambda: datetime.fromisoformat("2026-03-02T00:30:00+02:00"))
    assert reserved(budget, CENT).day == "2026-03-01"
    budget.close()


def test_what_is_free_is_not_written_down(dollar: Budget) -> None:
    assert reserved(dollar, Decimal(0)).row is None
    assert dollar.settle(reserved(dollar, Decimal(0)), Decimal(0)) is None
    assert dollar.spent().usd == 0


def test_a_budget_that_is_used_up_still_serves_what_is_free(dollar: Budget) -> None:
    reserved(dollar, Decimal(1))
    reserved(dollar, Decimal(0))


@pytest.mark.parametrize("content", [b"this is no database, and long enough to be taken for one" * 40])
def test_a_damaged_file_is_an_error_with_a_way_out(folder: Path, content: bytes) -> None:
    folder.mkdir()
    (folder / BUDGET_FILE).write_bytes(content)
    with pytest.raises(BudgetUnusable, match=r"the budget .*budget\.sqlite cannot be used: .*move the file aside"):
        opened(folder)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BudgetUnusable):
        opened(tmp_path / "file")


def test_a_file_that_others_hold_refuses_rather_than_overspends(
    dollar: Budget, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reservation = reserved(dollar, Decimal("0.5"))
    dollar._connection.execute("PRAGMA busy_timeout = 20")
    other = sqlite3.connect(folder / BUDGET_FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert "the budget cannot be kept" in refused(dollar, CENT).reason
    finding = dollar.settle(reservation, CENT)
    assert finding is not None
    assert "all that was reserved counts" in finding
    other.execute("ROLLBACK")
    other.close()
    assert dollar.spent().usd == Decimal("0.5")
    reserved(dollar, CENT)


@given(st.lists(st.tuples(amounts, st.none() | st.floats(0, 1)), max_size=30), amounts)
def test_truthful_endpoints_never_take_a_budget_beyond_its_limit(
    tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[Decimal, float | None]], limit: Decimal
) -> None:
    budget = opened(tmp_path_factory.mktemp("budget"), per_day_usd=limit)
    open_reservations: list[tuple[Reservation, Decimal | None]] = []
    expected = Decimal(0)
    for most, share in calls:
        reservation = budget.reserve("any", most)
        assert isinstance(reservation, Reservation) == (expected + most <= limit or not most)
        if isinstance(reservation, Reservation):
            expected += most
            charge = None if share is None else (most * Decimal(share)).quantize(Decimal("1e-9"), "ROUND_FLOOR")
            open_reservations.append((reservation, charge))
        if len(open_reservations) > 2:
            first, charge = open_reservations.pop(0)
            assert budget.settle(first, charge) is None
            expected -= (first.usd or 0) - (charge if charge is not None else first.usd or 0)
        assert budget.spent().usd == expected <= limit
    budget.close()


def _spend(path: Path, limit: str, seed: int) -> None:
    chance = random.Random(seed)
    budget = Budget(path, BudgetSettings(per_day_usd=Decimal(limit)))
    for _ in range(300):
        most = Decimal(chance.randrange(1, 20_000_000)).scaleb(-9)
        reservation = budget.reserve("any", most)
        if isinstance(reservation, Reservation):
            budget.settle(reservation, most * Decimal(chance.choice(["0.1", "0.5", "1"])))
    budget.close()


def _die(path: Path) -> None:
    budget = Budget(path, BudgetSettings(per_day_usd=Decimal(1)))
    reserved(budget, Decimal("0.7"))
    signal.raise_signal(signal.SIGKILL)


def run(target: object, *arguments: tuple[object, ...]) -> list[int | None]:
    spawning = multiprocessing.get_context("spawn")
    processes = [spawning.Process(target=target, args=each) for each in arguments]  # type: ignore[arg-type]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def test_processes_share_a_budget_and_never_spend_it_twice(folder: Path) -> None:
    path = folder / BUDGET_FILE
    assert run(_spend, (path, "0.9", 1), (path, "0.9", 2), (path, "0.9", 3)) == [0, 0, 0]
    budget = opened(folder, per_day_usd="0.9")
    spent = budget.spent()
    budget.close()
    assert spent.reserved == 0
    assert Decimal("0.85") < spent.settled <= Decimal("0.9")


def test_what_a_killed_process_reserved_stays_spent_for_its_day(folder: Path) -> None:
    assert run(_die, (folder / BUDGET_FILE,)) == [-signal.SIGKILL]
    budget = opened(folder, per_day_usd="1")
    assert budget.spent().reserved == Decimal("0.7")
    assert refused(budget, Decimal("0.4")).passing
    budget.close()
