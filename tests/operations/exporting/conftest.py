from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from omni_assets.projection.rows import AuditRow
from omni_assets.projection.store import Projection


@pytest.fixture
def audited(tmp_path: Path) -> Path:
    """A state folder whose projection holds three rows of an audit, one of them with every odd text."""
    folder = tmp_path / "state"
    rows = [audit_row(number) for number in range(3)]
    Projection(folder).record_audit([*rows[:2], rows[2]._replace(who="a\0b", detail='"\r\n\\.\t,Ä🚇\\N')])
    return folder


def audit_row(number: int) -> AuditRow:
    return AuditRow(str(number), datetime(2026, 1, 1, number, tzinfo=UTC), "who", "", "main", "local", "p", "made")
