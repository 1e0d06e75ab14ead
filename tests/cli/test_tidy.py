"""``omni tidy``"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from omni_assets.operations import dagster_home
from omni_assets.projection.rows import AuditRow
from omni_assets.projection.store import Projection

SETTINGS = '[retention]\ndrift = "30d"\nruns = "1d"\n'


def test_where_there_is_nothing_nothing_is_old(project):
    ran = project.omni("tidy")
    assert (ran.code, ran.out.startswith("nothing is old (")) == (0, True)
    assert not project.home.exists()


@pytest.mark.slow
@pytest.mark.dagster
def test_what_is_old_is_told_and_then_taken_away(project):
    (project.folder / "omni.toml").write_text(SETTINGS)
    dagster_home.prepare(project.home)
    begun = AuditRow("1", datetime.now(UTC) - timedelta(days=90), "ada", "here", "main", "local", "p", "step")
    Projection(project.home).record_audit([begun, begun._replace(outcome="applied")])
    dry = project.omni("tidy", "--dry-run", "--format", "json").document
    assert (dry["dry_run"], dry["lines"], dry["runs"]) == (True, {"audit": 1}, {"old": 0, "kept": 0})
    assert datetime.fromisoformat(dry["before"]["drift"]) < datetime.now(UTC) - timedelta(days=29)
    journal = project.home / "journal" / "audit.jsonl"
    assert len(journal.read_text().splitlines()) == 2, "nothing was taken away"
    ran = project.omni("tidy")
    assert ran.code == 0
    assert [line.split()[:4] for line in ran.out.splitlines()[1:]] == [
        ["journal", "audit", "1", "line"],
        ["taken", "away", *ran.out.splitlines()[-1].split()[2:4]],
    ]
    assert project.omni("sql", "--format", "json", "SELECT outcome FROM audit").document["rows"] == [["applied"]]
    assert project.omni("tidy").out.startswith("nothing is old (")


def test_how_long_something_is_kept_is_checked(project):
    (project.folder / "omni.toml").write_text('[retention]\ndrift = "forever"\n')
    ran = project.omni("tidy")
    assert (ran.code, ran.out) == (2, "")
    assert "`retention.drift` is not a duration such as" in ran.err
