"""What people look at most, at 80 and at 200 columns: nothing is wider than the terminal, and no name is in pieces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from omni_assets.agents.task_receipt import TaskAttempt, TaskOutcome, TaskResult
from omni_assets.cli.views.chain import chain_lines
from omni_assets.cli.views.drift import drift_lines
from omni_assets.cli.views.plan import plan_lines
from omni_assets.cli.views.receipts import receipts_lines
from omni_assets.cli.views.savings import savings_lines
from omni_assets.cli.views.tasks import tasks_lines
from omni_assets.contracts.model import Location
from omni_assets.contracts.text import columns
from omni_assets.drift.diff import Drift
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.plan import Action, Plan, Step
from omni_assets.drift.verdict import Reason, Verdict
from omni_assets.operations.agents.chains import chained
from omni_assets.operations.agents.tasks import Chain
from omni_assets.operations.observe import OpenDrift
from omni_assets.operations.routing.savings import By, Economics, Savings
from omni_assets.projection.rows import ReceiptSummary, SavingsRow, TaskSummary
from tests.support import task_receipts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LONG = "onex.evt.pull-request-opener.pull-request-opened-for-review.v1"
WIDE = "onex.evt.评审者.评审完成.v1"
HOSTILE = "onex.evt.\x1b[31mred\u202e.done.v1"
TOPICS = (LONG, WIDE, HOSTILE)
SAID = "records are kept longer than now, and none is lost; " * 3


def drift():
    place = Location("contracts/pull-request-opener/contract.yaml", 14, 7)
    return [
        Drift(topic, DriftKind.CONFIG, "retention.ms", "604800000", "86400000", verdict, reason, owner, place, SAID)
        for topic, verdict, reason, owner in zip(
            TOPICS,
            (Verdict.AUTO_FIXABLE, Verdict.NEEDS_APPROVAL, Verdict.UNFIXABLE),
            Reason,
            ("pull-request-opener", "评审者", "red"),
            strict=False,
        )
    ]


def of_drift(width):
    return drift_lines([OpenDrift(each, NOW - timedelta(days=400)) for each in drift()], NOW, width)


def of_plan(width):
    steps = tuple(
        Step(
            "d4276d8f9a28",
            each.topic,
            each.kind,
            each.field,
            each.verdict,
            Action.SET_CONFIG,
            each.observed,
            each.declared,
            SAID,
            SAID,
            each.location and each.location.path,
            14,
        )
        for each in drift()[:2]
    )
    plan = Plan("c", "127.0.0.1:9092", "local", NOW, "hash", steps, tuple(drift()))
    return plan_lines(SimpleNamespace(plan=plan, brakes=(), calls=9), 0.2, width)


def task(topic, key="pull-17", cost="0.000271"):
    return TaskSummary(
        "3fb1c2aa" * 4, "local", "pull-request-opener", topic, 0, 17, key, "e", "c", NOW, NOW, "dead-lettered", SAID, 3,
        Decimal(cost), None, None, None,
    )  # fmt: skip


def of_tasks(width):
    return tasks_lines(
        [task(each, cost=cost) for each, cost in zip(TOPICS, ("0.000271", "0", "12.5"), strict=True)], NOW, width
    )


def of_receipts(width):
    found = [
        ReceiptSummary(
            "3fb1c2aa" * 4, "local", NOW, f"review-{each}", "code-review", "accepted", None, "SmolLM2-135M-Instruct", 2,
            1, 1_200, 900, 0, Decimal("0.000271"), 0, Decimal("12.5"), None, True,
        )
        for each in TOPICS
    ]  # fmt: skip
    return receipts_lines(found, NOW, width)


def of_savings(width):
    sums = [
        SavingsRow(
            each, 12_345, 11_000, 12_000, 1_000, 2_000_000, 1_500_000, 3, Decimal("1234.5"), Decimal("1.2"), 4, 10_000,
            Decimal(9_900), Decimal("8710.1"), "gpt-4.1", 50, 2,
        )
        for each in TOPICS
    ]  # fmt: skip
    return savings_lines(Savings(Economics(sums[0]), tuple(map(Economics, sums)), By.CLASS, None), width)


def of_chain(width):
    first = task_receipts.receipt("a" * 32, results=(TaskResult(topic=LONG, event_id="e1"),))
    following = [
        task_receipts.receipt(
            f"{number}{'b' * 31}", node="pull-request-opener", topic=topic, event_id="e1", key=f"评审/{number}",
            outcome=TaskOutcome.FAILED, reason=SAID, attempts=(TaskAttempt(number=1, seconds=1, reason=SAID),) * 2,
            results=(TaskResult(topic=LONG, event_id="e2"),),
        )
        for number, topic in enumerate(TOPICS)
    ]  # fmt: skip
    links = chained([first, *following])
    rows = {each.receipt.id: SimpleNamespace(routing="c" * 32) for each in links}
    return chain_lines(Chain(links, frozenset(), rows), width)


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("view", [of_drift, of_plan, of_tasks, of_receipts, of_savings, of_chain])
def test_nothing_is_wider_than_the_terminal_and_no_topic_is_in_pieces(view, width):
    lines = ["".join(text for text, _ in line) for line in view(width)]
    assert max(map(columns, lines)) <= width
    assert any(WIDE in line for line in lines)
    assert any(LONG in line for line in lines) or view is of_plan
    assert any(r"onex.evt.\x1b[31mred\u202e.done.v1" in line for line in lines)
    assert not any(letter in line for line in lines for letter in "\x1b\u202e")


def test_a_long_key_does_not_take_names_apart():
    lines = [
        "".join(text for text, _ in line) for line in tasks_lines([task(LONG, key="statistics/add-deviation")], NOW, 80)
    ]
    assert any(f"{LONG}/0/17" in line for line in lines)


def test_where_columns_do_not_fit_one_alone_folds():
    declared = "read by pull-request-opener"
    said = Drift(LONG, DriftKind.SILENT_READER, "", declared, None, Verdict.UNFIXABLE, next(iter(Reason)), "reviewer")
    lines = ["".join(text for text, _ in line) for line in drift_lines([OpenDrift(said, NOW)], NOW, 80)]
    assert any(line.startswith("  silent reader  read by") and "unfixable  reviewer" in line for line in lines)


def test_a_record_and_its_end_stand_on_a_line_each_where_one_has_no_room():
    shown = {width: ["".join(text for text, _ in line) for line in of_chain(width)] for width in (80, 200)}
    (line,) = (line for line in shown[200] if f"{LONG}/0/0, key 评审/0, ended" in line)
    assert columns(line) <= 200
    assert any(line.endswith(f"{LONG}/0/0") for line in shown[80])
    assert any(line.strip("│ ").startswith("key 评审/0, ended 2026-03-01 12:00:00 UTC") for line in shown[80])


@pytest.mark.parametrize(
    ("view", "titles"), [(of_tasks, ("COST",)), (of_receipts, ("COST", "SAVED")), (of_savings, ("SPENT", "AVOIDED"))]
)
def test_money_stands_to_the_right_of_its_column(view, titles):
    header, *lines = ["".join(text for text, _ in line) for line in view(200)]
    rows = [line for line in lines[: lines.index("") if "" in lines else None] if line.isascii() and "$" in line]
    assert len(rows) >= 2
    for title in titles:
        end = header.index(title) + len(title)
        assert all(row[end - 1] != " " and row[end : end + 2].strip() == "" for row in rows)


@pytest.mark.parametrize("view", [of_drift, of_tasks, of_receipts, of_savings])
def test_a_wide_terminal_has_a_row_on_a_line(view):
    lines = ["".join(text for text, _ in line) for line in view(200)]
    header = [word for word in lines[0].split("  ") if word]
    assert len(header) >= 7
    assert sum(WIDE in line for line in lines) == 1
