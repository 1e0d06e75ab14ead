"""What tasks may cost in a day of UTC, kept by every process that routes: all together, and those of a class.

Before a call the most that it can cost is reserved; afterwards the reservation is replaced by what it did cost. Both
are transactions on one SQLite file in the state folder, so that no number of tasks or processes can spend the same
money twice. What a killed process had reserved stays counted as spent until its day ends: nobody knows what became of
it.

Amounts are whole billionths of a dollar. A reservation of nothing is not written down.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

from omni_assets.errors import BudgetUnusable, reason
from omni_assets.router.values import dollars
from omni_assets.settings import BudgetSettings

BUDGET_FILE = "budget.sqlite"
"""Its name in the state folder."""

SECONDS_TO_WAIT = 5.0
"""The most that a transaction waits for those of others: each of them takes a fraction of a millisecond."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS days (
    day TEXT NOT NULL, task_class TEXT NOT NULL, settled INTEGER NOT NULL, reserved INTEGER NOT NULL,
    PRIMARY KEY (day, task_class)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reservations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, day TEXT NOT NULL, task_class TEXT NOT NULL, amount INTEGER NOT NULL
);
"""
_SPENT = """
SELECT coalesce(sum(settled), 0), coalesce(sum(reserved), 0),
       coalesce(sum(settled) FILTER (WHERE task_class = :task_class), 0),
       coalesce(sum(reserved) FILTER (WHERE task_class = :task_class), 0)
FROM days WHERE day = :day
"""
_ADD = """
INSERT INTO days VALUES (:day, :task_class, :settled, :reserved)
ON CONFLICT DO UPDATE SET settled = settled + excluded.settled, reserved = reserved + excluded.reserved
"""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money put by for one call. ``usd`` is ``None`` where no budget holds and what the call can cost is not known;
    ``row`` where nothing had to be written down.
    """

    day: str
    task_class: str
    usd: Decimal | None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """No money is left for a call. ``passing``: only because others have reserved it, and may give some of it back."""

    reason: str
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Spent:
    """What a day has cost so far, in US dollars."""

    settled: Decimal
    reserved: Decimal

    @property
    def usd(self) -> Decimal:
        """Both together: what counts against the budget."""
        return self.settled + self.reserved


