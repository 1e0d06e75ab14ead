from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from omni_assets.broker.local.record import RECORDS, BrokerRecord
from omni_assets.errors import StateError
from omni_assets.processes.record import RecordDamaged

RECORD = BrokerRecord("noida", "127.0.0.1:9092", 7, "127.0.0.1", 9092, "data", datetime(2026, 11, 1, tzinfo=UTC), "b:1")


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    for record in (RECORD, replace(RECORD, pid=None, process=None, stopped_at=RECORD.started_at)):
        RECORDS.write(tmp_path, record)
        assert RECORDS.read(tmp_path) == record
    assert [file.name for file in tmp_path.iterdir()] == [RECORDS.name]


def test_where_there_is_none_there_is_none(tmp_path: Path) -> None:
    assert RECORDS.read(tmp_path) is None
    assert RECORDS.read(tmp_path / "nowhere") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b'{"engine": "noida", "port": "many"}'])
def test_what_is_no_record_is_damaged(tmp_path: Path, content: bytes) -> None:
    (tmp_path / RECORDS.name).write_bytes(content)
    with pytest.raises(RecordDamaged, match=r"broker\.json"):
        RECORDS.read(tmp_path)


def test_a_failed_write_leaves_the_record_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RECORDS.write(tmp_path, RECORD)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StateError, match=r"the state folder .* cannot be used: no space left on device\."):
        RECORDS.write(tmp_path, replace(RECORD, port=1))
    assert RECORDS.read(tmp_path) == RECORD
    assert [file.name for file in tmp_path.iterdir()] == [RECORDS.name]
