"""What is kept of a plan: who, when, what and how it ended; and nothing of how the broker was reached."""

from __future__ import annotations

import getpass
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from omni_assets.drift.kinds import DriftKind
from omni_assets.drift.plan.definition import Action, Plan, Step
from omni_assets.drift.verdict import Verdict
from omni_assets.operations.audit import Audit
from omni_assets.projection.store import Projection

SECRETS = {
    "OMNI_KAFKA_SASL_USERNAME": "u-5ecre7",
    "OMNI_KAFKA_SASL_PASSWORD": "p-5ecre7",
    "OMNI_KAFKA_SSL_KEY_PASSWORD": "k-5ecre7",
    "OMNI_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "OMNI_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
}
STEP = Step(
    "s1",
    "onex.evt.router.routing-complete.v1",
    DriftKind.CONFIG,
    "retention.ms",
    Verdict.NEEDS_APPROVAL,
    Action.SET_CONFIG,
    "604800000",
    "86400000",
    "the contract says 1d",
    "at most 7 records fall out",
)
PLAN = Plan("cluster-1", "broker:9093", "production", datetime(2026, 1, 1, tzinfo=UTC), "0" * 64, (STEP,))


@pytest.fixture
def audit(context_of) -> Audit:
    context = context_of("broker:9093", SECRETS)
    assert SECRETS["OMNI_KAFKA_SASL_PASSWORD"] in context.connection.properties.values()
    return Audit(context, PLAN, "apply")


def test_who_did_what_and_when_is_kept(audit, tmp_path: Path) -> None:
    before = datetime.now(UTC)
    audit.begin([STEP], ["s1"])
    rows = Projection(tmp_path / "state").audited(plan=audit.digest)
    assert {(row.event, row.step, row.outcome) for row in rows} == {
        ("plan", "", ""),
        ("approval", "", ""),
        ("step", "s1", "begun"),
    }
    assert {(row.who, row.host, row.cluster, row.environment) for row in rows} == {
        (getpass.getuser(), socket.gethostname(), "cluster-1", "production")
    }
    assert all(before <= row.acted_at <= datetime.now(UTC) for row in rows)


def test_a_killed_process_leaves_a_step_begun_and_a_living_one_what_became_of_it(audit, tmp_path: Path) -> None:
    projection = Projection(tmp_path / "state")
    assert not audit.known()
    audit.begin([STEP], [])
    assert [row.outcome for row in projection.audited(topic=STEP.topic)] == ["begun"]
    assert audit.known()
    audit.end([(STEP, "failed", "not authorised")])
    [row] = projection.audited(topic=STEP.topic)
    assert (row.action, row.outcome) == ("set_config", "failed")
    assert row.detail.endswith("not authorised")


def test_nothing_of_the_connection_is_kept(audit, tmp_path: Path) -> None:
    audit.begin([STEP], ["s1"])
    audit.end([(STEP, "applied", "")])
    files = [path for path in (tmp_path / "state").rglob("*") if path.is_file() and path.stat().st_size]
    assert {path.name for path in files} >= {"audit.jsonl", "projection.duckdb"}
    for path in files:
        data = path.read_bytes()
        found = [name for name, value in SECRETS.items() if value.encode() in data]
        assert found == [], path
        assert b"sasl" not in data.lower(), path
