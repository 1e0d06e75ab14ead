"""Telling a real webhook and a real topic: once each, whatever ends the process that does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from omni_assets.agents.events import from_record
from omni_assets.broker import ledger
from omni_assets.errors import SettingsError
from omni_assets.operations.alerts.alert import Alert, Kind, Look, Severity
from omni_assets.operations.alerts.telling import TOPIC, WEBHOOK, channels, tell
from omni_assets.operations.context import Context
from omni_assets.operations.provision import provision
from omni_assets.projection.store import Projection
from tests.support.webhook import Webhook

ALERTS = "onex.evt.alerter.alert-raised.v1"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAILS = Alert(Kind.RUN, "run/a", Severity.ERROR, "a run of a failed", "why")
WRONG, WELL = Look(frozenset({Kind.RUN}), (FAILS,)), Look(frozenset({Kind.RUN}))

Resolve = Callable[..., Context]


def told(where: Context, look: Look, minutes: int = 0) -> tuple[int, tuple[str, ...]]:
    done = tell(where, look, channels(where), NOW + timedelta(minutes=minutes))
    return done.number, done.troubles


def test_it_is_told_once_and_its_end_too(context_of: Resolve, webhook: Webhook) -> None:
    where = context_of()
    assert [told(where, WRONG, n)[0] for n in range(3)] == [1, 0, 0]
    assert [told(where, WELL, n)[0] for n in (3, 4)] == [1, 0]
    assert webhook.texts == ["a run of a failed", "over: a run of a failed"]


def test_a_rebuilt_projection_tells_nothing_again(context_of: Resolve, webhook: Webhook) -> None:
    where = context_of()
    told(where, WRONG)
    Projection(where.home).rebuild()
    assert told(where, WRONG, 1) == (0, ())
    assert len(webhook.received) == 1


def test_what_the_webhook_does_not_take_is_told_the_next_time(context_of: Resolve, webhook: Webhook) -> None:
    where = context_of()
    webhook.answers = [500, 500, 500]
    number, troubles = told(where, WRONG)
    assert number == 0
    assert "it answered 500" in troubles[0]
    assert "hush" not in troubles[0]
    assert told(where, WRONG, 1) == (1, ())
    assert webhook.texts == ["a run of a failed"]
    journal = (where.home / "journal" / "alerts.jsonl").read_text()
    assert "hush" not in journal


def test_a_process_that_is_killed_before_it_notes_it_tells_it_once_more(
    context_of: Resolve, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, times = context_of(), 0
    record = Projection.record_alerts

    def killed(self: Projection, rows: Any) -> None:
        nonlocal times
        times += 1
        if times == 2:
            raise KeyboardInterrupt
        record(self, rows)

    with monkeypatch.context() as patched:
        patched.setattr(Projection, "record_alerts", killed)
        with pytest.raises(KeyboardInterrupt):
            told(where, WRONG)
    assert [told(where, WRONG, n)[0] for n in (1, 2)] == [1, 0]
    assert webhook.texts == ["a run of a failed"] * 2


def test_what_people_do_not_want_to_hear_of_is_not_told(context_of: Resolve, webhook: Webhook, tmp_path: Path) -> None:
    (tmp_path / "omni.toml").write_text('alerts = { least = "error" }\n')
    mild = replace(FAILS, severity=Severity.WARNING)
    assert told(context_of(), replace(WRONG, alerts=(mild,))) == (0, ())
    assert told(context_of(), WRONG) == (1, ())


def test_nobody_asked(context_of: Resolve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMNI_ALERT_WEBHOOK", raising=False)
    assert channels(context_of()) == {}
    monkeypatch.setenv("OMNI_ALERT_WEBHOOK", "http://hooks.example/hush")
    with pytest.raises(SettingsError):
        channels(context_of())


@pytest.mark.broker
def test_the_topic_has_an_event_of_each_and_its_readers_know_one_that_came_twice(
    context_of: Resolve, write_contract: Callable[..., Path], broker: Any, webhook: Webhook, tmp_path: Path
) -> None:
    write_contract(f"event_bus: {{publish_topics: [{ALERTS}]}}\n", "alerter")
    (tmp_path / "omni.toml").write_text('alerts = { node = "alerter" }\n')
    where = context_of(broker.bootstrap_servers)
    number, troubles = told(where, WRONG)
    assert number == 1
    assert f"`{ALERTS}` is not at" in troubles[0]
    provision(where, where.manifest(), trigger="test")
    assert told(where, WRONG, 1) == (1, ())
    rows = {row.key: row for row in Projection(where.home).alerts(where.environment)}
    assert rows["run/a"].told == "topic webhook"
    # As if the process had been killed before it could note that.
    Projection(where.home).record_alerts([rows["run/a"]._replace(told=WEBHOOK)])
    assert told(where, WRONG, 2) == (1, ())
    told(where, WELL, 3)
    found = list(ledger.read(where.connection, ALERTS, 1))
    events = [
        from_record(None, each.value, [(name, value.encode()) for name, value in each.headers.items()])
        for each in found
    ]
    assert [json.loads(each.data)["occasion"] for each in events] == ["appeared", "appeared", "over"]
    assert events[0].id == events[1].id != events[2].id
    assert {(each.type, each.subject, each.source) for each in events} == {(ALERTS, "run/a", "/omni-assets/alerter")}
    assert {each.key for each in found} == {"run/a"}
    assert len(webhook.received) == 2


def test_a_node_that_owns_no_topic_of_alerts_keeps_nobody_else_from_hearing(
    context_of: Resolve, write_contract: Callable[..., Path], webhook: Webhook, tmp_path: Path
) -> None:
    write_contract("event_bus: {publish_topics: []}\n", "alerter")
    (tmp_path / "omni.toml").write_text('alerts = { node = "alerter" }\n')
    number, troubles = told(context_of("127.0.0.1:1"), WRONG)
    assert number == 1
    assert troubles[0].startswith("the node `alerter` publishes 0 events")
    assert TOPIC not in webhook.texts
