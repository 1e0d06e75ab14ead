"""What a deployment keeps in Postgres, and what it takes."""

from __future__ import annotations

import pytest

from benchmarks.event_log import figures
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.slow, pytest.mark.dagster]

EVENTS, ROUNDS = 5, 1


def test_the_benchmark_of_events_writes_what_it_counts(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in postgres.environ:
        monkeypatch.setenv(name, "")
    measured = figures(EVENTS, ROUNDS, postgres)
    told = "SELECT count(*) FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION'"
    assert int(postgres.ask(told)) == EVENTS * (ROUNDS + 1)
    assert float(str(measured["ratio"])) > 0
