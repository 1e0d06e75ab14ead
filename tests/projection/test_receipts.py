"""Receipts and their attempts: in the journal first, once each, and back from it alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from omni_assets.errors import JournalDamaged
from omni_assets.projection.question import ask
from omni_assets.projection.receipts import attempt_rows, receipt_row
from omni_assets.projection.rows import LedgerPositionRow, LedgerStretch, PublicationRow, Rebuilt, ReceiptRow
from omni_assets.projection.store import Projection
from omni_assets.router.receipt import Outcome, Receipt
from tests.support import receipts as made

ESCALATED = made.receipt(2, made.rejected(), made.unanswered(cost=made.cost(None)), made.cloud(), audit=made.audit())


def row(receipt: Receipt, environment: str = "local") -> ReceiptRow:
    return receipt_row(receipt.model_dump(mode="json"), environment)


def stretch(*receipts: tuple[ReceiptRow, PublicationRow]) -> LedgerStretch:
    """A ledger's partition from its beginning on, with those receipts alone."""
    start = LedgerPositionRow("main", "ledger", 0)
    return LedgerStretch(start, start._replace(position=len(receipts)), (), receipts)


def test_a_receipt_comes_back_as_it_was(tmp_path: Path) -> None:
    projection = Projection(tmp_path)
    projection.record_receipts([row(ESCALATED), row(made.receipt(1))])
    (found,) = projection.receipts_of(ESCALATED.id)
    assert found == row(ESCALATED)
    assert Receipt.model_validate_json(found.document) == ESCALATED
    assert found.audit_usd == Decimal("0.0009")
    assert found.cost_usd is None, "one of its calls has no known cost"


def test_attempts_are_rows_of_their_own(tmp_path: Path) -> None:
    Projection(tmp_path).record_receipts([row(ESCALATED)])
    question = "SELECT number, model, location, outcome, cost_usd, failure_kind, checks FROM attempts ORDER BY number"
    first, second, third = ask(tmp_path, question).rows
    assert first[:6] == (1, "smollm2", "local", "rejected", "0.000000000", None)
    assert second[:6] == (2, "smollm2", "local", "failed", None, "timeout")
    assert third[:6] == (3, "gpt-4o-mini", "cloud", "accepted", "0.000027000", None)
    assert [check["verdict"] for check in json.loads(first[6])] == ["passed", "failed"]


def test_many_receipts_are_one_line_each_and_one_transaction(tmp_path: Path, table: Callable[..., list[Any]]) -> None:
    projection = Projection(tmp_path)
    projection.record_receipts(row(made.receipt(number)) for number in range(1200))
    assert len((tmp_path / "journal" / "receipts.jsonl").read_bytes().splitlines()) == 1200
    assert len(table(tmp_path, "receipts", "id")) == len(table(tmp_path, "attempts", "receipt")) == 1200


def test_the_same_receipt_again_changes_nothing(tmp_path: Path, table: Callable[..., list[Any]]) -> None:
    projection = Projection(tmp_path)
    projection.record_receipts([row(ESCALATED)])
    before = table(tmp_path, "receipts"), table(tmp_path, "attempts")
    projection.record_receipts([row(ESCALATED), row(ESCALATED)])
    assert (table(tmp_path, "receipts"), table(tmp_path, "attempts")) == before


def test_the_journal_alone_brings_them_back(tmp_path: Path, table: Callable[..., list[Any]]) -> None:
    projection = Projection(tmp_path)
    projection.record_receipts([row(ESCALATED), row(made.receipt(1))])
    projection.record_publications([_published(ESCALATED)])
    names = ("receipts", "attempts", "publications", "journal_position")
    before = [table(tmp_path, name) for name in names]
    assert projection.rebuild() == Rebuilt()._replace(receipts=2, attempts=4, publications=1)
    assert [table(tmp_path, name) for name in names] == before
    projection.file.unlink()
    assert projection.publications(ESCALATED.id) == (_published(ESCALATED),)


def test_what_a_ledger_has_needs_no_journal(tmp_path: Path) -> None:
    projection = Projection(tmp_path)
    assert projection.take_over_ledger([stretch((row(ESCALATED), _published(ESCALATED)))])
    assert projection.receipts_of("") == (row(ESCALATED),)
    assert projection.unpublished("local") == ()
    assert not (tmp_path / "journal" / "receipts.jsonl").exists()


