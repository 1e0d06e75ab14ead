"""What is wrong, in words: grouped, bounded, and with nothing in it that could steer whoever reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from omni_assets.drift.diff import Drift
from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.verdict import Reason, Verdict
from omni_assets.operations.alerts.alert import Kind, Severity
from omni_assets.operations.alerts.wrong import (
    LONGEST,
    MOST_NAMED,
    FailedCheck,
    FailedRun,
    Money,
    approval_alerts,
    broker_alerts,
    budget_alerts,
    check_alerts,
    dead_letter_alerts,
    drift_alerts,
    run_alerts,
)
from omni_assets.projection.rows import TaskRow

AT = datetime(2026, 3, 1, tzinfo=UTC)


def drift(topic: str, verdict: Verdict, owner: str | None, kind: DriftKind = DriftKind.CONFIG) -> Drift:
    return Drift(topic, kind, "retention.ms", "1", "2", verdict, Reason.KEEPS_LESS, owner)


def task(node: str, reason: str = "", approval: str | None = None, ended_at: datetime = AT) -> TaskRow:
    empty = TaskRow(*([""] * len(TaskRow._fields)))  # type: ignore[arg-type]
    return empty._replace(id=f"id of {node}", node=node, reason=reason, approval=approval, ended_at=ended_at)


def test_drift_is_told_by_verdict_and_owner() -> None:
    found = [
        (drift("a", Verdict.NEEDS_APPROVAL, "router"), AT),
        (drift("b", Verdict.NEEDS_APPROVAL, "router"), AT + timedelta(hours=1)),
        (drift("c", Verdict.UNFIXABLE, "router"), AT),
        (drift("d", Verdict.NEEDS_APPROVAL, None), AT),
        (drift("e", Verdict.NEEDS_APPROVAL, "router", DriftKind.RETIRING), AT),
        (drift("f", Verdict.IN_SYNC, "router"), AT),
    ]
    alerts = {each.key: each for each in drift_alerts(found)}
    assert alerts.keys() == {"drift/needs_approval/router", "drift/unfixable/router", "drift/needs_approval/nobody"}
    both = alerts["drift/needs_approval/router"]
    assert (both.kind, both.severity, both.owner) == (Kind.DRIFT, Severity.WARNING, "router")
    assert both.title == "2 drifts of router: needs approval"
    assert both.newest == AT + timedelta(hours=1)
    assert both.text.splitlines()[:2] == ["- a: config retention.ms", "- b: config retention.ms"]
    assert alerts["drift/unfixable/router"].severity is Severity.ERROR
    assert alerts["drift/needs_approval/nobody"].owner == ""


def test_an_alert_is_bounded_however_much_is_wrong_and_whatever_it_is_called() -> None:
    found = [(drift(f"\x1b[31m{n}{'x' * 300}", Verdict.UNFIXABLE, "a\u202eb"), AT) for n in range(5_000)]
    (alert,) = drift_alerts(found)
    assert len(alert.text) <= LONGEST
    assert "\x1b" not in alert.text
    assert "\u202e" not in alert.key + alert.title + alert.owner
    few = [(drift(f"t{n}", Verdict.UNFIXABLE, "a"), AT) for n in range(MOST_NAMED + 3)]
    assert "- and 3 more\n" in drift_alerts(few)[0].text


@pytest.mark.parametrize(("spent", "told"), [("0.79", False), ("0.8", True), ("3", True)])
def test_a_budget_of_which_most_is_gone(spent: str, told: bool) -> None:
    alerts = budget_alerts([Money("planning", Decimal(spent), Decimal(1)), Money("", Decimal(0), Decimal(0))], 0.8)
    assert [each.key for each in alerts] == (["budget/planning"] if told else [])
    assert all(f"${Decimal(spent).normalize():f}" in each.text for each in alerts)


def test_a_broker_that_does_not_answer_is_given_time() -> None:
    away = timedelta(minutes=15)
    (alert,) = broker_alerts("no broker answers.", away)
    assert (alert.patience, alert.title) == (away, "the broker has not answered for 15 min")
    assert broker_alerts("", away) == ()


def test_checks_and_runs_have_a_key_of_their_own() -> None:
    (check,) = check_alerts([FailedCheck("declared_topics", "contracts_valid", Severity.ERROR, "1 error\x07")])
    assert (check.key, check.text) == ("check/declared_topics/contracts_valid", "1 error\\x07")
    (run,) = run_alerts([FailedRun("reconcile", "7", "no broker answers.")])
    assert (run.key, run.title) == ("run/reconcile", "a run of reconcile failed")
    assert run_alerts([FailedRun("reconcile", "8", "something else.")])[0].key == run.key


def test_dead_letters_of_a_node_are_told_once_they_are_many_with_their_reasons() -> None:
    failed = [*[task("echo", "it is no JSON\x1b[0m")] * 2, task("echo", "too late"), task("router", "too late")]
    (alert,) = dead_letter_alerts(failed, 3)
    assert (alert.key, alert.owner, alert.severity) == ("dead-letters/echo", "echo", Severity.ERROR)
    assert alert.title == "3 tasks of echo failed within an hour"
    assert alert.text.splitlines()[:2] == ["- it is no JSON\\x1b[0m (2)", "- too late (1)"]
    assert dead_letter_alerts(failed, 4) == ()


def test_questions_that_wait_are_one_alert_that_grows_with_the_newest() -> None:
    later = AT + timedelta(hours=1)
    (alert,) = approval_alerts([task("merger", approval="3f2a"), task("reviewer", ended_at=later)], timedelta(days=1))
    assert alert.title == "2 questions of agents waiting for longer than 1 d"
    assert alert.text.splitlines()[:2] == ["- merger: 3f2a", "- reviewer: id of reviewer"]
    assert alert.newest == later
    assert approval_alerts([], timedelta(days=1)) == ()
