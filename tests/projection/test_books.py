"""The books of the router, in one reading: by day and class, and what should not be so."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from omni_assets.projection.receipts import receipt_row
from omni_assets.projection.rows import Books, ReceiptRow, SpentRow, UncostedRow
from omni_assets.projection.store import Projection
from omni_assets.router.receipt import PriceSource, Receipt
from tests.support import receipts as made

DAY = timedelta(days=1)
NEXT = {"started_at": made.NOW + DAY, "ended_at": made.NOW + DAY, "budget_day": "2026-03-02"}
UNPRICED = made.cost(None, PriceSource.UNKNOWN)


def row(receipt: Receipt) -> ReceiptRow:
    return receipt_row(receipt.model_dump(mode="json"), "local")


def books(folder: Path, *receipts: Receipt, since: timedelta = timedelta()) -> Books:
    projection = Projection(folder)
    projection.record_receipts(map(row, receipts))
    return projection.books(made.NOW + since)


def test_without_a_receipt_they_are_empty(tmp_path: Path) -> None:
    assert Projection(tmp_path).books(made.NOW) == Books()
    assert books(tmp_path, made.receipt(1), since=DAY) == Books()


def test_a_row_a_day_and_class_adds_up_to_the_classes_and_the_whole(tmp_path: Path) -> None:
    found = books(
        tmp_path,
        made.receipt(1),
        made.receipt(2, made.rejected(), made.cloud(), audit=made.audit(agrees=False)),
        made.receipt(3, made.cloud(), task_class="code-review"),
        made.receipt(4, **NEXT),
    )
    assert [(day, each.group_name, each.tasks, each.false_accepts) for day, each in found.days_of_classes] == [
        (date(2026, 3, 1), "classification", 2, 1),
        (date(2026, 3, 1), "code-review", 1, 0),
        (date(2026, 3, 2), "classification", 1, 0),
    ]
    assert [(each.group_name, each.tasks) for each in found.classes] == [("classification", 3), ("code-review", 1)]
    assert [(each.group_name, each.tasks) for each in found.days] == [(date(2026, 3, 1), 3), (date(2026, 3, 2), 1)]
    assert found.total is not None
    assert found.total.spent_usd == sum(each.spent_usd for each in found.days) == Decimal("0.000954")


def test_what_ended_before_is_in_no_book_and_the_budget_of_its_day_is_whole(tmp_path: Path) -> None:
    early = made.receipt(1, made.cloud(), started_at=made.NOW - timedelta(hours=1), ended_at=made.NOW)
    late = made.receipt(2, made.cloud(), made.cloud(cost=made.cost(None)))
    found = books(tmp_path, early, late, since=timedelta(minutes=1))
    assert found.total is not None
    assert found.total.tasks == 1
    assert found.spent == (SpentRow("2026-03-01", "classification", Decimal("0.000054"), 1),)


def test_calls_without_cost_are_told_by_model_and_price_audits_included(tmp_path: Path) -> None:
    audit = made.audit().model_copy(update={"cost": UNPRICED})
    found = books(
        tmp_path,
        made.receipt(1, made.unanswered(cost=made.cost(None)), made.local(cost=UNPRICED), audit=audit),
        made.receipt(2, made.local(cost=UNPRICED)),
    )
    assert [each[:3] for each in found.uncosted] == [
        ("claude-sonnet", "unknown", 1),
        ("smollm2", "own-hardware", 1),
        ("smollm2", "unknown", 2),
    ]
    assert found.uncosted[0] == UncostedRow("claude-sonnet", "unknown", 1, made.receipt_id(1))


def test_receipts_with_findings_and_those_without_a_reason_are_troubled(tmp_path: Path) -> None:
    found = books(
        tmp_path,
        made.receipt(1, findings=("large at cloud: it charged more than was reserved",)),
        made.receipt(2, made.rejected(), failure=" "),
        made.receipt(3, made.rejected(), failure=None),
        made.receipt(4, made.rejected()),
        made.receipt(5),
    )
    assert [each.task_id for each in found.troubled] == ["task-3", "task-2", "task-1"]
    assert len(Projection(tmp_path).books(made.NOW, most_troubled=1).troubled) == 1
