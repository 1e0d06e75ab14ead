"""The sensors of alerts: on a real instance, from what really happened there, to a real webhook."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from confluent_kafka.admin import NewTopic

from omni_assets.errors import ProjectionDamaged
from omni_assets.operations.alerts import looking
from omni_assets.pipeline.alerts import sensors
from omni_assets.pipeline.alerts.looking import look_at_checks, look_at_runs
from omni_assets.pipeline.alerts.sensors import NOBODY_ASKED
from omni_assets.pipeline.definitions import build
from omni_assets.pipeline.resources import ProjectResource
from omni_assets.router.money.budget import BUDGET_FILE, Budget
from omni_assets.settings import BudgetSettings
from tests.support.webhook import Webhook

pytestmark = pytest.mark.dagster

COMPLETE = "onex.evt.router.routing-complete.v1"
MISSPELT = "onex.evt.router.routing_complete.v1"

Projects = Callable[..., ProjectResource]
Writer = Callable[..., Path]
Reconcile = Callable[..., dg.ExecuteInProcessResult]
Tick = Callable[[str, ProjectResource], str]


@pytest.fixture
def tick(instance: dg.DagsterInstance) -> Tick:
    """Evaluates a sensor by its name, and gives what it says."""

    def evaluate(name: str, project: ProjectResource) -> str:
        defs = build(project)
        context = dg.build_sensor_context(instance=instance, resources={"project": project}, definitions=defs)
        data = defs.get_repository_def().get_sensor_def(name).evaluate_tick(context)
        assert not data.run_requests
        return data.skip_message or ""

    return evaluate


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Moves the clock of the sensors on."""

    def move(by: timedelta) -> None:
        class Later(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return datetime.now(tz) + by

        monkeypatch.setattr(sensors, "datetime", Later)

    return move


@pytest.mark.parametrize("name", ["drift_appeared", "budget_nearly_spent", "alerts"])
def test_where_nobody_asked_nothing_is_looked_at(
    name: str, tick: Tick, project: Projects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMNI_ALERT_WEBHOOK", raising=False)
    assert tick(name, project()) == NOBODY_ASKED


def test_a_webhook_that_is_none_is_a_skipped_tick_that_does_not_tell_it(
    tick: Tick, project: Projects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMNI_ALERT_WEBHOOK", "ftp://hooks.example/hush")
    said = tick("alerts", project())
    assert said.startswith("OMNI_ALERT_WEBHOOK is not an https address.")
    assert "hush" not in said


def test_what_cannot_be_looked_at_keeps_nothing_else_from_being_told(
    tick: Tick, project: Projects, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object) -> None:
        raise ProjectionDamaged("projection.duckdb", "it is a text file")

    monkeypatch.setattr(sensors, "look_at_tasks", damaged)
    monkeypatch.setattr(looking, "BROKER_SECONDS", 0.3)
    (project().context().home.parent / "omni.toml").write_text('alerts = { broker_away_for = "0s" }\n')
    said = tick("alerts", project())
    assert said.startswith("1 alert told, 1 of what was looked at wrong now. projection.duckdb cannot be read")
    assert webhook.texts == ["the broker has not answered for 0 s"]


@pytest.mark.broker
def test_drift_is_told_once_by_owner_and_when_it_is_over(
    tick: Tick, project: Projects, write_contract: Writer, broker: Any, reconcile: Reconcile, webhook: Webhook
) -> None:
    write_contract("router", publishes=[COMPLETE])
    at = project(broker.bootstrap_servers)
    assert "projected" in tick("drift_appeared", at)
    broker.client.create_topics([NewTopic(MISSPELT, 1, 1)])[MISSPELT].result(10)
    assert reconcile(at).success
    assert tick("drift_appeared", at) == "1 alert told, 1 of what was looked at wrong now."
    assert tick("drift_appeared", at) == "0 alerts told, 1 of what was looked at wrong now."
    (said,) = webhook.received
    assert said["text"] == "1 drift of nobody: needs approval"
    assert f"{MISSPELT}: orphaned" in said["blocks"][0]["text"]["text"]
    broker.client.delete_topics([MISSPELT])[MISSPELT].result(10)
    assert reconcile(at).success
    assert tick("drift_appeared", at) == "1 alert told, 0 of what was looked at wrong now."
    assert webhook.texts[1:] == ["over: 1 drift of nobody: needs approval"]


@pytest.mark.slow
@pytest.mark.broker
def test_a_job_that_fails_is_told_with_its_reason_and_when_it_works_again(
    instance: dg.DagsterInstance,
    tick: Tick,
    project: Projects,
    write_contract: Writer,
    broker: Any,
    reconcile: Reconcile,
    webhook: Webhook,
) -> None:
    write_contract("router", publishes=[COMPLETE])
    down, up = project(), project(broker.bootstrap_servers)
    assert not reconcile(down).success
    (alert,) = look_at_runs(instance, ["reconcile", "apply_plan"]).alerts
    assert "no broker answers at 127.0.0.1:1" in alert.text
    tick("alerts", down)
    assert "a run of reconcile failed" in webhook.texts[0]
    assert not reconcile(down).success
    tick("alerts", down)
    assert len(webhook.received) == 1
    assert reconcile(up).success
    tick("alerts", up)
    assert webhook.texts[1:] == ["over: a run of reconcile failed"]


@pytest.mark.broker
def test_run_failure_tells_at_once(
    instance: dg.DagsterInstance, project: Projects, write_contract: Writer, reconcile: Reconcile, webhook: Webhook
) -> None:
    write_contract("router", publishes=[COMPLETE])
    at = project()
    failed = reconcile(at)
    event = next(each for each in failed.all_events if each.event_type is dg.DagsterEventType.PIPELINE_FAILURE)
    context = dg.build_run_status_sensor_context(
        sensor_name="run_failure",
        dagster_event=event,
        dagster_instance=instance,
        dagster_run=failed.dagster_run,
        resources={"project": at},
    ).for_run_failure()
    sensor = build(at).get_repository_def().get_sensor_def("run_failure")
    sensor(context)
    assert webhook.texts == ["a run of reconcile failed"]


def test_a_check_that_fails_is_told_unless_another_alert_tells_more(
    instance: dg.DagsterInstance, tick: Tick, project: Projects, write_contract: Writer, webhook: Webhook
) -> None:
    write_contract("router", text="name: router\nevent_bus: {publish_topics: [not a topic at all.v1]}\n")
    at = project()
    defs = build(at)
    check = dg.AssetCheckKey(dg.AssetKey("declared_topics"), "contracts_valid")
    defs.resolve_job_def("reconcile").execute_in_process(instance=instance, raise_on_error=False)
    (alert,) = look_at_checks(instance, [check]).alerts
    assert alert.key == "check/declared_topics/contracts_valid"
    assert look_at_checks(instance, []).alerts == ()
    tick("alerts", at)
    assert "the check contracts_valid on declared_topics fails" in webhook.texts[0]


def test_a_budget_is_told_before_it_is_spent(tick: Tick, project: Projects, tmp_path: Path, webhook: Webhook) -> None:
    (tmp_path / "omni.toml").write_text("[router.budget]\nper_day_usd = 1\nclasses = { planning = 5 }\n")
    at = project()
    assert tick("budget_nearly_spent", at) == "0 alerts told, 0 of what was looked at wrong now."
    money = Budget(tmp_path / "state" / BUDGET_FILE, BudgetSettings(per_day_usd=Decimal(1)))
    reserved = money.reserve("planning", Decimal("0.85"))
    money.close()
    assert tick("budget_nearly_spent", at).startswith("1 alert told")
    assert tick("budget_nearly_spent", at).startswith("0 alerts told")
    assert reserved
    assert webhook.texts == ["the budget is nearly spent"]
    assert "$0.85 of $1" in webhook.received[0]["blocks"][0]["text"]["text"]


def test_a_broker_is_away_for_long_before_anybody_is_told(
    tick: Tick,
    project: Projects,
    webhook: Webhook,
    later: Callable[[timedelta], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(looking, "BROKER_SECONDS", 0.3)
    at = project()
    assert tick("alerts", at) == "0 alerts told, 1 of what was looked at wrong now."
    later(timedelta(minutes=14))
    assert tick("alerts", at).startswith("0 alerts told")
    later(timedelta(minutes=16))
    assert tick("alerts", at).startswith("1 alert told")
    assert webhook.texts == ["the broker has not answered for 15 min"]
    assert datetime.now(UTC).isoformat()[:4] in webhook.received[0]["blocks"][0]["text"]["text"]
