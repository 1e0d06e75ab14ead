"""What is old is forgotten, what a rebuild makes is the same, and whatever ends it in between loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from omni_assets.agents.task_receipt import Answer, TaskApproval, TaskOutcome
from omni_assets.projection import retention, store
from omni_assets.projection.journal import Journal
from omni_assets.projection.receipts import receipt_row
from omni_assets.projection.retention import Bounds, Excess
from omni_assets.projection.rows import (
    AuditRow,
    LedgerPositionRow,
    LedgerStretch,
    PublicationRow,
    ReceiptRow,
    TaskRow,
)
from omni_assets.projection.store import Projection
from omni_assets.projection.tasks import LedgerPlace, task_row
from tests.support import receipts as routed
from tests.support.task_receipts import NOW, receipt

TABLES = ("drift", "drift_history", "audit", "receipts", "attempts", "publications", "tasks")
DAY = timedelta(days=1)


def task(position: int, id_: str, days: float = 0, **changed: Any) -> TaskRow:
    """A task that ended so many days before ``NOW``, at a place of the ledger."""
    times = {"started_at": NOW - days * DAY, "ended_at": NOW - days * DAY}
    document = receipt(id_, **{**times, **changed}).model_dump(mode="json")
    return task_row(document, "local", LedgerPlace("main", "ledger", 0, position))


def routed_row(number: int, days: float) -> ReceiptRow:
    told = routed.receipt(number).model_dump(mode="json")
    moment = (NOW - days * DAY).isoformat()
    return receipt_row({**told, "started_at": moment, "ended_at": moment}, "local")


def published(row: ReceiptRow, position: int) -> PublicationRow:
    return PublicationRow(row.id, "main", "ledger", 0, position, row.ended_at)


OLD, NEW, UNPUBLISHED = routed_row(1, 200), routed_row(2, 1), routed_row(3, 200)


def question(id_: str, answer: Answer | None = None) -> TaskApproval:
    return TaskApproval(id=id_, content_sha256="ab" * 32, answer=answer, by="ada" if answer else "")


LEDGER = (
    task(0, "old", 200),
    task(1, "asked", 190, outcome=TaskOutcome.WAITING, approval=question("q")),
    task(2, "answered", 185, outcome=TaskOutcome.WAITING, approval=question("p")),
    task(3, "yes", 184, approval=question("p", Answer.APPROVED)),
    task(4, "new", 1),
)
BOUNDS = Bounds(drift=NOW - 100 * DAY, tasks=NOW - 100 * DAY)


def take_over(projection: Projection) -> None:
    """Project the ledger from its beginning."""
    start = LedgerPositionRow("main", "ledger", 0)
    receipts = [(row, published(row, 10 + number)) for number, row in enumerate((OLD, NEW))]
    projection.take_over_ledger([LedgerStretch(start, start._replace(position=20, mark="19 00"), LEDGER, receipts)])


@pytest.fixture
def lived(tmp_path: Path, sample: Any) -> Projection:
    """A projection with old and new things of every kind; the clock of ``sample`` begins 59 days before ``NOW``."""
    projection = Projection(tmp_path / "state")
    declared = sample.declared()
    for days, topics in ((0, ["t0", "t1"]), (10, ["t1"]), (200, ["t1", "t2"]), (210, ["t1"])):
        seen = sample.observed((days - 200) * 1440)
        projection.record_observation(declared, seen, [sample.drift(topic) for topic in topics])
    begun = [AuditRow(f"{number}", NOW, "ada", "here", "main", "local", "p", "step") for number in range(20)]
    projection.record_audit([*begun, *(row._replace(outcome="applied") for row in begun)])
    projection.record_receipts([OLD, NEW, UNPUBLISHED])
    projection.record_publications([published(OLD, 10), published(NEW, 11)])
    take_over(projection)
    return projection


@pytest.fixture
def tables(table: Callable[..., list[Any]]) -> Callable[[Projection], Mapping[str, list[Any]]]:
    """Everything but the words of a drift, which no journal has."""
    columns = {"drift": "* EXCLUDE (detail)"}
    return lambda projection: {name: table(projection.folder, name, columns.get(name, "*")) for name in TABLES}


def rebuilt(projection: Projection) -> None:
    projection.rebuild()
    take_over(projection)
    projection.forget(BOUNDS)


def test_what_is_old_goes_and_what_must_stay_stays(lived: Projection, table: Callable[..., list[Any]]) -> None:
    foretold = lived.excess(BOUNDS)
    assert lived.excess(BOUNDS) == foretold, "to look changes nothing"
    done = lived.tidy(BOUNDS)
    assert (done.rows, done.lines) == (foretold.rows, foretold.lines)
    assert done.rows == {"drift_history": 1, "tasks": 3, "attempts": 1, "publications": 1, "receipts": 1}
    assert done.lines["audit"] == 20
    assert table(lived.folder, "tasks", "id") == [("asked",), ("new",)]
    assert table(lived.folder, "receipts", "id") == sorted([(NEW.id,), (UNPUBLISHED.id,)])
    assert [row.id for row in lived.unpublished("local")] == [UNPUBLISHED.id]
    assert len(table(lived.folder, "audit")) == 20
    assert lived.excess(BOUNDS) == Excess({}, {}, 0)
    assert lived.tidy(BOUNDS).none


def test_a_rebuild_makes_the_same(lived: Projection, tables: Any) -> None:
    lived.tidy(BOUNDS)
    before = tables(lived)
    rebuilt(lived)
    assert tables(lived) == before


def test_life_goes_on_behind_a_fold(lived: Projection, tables: Any, sample: Any) -> None:
    lived.tidy(BOUNDS)
    recorded = lived.record_observation(sample.declared(), sample.observed(20 * 1440), [sample.drift("t2")])
    assert recorded.resolved == (sample.drift("t1").key,)
    (t1,) = (row for row in lived.history("t1"))
    assert t1.first_seen == sample.at(-200 * 1440), "since when it was open is still known"
    lived.record_audit([AuditRow("new", NOW, "ada", "here", "main", "local", "p", "step")])
    before = tables(lived)
    rebuilt(lived)
    assert tables(lived) == before
    lived.file.unlink()
    assert len(lived.audited()) == 21


def test_folded_lines_are_packed_beside_the_journals(lived: Projection) -> None:
    lived.tidy(BOUNDS)
    assert {each.name for each in (lived.folder / "journal" / "archive").iterdir()} >= {"audit-40.jsonl.gz"}


@pytest.mark.parametrize("point", ["before the folds", "after one fold", "before the rows go", "in the new file"])
def test_what_is_ended_anywhere_is_finished_by_the_next(
    lived: Projection, tables: Any, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    def killed(*_: object) -> Any:
        raise KeyboardInterrupt

    fold, folds = Journal.fold, 0

    def one_fold(self: Journal[Any], *rest: Any) -> None:
        nonlocal folds
        if folds:
            raise KeyboardInterrupt
        folds += 1
        fold(self, *rest)

    with monkeypatch.context() as patched:
        match point:
            case "before the folds":
                patched.setattr(Journal, "fold", killed)
            case "after one fold":
                patched.setattr(Journal, "fold", one_fold)
            case "before the rows go":
                patched.setattr(store, "forget", killed)
            case "in the new file":
                patched.setattr(store, "free_bytes", lambda _: 1)
                patched.setattr(store, "copied", killed)
        with pytest.raises(KeyboardInterrupt):
            lived.tidy(BOUNDS)
    lived.tidy(BOUNDS)
    before = tables(lived)
    assert len(before["audit"]) == 20
    assert len(before["tasks"]) == 2
    rebuilt(lived)
    assert tables(lived) == before


def test_room_that_holds_nothing_is_given_back(
    lived: Projection, table: Callable[..., list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lived.record_receipts(routed_row(number, 1) for number in range(1000, 4000))
    lived.record_publications(published(routed_row(number, 1), number) for number in range(1000, 4000))
    monkeypatch.setattr(retention, "LEAST_FREE_BYTES", 1)
    size = lived.file.stat().st_size
    columns = table(lived.folder, "duckdb_columns() WHERE NOT internal", "table_name, column_name, data_type, comment")
    done = lived.tidy(Bounds(NOW - 100 * DAY, NOW))
    assert done.rows["receipts"] >= 3000
    assert table(lived.folder, "tasks", "id") == [("asked",), ("new",)], "the newest says how far the ledger is told"
    assert done.free_bytes > 0
    assert lived.file.stat().st_size < size * 0.6
    assert table(
        lived.folder, "duckdb_columns() WHERE NOT internal", "table_name, column_name, data_type, comment"
    ) == (columns)
    assert [row.id for row in lived.unpublished("local")] == [UNPUBLISHED.id]
    assert not lived.file.with_name("projection.duckdb.new").exists()


def test_where_nothing_is_remembered_nothing_is_made(tmp_path: Path) -> None:
    projection = Projection(tmp_path / "none")
    assert projection.excess(BOUNDS).none
    assert projection.tidy(BOUNDS).none
    assert not (tmp_path / "none").exists()
