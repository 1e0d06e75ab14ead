"""The books as an asset: rows, figures, a picture, and a check for each thing that can be wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.pipeline.routing.keys import ROUTING_ECONOMICS, ROUTING_POSTERIORS
from omni_assets.router.receipt import PriceSource, Receipt
from tests.support import receipts as made

pytestmark = pytest.mark.dagster

MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
CHECKS = {
    "false_accepts_within_floor",
    "budget_kept",
    "prices_known",
    "failures_explained",
    "nothing_found_by_the_way",
}

Refresh = Callable[[], dg.ExecuteInProcessResult]


def receipt(number: int, *attempts: Any, days_ago: int = 0, **changed: Any) -> Receipt:
    """A receipt of the class ``sorting`` that ended at the beginning of a day."""
    at = MIDNIGHT - timedelta(days=days_ago)
    stated = {"task_class": "sorting", "started_at": at, "ended_at": at, "budget_day": at.date().isoformat()}
    return made.receipt(number, *attempts, **{**stated, **changed})


def said(result: dg.ExecuteInProcessResult, asset: dg.AssetKey = ROUTING_ECONOMICS) -> dict[str, Any]:
    (event,) = (each for each in result.get_asset_materialization_events() if each.asset_key == asset)
    return {name: getattr(value, "value", value) for name, value in event.materialization.metadata.items()}


def check(result: dg.ExecuteInProcessResult, name: str) -> dg.AssetCheckEvaluation:
    return next(each for each in result.get_asset_check_evaluations() if each.check_name == name)


def offending(found: dg.AssetCheckEvaluation) -> list[dict[str, Any]]:
    (table,) = (value.value for name, value in found.metadata.items() if name.startswith("offending"))
    return [dict(each.data) for each in table.records]


def class_with(folder: Path, **fields: str) -> None:
    """Change fields of the class ``sorting``."""
    path = folder / "contracts" / "task_classes" / "sorting.yaml"
    lines = [line for line in path.read_text().splitlines() if line.split(":")[0] not in fields]
    path.write_text("\n".join([*lines, *(f"{name}: {value}" for name, value in fields.items())]) + "\n")


@pytest.fixture
def refresh(routed: ProjectResource, instance: dg.DagsterInstance) -> Refresh:
    def run() -> dg.ExecuteInProcessResult:
        job = build(routed).resolve_job_def("refresh_routing")
        return job.execute_in_process(instance=instance, raise_on_error=False)

    return run


def test_without_a_receipt_nothing_is_known_and_nothing_is_wrong(refresh: Refresh) -> None:
    result = refresh()
    assert result.success
    figures = said(result)
    assert (figures["dagster/row_count"], figures["tasks"], figures["spent_usd"]) == (0, 0, 0)
    assert figures["chart"] == "No task ended in the last 30 days."
    assert not {"local_share", "avoided_usd", "false_accept_rate", "yesterday_tasks"} & figures.keys()
    assert {each.check_name: each.passed for each in result.get_asset_check_evaluations()} == dict.fromkeys(
        CHECKS, True
    )
    assert said(result, ROUTING_POSTERIORS)["dagster/row_count"] == 0


def test_rows_are_days_and_classes_and_the_figures_are_their_sums(
    refresh: Refresh, remember: Callable[..., None]
) -> None:
    remember(
        receipt(1),
        receipt(2, made.rejected(), made.cloud(), audit=made.audit(agrees=False)),
        receipt(3, made.cloud(), days_ago=1),
        receipt(4, days_ago=1, task_class="code-review"),
        receipt(5, days_ago=29, audit=made.audit()),
        receipt(6, days_ago=30),
    )
    figures = said(refresh())
    rows = [dict(each.data) for each in figures["by_day_and_class"].records]
    day = [(MIDNIGHT - timedelta(days=number)).date().isoformat() for number in (0, 1, 29)]
    assert [(row["day"], row["task_class"], row["tasks"]) for row in rows] == [
        (day[0], "sorting", 2),
        (day[1], "sorting", 1),
        (day[1], "code-review", 1),
        (day[2], "sorting", 1),
    ]
    assert figures["tasks"] == figures["accepted"] == 5
    assert figures["spent_usd"] == pytest.approx(sum(row["spent_usd"] for row in rows)) == pytest.approx(0.001854)
    assert figures["escalation_rate"] == 0.2
    assert (figures["audited"], figures["false_accepts"], figures["false_accept_rate"]) == (2, 1, 0.5)
    assert rows[0]["false_accept_rate"] == 1
    assert rows[1]["false_accept_rate"] is None, "of what nobody audited it is not known"
    assert figures["yesterday_tasks"] == 2
    assert figures["yesterday_local_share"] == 0.5
    assert "yesterday_false_accept_rate" not in figures
    assert figures["baseline"] == "claude-sonnet"
    assert figures["chart"].startswith("![")


def test_false_accepts_are_held_against_the_floor_of_their_class(
    refresh: Refresh, remember: Callable[..., None], tmp_path: Path
) -> None:
    class_with(tmp_path, quality_floor="0.8")
    audits = (True, True, True, False)
    remember(*(receipt(number, audit=made.audit(agrees=agrees)) for number, agrees in enumerate(audits)))
    found = check(refresh(), "false_accepts_within_floor")
    assert not found.passed
    assert found.severity is dg.AssetCheckSeverity.WARN, "one in four may be chance"
    (row,) = offending(found)
    assert (row["task_class"], row["audited"], row["false_accepts"]) == ("sorting", 4, 1)
    assert (row["rate"], row["allowed"]) == (0.25, 0.2)
    assert row["at_least"] < 0.2
    remember(*(receipt(number, audit=made.audit(agrees=number > 7)) for number in range(4, 20)))
    found = check(refresh(), "false_accepts_within_floor")
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    remember(*(receipt(number, audit=made.audit(agrees=False)) for number in range(20, 30)))
    found = check(refresh(), "false_accepts_within_floor")
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert offending(found)[0]["at_least"] > 0.2
    class_with(tmp_path, quality_floor="0.4")
    assert check(refresh(), "false_accepts_within_floor").passed


def test_a_floor_that_is_not_known_is_not_met(refresh: Refresh, remember: Callable[..., None]) -> None:
    remember(receipt(1, audit=made.audit(), task_class="gone"), receipt(2), receipt(3, task_class="unaudited"))
    found = check(refresh(), "false_accepts_within_floor")
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert [(row["task_class"], row["allowed"]) for row in offending(found)] == [("gone", None)]
    assert found.metadata["classes_without_audit"].value == 2


def test_a_budget_is_held_by_day_and_by_class(refresh: Refresh, remember: Callable[..., None], tmp_path: Path) -> None:
    remember(*(receipt(number, made.cloud(), days_ago=number % 2) for number in range(5)))
    assert check(refresh(), "budget_kept").passed
    (tmp_path / "omni.toml").write_text(
        "[router.budget]\nper_day_usd = 0.00006\n[router.budget.classes]\nsorting = 0.00005\nother = 0\n"
    )
    found = check(refresh(), "budget_kept")
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.ERROR)
    today, yesterday = (str((MIDNIGHT - timedelta(days=number)).date()) for number in (0, 1))
    assert [(row["day"], row["task_class"], row["spent_usd"], row["limit_usd"]) for row in offending(found)] == [
        (yesterday, "sorting", 0.000054, 0.00005),
        (today, "all together", 0.000081, 0.00006),
        (today, "sorting", 0.000081, 0.00005),
    ]


def test_a_price_that_is_not_known_is_named_and_tokens_that_are_not_are_counted(
    refresh: Refresh, remember: Callable[..., None]
) -> None:
    unmeasured = made.cost(None, PriceSource.REFERENCE)
    remember(receipt(1, made.unanswered(cost=unmeasured), made.cloud()))
    found = check(refresh(), "prices_known")
    assert found.passed
    assert found.metadata["calls_of_known_price_without_tokens"].value == 1
    remember(receipt(2, made.local(cost=made.cost(None, PriceSource.UNKNOWN))))
    found = check(refresh(), "prices_known")
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert offending(found) == [
        {"model": "smollm2", "price_source": "unknown", "calls": 1, "receipt": made.receipt_id(2)}
    ]


def test_failures_have_reasons_and_findings_are_listed(refresh: Refresh, remember: Callable[..., None]) -> None:
    remember(
        receipt(1, made.rejected()),
        receipt(2, made.rejected(), failure=None),
        receipt(3, findings=("large: it charged \x1b[31mmore",)),
    )
    result = refresh()
    unexplained, found = check(result, "failures_explained"), check(result, "nothing_found_by_the_way")
    assert (unexplained.passed, unexplained.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert [row["task"] for row in offending(unexplained)] == ["task-2"]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert [(row["task"], row["finding"]) for row in offending(found)] == [
        ("task-3", r"large: it charged \x1b[31mmore")
    ]


def test_checks_can_be_judged_without_the_asset(
    routed: ProjectResource, instance: dg.DagsterInstance, remember: Callable[..., None]
) -> None:
    remember(receipt(1, made.rejected(), failure=None))
    only = dg.AssetSelection.checks(dg.AssetCheckKey(ROUTING_ECONOMICS, "failures_explained"))
    defs = dg.Definitions.merge(build(routed), dg.Definitions(jobs=[dg.define_asset_job("one_check", only)]))
    result = defs.resolve_job_def("one_check").execute_in_process(instance=instance, raise_on_error=False)
    assert result.get_asset_materialization_events() == []
    assert [each.check_name for each in result.get_asset_check_evaluations()] == ["failures_explained"]


def test_it_runs_every_day_by_itself(routed: ProjectResource) -> None:
    schedule = build(routed).get_repository_def().get_schedule_def("routing_daily")
    assert (schedule.cron_schedule, schedule.job_name) == ("10 0 * * *", "refresh_routing")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING


def test_every_asset_says_who_owns_it_and_what_its_columns_are(routed: ProjectResource) -> None:
    for spec in build(routed).resolve_all_asset_specs():
        if spec.group_name == "routing":
            assert spec.owners == ["team:platform"]
            assert spec.description
            columns = spec.metadata["dagster/column_schema"].columns
            assert columns
            assert all(column.description for column in columns)
