from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from omni_assets.errors import TaskUnusable
from omni_assets.operations import task_files
from omni_assets.operations.task_files import read_text, refuse


def test_a_file_is_read_under_its_own_name_and_standard_input_under_a_readable_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_bytes(b"\xef\xbb\xbf{}\n")
    assert read_text(str(file)) == (str(file), "{}\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"{}")))
    assert read_text("-") == ("standard input", "{}")


def test_what_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tasks.jsonl"
    with pytest.raises(TaskUnusable, match="no such file or directory"):
        read_text(str(file))
    with pytest.raises(TaskUnusable, match="is a folder"):
        read_text(str(tmp_path))
    file.write_bytes(b"{}\xff")
    with pytest.raises(TaskUnusable, match="is not UTF-8 at offset 2"):
        read_text(str(file))
    monkeypatch.setattr(task_files, "MOST_BYTES", 2)
    with pytest.raises(TaskUnusable, match="is larger than"):
        read_text(str(file))


def test_the_first_flaws_of_many_are_listed() -> None:
    refuse("nothing is done", [], "Mend it.")
    with pytest.raises(TaskUnusable) as refused:
        refuse("nothing is done", [f"flaw {number}" for number in range(23)], "Mend it.")
    lines = refused.value.message.splitlines()
    assert lines[0] == "nothing is done:"
    assert lines[-2:] == ["flaw 19.", "and 3 flaws more."]
    assert len(lines) == 22