def test_nobody_elses_word_changes_a_receipt_that_is_known(tmp_path: Path, table: Callable[..., list[Any]]) -> None:
    projection = Projection(tmp_path)
    projection.record_receipts([row(made.receipt(1))])
    before = table(tmp_path, "receipts"), table(tmp_path, "attempts")
    forged = made.receipt(1, made.rejected(), made.cloud())
    assert projection.take_over_ledger([stretch(*[(row(forged), _published(forged))] * 2)])
    assert (table(tmp_path, "receipts"), table(tmp_path, "attempts")) == before
    assert len(projection.publications(forged.id)) == 1


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (("cost_usd",), 7, "`cost_usd` is not text"),
        (("cost_usd",), "NaN", "`cost_usd` is no sum of money"),
        (("saved_usd",), "0.0000000001", "`saved_usd` is no sum of money to a billionth"),
        (("cost_usd",), "1e9", "`cost_usd` is no sum of money to a billionth"),
        (("ended_at",), "2026-01-01T00:00:00", "`ended_at` has no time zone"),
        (("prompt_version",), True, "`prompt_version` is no whole number"),
        (("prompt_version",), 2**31, "`prompt_version` is too large a number"),
        (("explored",), "no", "`explored` is neither true nor false"),
        (("attempts",), None, "is not a list"),
        (("attempts", 0), [], "a receipt is made of JSON objects"),
        (("attempts", 0, "usage", "input_tokens"), 1.5, "`usage.input_tokens` is no whole number"),
        (("attempts", 0, "latency_seconds"), None, "`latency_seconds` is no number"),
        (("baseline", "cost"), "free", "a receipt is made of JSON objects"),
    ],
)
def test_a_line_that_is_no_receipt_is_named(tmp_path: Path, place: tuple[Any, ...], value: object, words: str) -> None:
    projection = Projection(tmp_path)
    projection.record_receipts([row(ESCALATED)])
    journal = tmp_path / "journal" / "receipts.jsonl"
    record = json.loads(journal.read_text())
    target = record["receipt"]
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    journal.write_text(json.dumps(record) + "\n")
    projection.file.unlink()
    with pytest.raises(JournalDamaged, match=r"receipts.jsonl:1 cannot be read: ") as caught:
        projection.receipts_of("")
    assert words in caught.value.message


def test_unpublished_receipts_are_those_of_an_environment_that_no_ledger_has(tmp_path: Path) -> None:
    projection = Projection(tmp_path)
    mine = [made.receipt(number) for number in range(4)]
    theirs = row(made.receipt(9), "staging")
    projection.record_receipts([*map(row, mine), theirs])
    projection.record_publications([_published(mine[1])])
    assert projection.unpublished("local") == tuple(map(row, (mine[0], mine[2], mine[3])))
    assert projection.unpublished("local", skip=1, limit=1) == (row(mine[2]),)
    assert projection.unpublished("staging") == (theirs,)
    assert [projection.unpublished_count(each) for each in ("local", "staging", "none")] == [3, 1, 0]


def test_receipts_are_found_by_class_model_outcome_and_time(tmp_path: Path) -> None:
    projection = Projection(tmp_path)
    failed = made.receipt(3, made.rejected(), task_class="code-review")
    projection.record_receipts(map(row, (made.receipt(1), ESCALATED, failed)))

    def found(**asked: Any) -> list[str]:
        return [each.task_id for each in projection.receipts(**asked)]

    assert found() == ["task-3", "task-2", "task-1"]
    assert found(limit=1) == ["task-3"]
    assert found(task_class="code-review") == ["task-3"]
    assert found(model="gpt-4o-mini") == ["task-2"]
    assert found(model="smollm2") == ["task-3", "task-2", "task-1"], "who asked it counts, not only who kept to it"
    assert found(outcome="failed") == ["task-3"]
    assert found(since=made.NOW + timedelta(minutes=2)) == ["task-3", "task-2"]
    assert found(task_class="nothing") == []


