"""What people look at most, at 80 and at 200 columns: nothing is wider than the terminal, and no name is in pieces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

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
from omni_assets.operations.observe import OpenDrift
from omni_assets.operations.routing.savings import By, Economics, Savings
from omni_assets.projection.rows import ReceiptSummary, SavingsRow, TaskSummary

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


def of_tasks(width):
    found = [
        TaskSummary(
            "3fb1c2aa" * 4, "local", "pull-request-opener", each, 0, 17, "pull-17", "e", "c", NOW, NOW, "dead-lettered",
            SAID, 3, Decimal("0.000271"), None, None, None,
        )
        for each in TOPICS
    ]  # fmt: skip
    return tasks_lines(found, NOW, width)


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


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("view", [of_drift, of_plan, of_tasks, of_receipts, of_savings])
def test_nothing_is_wider_than_the_terminal_and_no_topic_is_in_pieces(view, width):
    lines = ["".join(text for text, _ in line) for line in view(width)]
    assert max(map(columns, lines)) <= width
    assert any(WIDE in line for line in lines)
    assert any(LONG in line for line in lines) or view is of_plan
    assert any(r"onex.evt.\x1b[31mred\u202e.done.v1" in line for line in lines)
    assert not any(letter in line for line in lines for letter in "\x1b\u202e")


@pytest.mark.parametrize("view", [of_drift, of_tasks, of_receipts, of_savings])
def test_a_wide_terminal_has_a_row_on_a_line(view):
    lines = ["".join(text for text, _ in line) for line in view(200)]
    header = [word for word in lines[0].split("  ") if word]
    assert len(header) >= 7
    assert sum(WIDE in line for line in lines) == 1