class Budget:
    """The budget of a state folder. One object may be used by several threads; close it in the end."""

    def __init__(self, path: Path, limits: BudgetSettings, now: Callable[[], datetime] | None = None) -> None:
        """Raises ``BudgetUnusable``."""
        self.limits = limits
        self._path = path
        self._now = now or _utc
        self._turn = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _opened(path)
        except (OSError, sqlite3.Error) as error:
            raise BudgetUnusable(str(path), reason(error)) from None

    def close(self) -> None:
        """Give the file back."""
        self._connection.close()

    def holds(self, task_class: str) -> bool:
        """Whether any limit holds for tasks of a class."""
        return self.limits.per_day_usd is not None or task_class in self.limits.classes

    def left(self, task_class: str) -> Decimal | None:
        """What one more task of a class may cost today; ``None`` without a limit. Nothing where it cannot be known."""
        return self._rest(task_class, lambda spent: spent.usd)

    def within_reach(self, task_class: str) -> Decimal | None:
        """What one more task of a class may cost today if all comes back that others have reserved, for which a call
        waits; otherwise as ``left``.
        """
        return self._rest(task_class, lambda spent: spent.settled)

    def _rest(self, task_class: str, gone: Callable[[Spent], Decimal]) -> Decimal | None:
        if not self.holds(task_class):
            return None
        try:
            with self._turn:
                every, of_class = self._spent(self._today(), task_class)
        except sqlite3.Error:
            return Decimal(0)
        rests = [limit - gone(spent) for _, limit, spent in self._held(task_class, every, of_class)]
        return max(min(rests), Decimal(0))

    def spent(self, task_class: str | None = None) -> Spent:
        """What today has cost so far, in all or by tasks of a class. Raises ``BudgetUnusable``."""
        try:
            with self._turn:
                every, of_class = self._spent(self._today(), task_class or "")
        except sqlite3.Error as error:
            raise BudgetUnusable(str(self._path), reason(error)) from None
        return every if task_class is None else of_class

    def reserve(self, task_class: str, most_usd: Decimal | None) -> Reservation | Refusal:
        """Put by the most that a call can cost. A call whose cost nobody knows fits into no budget."""
        day = self._today()
        if most_usd is None and self.holds(task_class):
            return Refusal("what it can cost is not known, so that no budget could be kept")
        if not most_usd:
            return Reservation(day, task_class, most_usd)
        try:
            with self._turn, self._transaction():
                every, of_class = self._spent(day, task_class)
                for whose, limit, spent in self._held(task_class, every, of_class):
                    if spent.usd + most_usd > limit:
                        return _refusal(whose, limit, spent, most_usd)
                amount = _billionths(most_usd)
                self._add(day, task_class, reserved=amount)
                row = self._connection.execute(
                    "INSERT INTO reservations (day, task_class, amount) VALUES (?, ?, ?)", (day, task_class, amount)
                ).lastrowid
        except sqlite3.Error as error:
            return Refusal(f"the budget cannot be kept: {reason(error)}")
        return Reservation(day, task_class, most_usd, row)

    def settle(self, reservation: Reservation, usd: Decimal | None) -> str | None:
        """Replace a reservation by what the call did cost: all of it, where ``usd`` is not known.

        Gives a clause back where that is more than was reserved, or cannot be written down. Once is enough: the same
        reservation is not settled again.
        """
        charged = reservation.usd if usd is None else usd
        if charged is None or (reservation.row is None and not charged):
            return None
        reserved = reservation.usd or Decimal(0)
        try:
            with self._turn, self._transaction():
                if self._taken(reservation):
                    self._add(
                        reservation.day,
                        reservation.task_class,
                        settled=_billionths(charged),
                        reserved=-_billionths(reserved) if reservation.row is not None else 0,
                    )
        except sqlite3.Error as error:
            return f"what it cost could not be written down, so that all that was reserved counts ({reason(error)})"
        if charged > reserved and reservation.usd is not None:
            return f"it charged {dollars(charged)}, and {dollars(reserved)} was the most that it could be"
        return None

    def _taken(self, reservation: Reservation) -> bool:
        """Whether this is the first to settle it."""
        if reservation.row is None:
            return True
        return self._connection.execute("DELETE FROM reservations WHERE id = ?", (reservation.row,)).rowcount == 1

    def _add(self, day: str, task_class: str, settled: int = 0, reserved: int = 0) -> None:
        values = {"day": day, "task_class": task_class, "settled": settled, "reserved": reserved}
        self._connection.execute(_ADD, values)

    def _held(self, task_class: str, every: Spent, of_class: Spent) -> Iterator[tuple[str, Decimal, Spent]]:
        """The limits that hold for tasks of a class: whose each is, how much, and what of it is spent."""
        if self.limits.per_day_usd is not None:
            yield "of the day", self.limits.per_day_usd, every
        if task_class in self.limits.classes:
            yield f"of `{task_class}`", self.limits.classes[task_class], of_class

    def _spent(self, day: str, task_class: str) -> tuple[Spent, Spent]:
        sums = self._connection.execute(_SPENT, {"day": day, "task_class": task_class}).fetchone()
        every, every_reserved, of_class, of_class_reserved = (Decimal(each).scaleb(-9) for each in sums)
        return Spent(every, every_reserved), Spent(of_class, of_class_reserved)

    def _today(self) -> str:
        return self._now().astimezone(UTC).date().isoformat()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=SECONDS_TO_WAIT, isolation_level=None, check_same_thread=False)
    try:
        _patiently(lambda: connection.execute("PRAGMA journal_mode = WAL"))
        connection.execute("PRAGMA synchronous = NORMAL")
        _patiently(lambda: connection.executescript(_SCHEMA))
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _patiently(work: Callable[[], object]) -> None:
    """Do what SQLite does not wait for by itself while another process opens the same new file."""
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while not _done(work, last=time.monotonic() > deadline):
        time.sleep(0.01)


def _done(work: Callable[[], object], *, last: bool) -> bool:
    try:
        work()
    except sqlite3.OperationalError as error:
        if last or "locked" not in str(error):
            raise
        return False
    return True


def _refusal(whose: str, limit: Decimal, spent: Spent, most_usd: Decimal) -> Refusal:
    held = f", {dollars(spent.reserved)} of it reserved" if spent.reserved else ""
    return Refusal(
        f"the budget {whose} is {dollars(limit)}, {dollars(spent.usd)} is spent{held}, "
        f"and it can cost {dollars(most_usd)}",
        passing=spent.settled + most_usd <= limit,
    )


def _billionths(usd: Decimal) -> int:
    return int(usd.scaleb(9).to_integral_value(ROUND_CEILING))


def _utc() -> datetime:
    return datetime.now(UTC)