def test_a_receipt_in_a_list_has_its_sums(tmp_path: Path) -> None:
    projection = Projection(tmp_path)
    projection.record_receipts([row(ESCALATED)])
    (found,) = projection.receipts()
    assert (found.attempts, found.escalations) == (3, 1), "a retry of the same model is no escalation"
    assert (found.local_tokens, found.tokens, found.calls_without_tokens) == (120, 120 + 120 + 140, 1)
    assert (found.spent_usd, found.calls_without_cost) == (Decimal("0.000927"), 1)
    assert (found.published, found.saved_usd) == (False, None)
    projection.record_publications([_published(ESCALATED)])
    assert projection.receipts()[0].published


def test_savings_are_sums_of_what_is_known(tmp_path: Path) -> None:
    projection = Projection(tmp_path)
    kept = (
        made.receipt(1),
        made.receipt(2, made.rejected(), made.cloud(), audit=made.audit(agrees=False)),
        made.receipt(3, made.rejected(), made.cloud(outcome="rejected"), task_class="code-review"),
        made.receipt(4, made.cloud(cost=made.cost(None)), audit=made.audit(agrees=None)),
        made.receipt(5, baseline=None, audit=made.audit(agrees=True)),
    )
    projection.record_receipts(map(row, kept))
    (total,) = projection.savings()
    assert (total.group_name, total.tasks, total.accepted, total.attempted, total.escalated) == (None, 5, 4, 5, 2)
    assert (total.local_tokens, total.tokens) == (4 * 120, 7 * 120 + 3 * 140)
    assert total.spent_usd == Decimal("0.000027") * 2 + Decimal("0.0009") * 3
    assert total.unsuccessful_usd == Decimal("0.000027")
    assert total.calls_without_cost == 1
    known = [each.saved_usd for each in kept if each.saved_usd is not None]
    assert (total.compared, total.avoided_usd) == (2, sum(known))
    assert total.baseline_usd == Decimal("0.002")
    assert total.baselines == "claude-sonnet"
    assert (total.audited, total.false_accepts) == (2, 1), "an audit that could not be compared says nothing"


def test_savings_are_told_by_class_model_and_day(tmp_path: Path) -> None:
    projection = Projection(tmp_path)
    late = {"ended_at": made.NOW + timedelta(days=1), "task_class": "code-review"}
    projection.record_receipts(map(row, (made.receipt(1), made.receipt(2, made.cloud(), **late), FAILED)))
    assert [(each.group_name, each.tasks) for each in projection.savings("class")] == [
        ("classification", 2),
        ("code-review", 1),
    ]
    assert {each.group_name: each.tasks for each in projection.savings("model")} == {
        "gpt-4o-mini": 1,
        "smollm2": 1,
        None: 1,
    }
    assert [(str(each.group_name), each.tasks) for each in projection.savings("day")] == [
        ("2026-03-01", 2),
        ("2026-03-02", 1),
    ]
    assert [each.tasks for each in projection.savings("class", since=made.NOW + timedelta(hours=9))] == [1]


FAILED = made.receipt(7, made.rejected())


def test_nothing_kept_is_nothing_saved(tmp_path: Path) -> None:
    projection = Projection(tmp_path)
    assert projection.savings() == projection.receipts() == projection.receipt_documents(9) == ()
    projection.record_receipts([row(FAILED)])
    assert projection.savings(since=made.NOW + timedelta(days=9)) == ()


def test_the_newest_documents_come_first(tmp_path: Path) -> None:
    projection = Projection(tmp_path)
    projection.record_receipts(map(row, (made.receipt(1), made.receipt(3), made.receipt(2))))
    found = [Receipt.model_validate_json(each).task_id for each in projection.receipt_documents(2)]
    assert found == ["task-3", "task-2"]


def test_a_task_without_an_attempt_is_a_row(tmp_path: Path) -> None:
    nothing = made.receipt(1).model_copy(update={"attempts": (), "outcome": Outcome.FAILED, "model": None})
    Projection(tmp_path).record_receipts([row(nothing)])
    (found,) = Projection(tmp_path).receipts()
    assert (found.attempts, found.escalations, found.tokens, found.spent_usd) == (0, 0, 0, 0)
    assert attempt_rows(row(nothing)) == ()


def _published(receipt: Receipt) -> PublicationRow:
    return PublicationRow(receipt.id, "main", "ledger", 3, 17, made.NOW)
