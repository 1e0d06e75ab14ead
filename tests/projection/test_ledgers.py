"""What a ledger holds comes into the tables once, however it is taken over: in pieces, again, or killed on the way."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omni_assets.agents.task_receipt import (
    Answer,
    EffectOutcome,
    TaskApproval,
    TaskAttempt,
    TaskEffect,
    TaskOutcome,
    TaskResult,
)
from omni_assets.projection import ledgers
from omni_assets.projection.question import ask
from omni_assets.projection.receipts import receipt_row
from omni_assets.projection.rows import LedgerPositionRow, LedgerStretch, PublicationRow, TaskRow
from omni_assets.projection.store import Projection
from omni_assets.projection.tasks import LedgerPlace, task_row
from tests.support import receipts as routed
from tests.support.task_receipts import NOW, receipt

TABLES = ("tasks", "task_repeats", "receipts", "attempts", "publications", "ledger_positions")
PARTITIONS = 2


def row(position: int, id_: str, partition: int = 0, cluster: str = "main", **changed: Any) -> TaskRow:
    document = {**receipt(id_, **changed).model_dump(mode="json", exclude={"routing"}), "routing": None}
    return task_row(document, "local", LedgerPlace(cluster, "ledger", partition, position))


def stretch(rows: list[TaskRow], start: LedgerPositionRow | None = None, end: int | None = None) -> LedgerStretch:
    """The rows of one partition, behind ``start`` or its beginning."""
    begun = start or LedgerPositionRow("main", "ledger", rows[0].ledger_partition if rows else 0)
    position = rows[-1].ledger_position + 1 if end is None else end
    receipts = []
    for each in rows:
        if each.id.startswith("r"):
            told = routed.receipt(int(each.id[1:]))
            place = (each.cluster, each.ledger, each.ledger_partition, each.ledger_position)
            receipts.append(
                (receipt_row(told.model_dump(mode="json"), "local"), PublicationRow(told.id, *place, each.ended_at))
            )
    return LedgerStretch(begun, begun._replace(position=position, mark=f"{position - 1} 00"), rows, receipts)


def test_a_receipt_is_a_row_of_all_that_it_says(tmp_path: Path) -> None:
    told = TaskApproval(id="q", content_sha256="ab" * 32, answer=Answer.REJECTED, by="ada")
    whole = row(
        7,
        "a",
        outcome=TaskOutcome.FAILED,
        reason="no such branch",
        attempts=(TaskAttempt(number=1, seconds=0.5, reason="busy"), TaskAttempt(number=2, seconds=1.5)),
        results=(TaskResult(topic="onex.evt.a.done.v1", event_id="e9"),),
        effects=(TaskEffect(name="merge", key="t/0/1/0", outcome=EffectOutcome.FOUND),),
        approval=told,
        deadline=NOW,
        idempotency_key="once",
        requeue_of="x",
        replay="r",
        replay_of="y",
        cost_usd=Decimal("0.000000001"),
    )
    assert Projection(tmp_path).take_over_ledger([stretch([whole])])
    assert Projection(tmp_path).tasks_named("a") == (whole,)
    (found,) = Projection(tmp_path).tasks_behind("main", "ledger", 0, 6)
    assert (found.deadline, found.idempotency_key, found.cost_usd) == (NOW, "once", Decimal("0.000000001"))
    assert (found.requeue_of, found.replay, found.replay_of) == ("x", "r", "y")
    assert (found.approval, found.approval_answer, found.approval_by) == ("q", "rejected", "ada")
    attempts = ask(tmp_path, "SELECT * FROM task_attempts ORDER BY number").rows
    assert attempts == (("a", 1, 0.5, "busy"), ("a", 2, 1.5, ""))
    assert ask(tmp_path, "SELECT * FROM task_results").rows == (("a", "onex.evt.a.done.v1", "e9"),)
    assert ask(tmp_path, "SELECT * FROM task_effects").rows == (("a", "merge", "t/0/1/0", "found"),)


@given(st.text(max_size=20), st.text(max_size=20))
@settings(max_examples=10)
def test_any_text_comes_back_as_utf_8_can_hold_it(key: str, reason: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Projection(Path(folder)).take_over_ledger([stretch([row(0, "a", key=key, reason=reason)])])
        (found,) = Projection(Path(folder)).tasks()
        assert (found.key, found.reason) == (key, reason)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"offset": 2**63}, "`offset` is no whole number"),
        ({"partition": 2**31}, "`partition` is too large a number"),
        ({"started_at": "2026-01-01T00:00:00"}, "`started_at` has no time zone"),
        ({"ended_at": "9999-12-31T23:59:59-12:00"}, "`ended_at` is no moment of this calendar"),
        ({"cost_usd": "NaN"}, "`cost_usd` is no sum of money"),
    ],
)
def test_what_no_column_can_hold_is_no_receipt(changed: dict[str, Any], words: str) -> None:
    document = {**receipt("a").model_dump(mode="json"), **changed}
    with pytest.raises(ValueError, match=words):
        task_row(document, "local", LedgerPlace("main", "ledger", 0, 0))


def test_a_receipt_that_stands_there_again_is_told_and_changes_nothing(tmp_path: Path) -> None:
    projection = Projection(tmp_path)
    first, again = row(0, "a"), row(3, "a", outcome=TaskOutcome.FAILED)
    assert projection.take_over_ledger([stretch([first, again, row(4, "b")])])
    assert projection.tasks_named("a") == (first,)
    (repeat,) = projection.task_repeats()
    assert (repeat.id, repeat.ledger_position, repeat.outcome) == ("a", 3, "failed")


def test_the_same_ledger_under_another_address_repeats_nothing(tmp_path: Path) -> None:
    projection = Projection(tmp_path)
    assert projection.take_over_ledger([stretch([row(0, "a")])])
    elsewhere = LedgerPositionRow("127.0.0.1:9", "ledger", 0)
    assert projection.take_over_ledger([stretch([row(0, "a", cluster="127.0.0.1:9")], elsewhere)])
    assert [(each.id, each.cluster) for each in projection.tasks_named("a")] == [("a", "main")]
    assert projection.task_repeats() == ()


def test_what_another_process_has_projected_since_is_not_written_again(tmp_path: Path) -> None:
    projection = Projection(tmp_path)
    mine, theirs = stretch([row(0, "a"), row(1, "b")]), stretch([row(0, "a")])
    assert projection.take_over_ledger([theirs])
    assert not projection.take_over_ledger([mine])
    assert projection.ledger_positions("main", "ledger") == {0: theirs.end}
    assert projection.take_over_ledger([stretch([row(1, "b")], theirs.end)])
    assert [each.id for each in projection.tasks_behind("main", "ledger", 0, -1)] == ["a", "b"]


def test_tasks_of_a_partition_are_told_in_its_order_and_no_more_than_asked_for(tmp_path: Path) -> None:
    projection = Projection(tmp_path)
    rows = [row(position, f"t{position}", ended_at=NOW) for position in (0, 2, 4, 7)]
    projection.take_over_ledger([stretch(rows), stretch([row(0, "other", 1)])])
    assert projection.tasks_behind("main", "ledger", 0, 0, 2) == tuple(rows[1:3])
    assert projection.tasks_behind("main", "ledger", 0, 7) == ()
    assert projection.tasks_behind("other", "ledger", 0, -1) == ()


def test_what_a_journal_says_of_a_receipt_counts_more_than_a_ledger(
    tmp_path: Path, table: Callable[..., list[Any]]
) -> None:
    told = routed.receipt(1)
    mine = receipt_row(told.model_dump(mode="json"), "mine")
    published = PublicationRow(told.id, "main", "ledger", 0, 5, NOW)
    ledgered = stretch([row(5, "r1")], end=6)
    for number, order in enumerate((("journal", "ledger"), ("ledger", "journal"))):
        projection = Projection(tmp_path / str(number))
        for each in order:
            if each == "journal":
                projection.record_receipts([mine])
                projection.record_publications([published])
            else:
                assert projection.take_over_ledger([ledgered])
        assert projection.receipts_of(told.id) == (mine,)
        assert projection.publications(told.id) == (published,)
    assert table(tmp_path / "0", "attempts") == table(tmp_path / "1", "attempts")


class _Killed(BaseException):
    """The process is gone."""


@contextmanager
def killed(at: str) -> Iterator[None]:
    """Whoever takes over meanwhile is killed before its transaction is committed, where ``at`` says so."""
    with pytest.MonkeyPatch.context() as patched, suppress(_Killed):
        if at == "killed":
            take_over = ledgers.take_over

            def dies(*given: Any) -> bool:
                take_over(*given)
                raise _Killed

            patched.setattr(ledgers, "take_over", dies)
        yield


# A ledger: for each partition the ids of its receipts in their order; "r…" have receipts of the router, "-" is none.
ledgers_of = st.lists(
    st.lists(st.sampled_from(["a", "b", "r1", "r2", "-"]), max_size=6), min_size=PARTITIONS, max_size=PARTITIONS
)
steps = st.lists(
    st.tuples(
        st.integers(0, PARTITIONS - 1),
        st.integers(1, 4),
        st.sampled_from(["", "killed", "late"]),
    ),
    max_size=8,
)


@pytest.mark.slow
@given(ledgers_of, steps)
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
def test_pieces_kills_and_repeats_come_to_the_same_tables(
    table: Callable[..., list[Any]], ledger: list[list[str]], steps: list[tuple[int, int, str]]
) -> None:
    # Ids are told apart by partition: a key's receipts stand in one.
    told = [
        [row(position, f"{id_}{number}", number) for position, id_ in enumerate(ids) if id_ != "-"]
        for number, ids in enumerate(ledger)
    ]

    def piece(partition: int, start: LedgerPositionRow, most: int) -> LedgerStretch:
        end = min(start.position + most, len(ledger[partition]))
        rows = [each for each in told[partition] if start.position <= each.ledger_position < end]
        others = sum(each == "-" for each in ledger[partition][start.position : end])
        made = stretch(rows, start, end)
        return made._replace(end=made.end._replace(others=start.others + others) if end > start.position else start)

    def stands(projection: Projection, partition: int) -> LedgerPositionRow:
        found = projection.ledger_positions("main", "ledger")
        return found.get(partition, LedgerPositionRow("main", "ledger", partition))

    with tempfile.TemporaryDirectory() as folder:
        once, pieces = Path(folder) / "once", Path(folder) / "pieces"
        for projection, way in ((Projection(once), []), (Projection(pieces), steps)):
            stale = {each: stands(projection, each) for each in range(PARTITIONS)}
            for partition, most, how in way:
                start = stale[partition] if how == "late" else stands(projection, partition)
                taken = piece(partition, start, most)
                if taken.end != start:
                    with killed(how):
                        projection.take_over_ledger([taken])
            rest = [piece(each, stands(projection, each), 99) for each in range(PARTITIONS)]
            assert projection.take_over_ledger([each for each in rest if each.end != each.start])
        for name in TABLES:
            assert table(pieces, name) == table(once, name), name
        others = table(once, "ledger_positions", "partition, others")
        assert others == [(number, ids.count("-")) for number, ids in enumerate(ledger) if ids]
