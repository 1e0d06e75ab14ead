"""The journal keeps what was appended, knows a torn line from a damaged one, and never cuts off what counts."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.errors import JournalDamaged, StateError
from omni_assets.projection.journal import Journal, Position, encoded_json


def _as_it_is(record: Mapping[str, Any]) -> Mapping[str, Any]:
    if "n" not in record:
        raise ValueError("it has no n")
    return record


def _numbers(journal: Journal[Mapping[str, Any]], start: Position | None = None) -> list[int]:
    return [entry.value["n"] for entry in journal.read(start or Position())]


@pytest.fixture
def journal(tmp_path: Path) -> Journal[Mapping[str, Any]]:
    return Journal(tmp_path / "journal" / "x.jsonl", _as_it_is)


def test_what_is_appended_is_read_from_any_position(journal: Journal[Mapping[str, Any]]) -> None:
    middle = journal.append([{"n": 1}, {"n": 2}], Position())
    end = journal.append([{"n": 3}], middle)
    assert _numbers(journal) == [1, 2, 3]
    assert _numbers(journal, middle) == [3]
    assert [entry.end for entry in journal.read()][-1] == end == Position(journal.path.stat().st_size, 3)


def test_a_journal_that_is_not_there_is_empty(journal: Journal[Mapping[str, Any]]) -> None:
    assert _numbers(journal) == []


@given(cut=st.integers(1, 100))
def test_a_torn_last_line_does_not_count_and_is_set_aside(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    journal = Journal(tmp_path_factory.mktemp("torn") / "x.jsonl", _as_it_is)
    end = journal.append([{"n": 1}], Position())
    whole = journal.path.read_bytes()
    line = encoded_json({"n": 2, "text": "x" * 100}).encode()
    journal.path.write_bytes(whole + line[:cut])
    assert _numbers(journal) == [1]
    assert journal.path.read_bytes() == whole + line[:cut], "reading changes nothing"
    journal.append([{"n": 3}], end)
    assert _numbers(journal) == [1, 3]
    assert journal.path.read_bytes() == whole + b'{"n":3}\n'
    assert journal.path.with_name("x.jsonl.torn").read_bytes() == line[:cut] + b"\n"


@pytest.mark.parametrize("line", ["{", "[1]", '"n"', "{}", '{"n": 1', "\x00\x00", "\udcff", "[" * 100_000])
def test_a_damaged_line_names_its_place(journal: Journal[Mapping[str, Any]], line: str) -> None:
    journal.append([{"n": 1}], Position())
    with journal.path.open("ab") as file:
        file.write(line.encode("utf-8", "surrogateescape") + b"\n" + b'{"n": 3}\n')
    with pytest.raises(JournalDamaged) as caught:
        _numbers(journal)
    assert caught.value.message.startswith(f"{journal.path}:2 cannot be read: ")
    assert "\n" not in caught.value.message


def test_a_position_keeps_count_of_lines(journal: Journal[Mapping[str, Any]]) -> None:
    end = journal.append([{"n": 1}, {"n": 2}], Position())
    with journal.path.open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(JournalDamaged, match=r"x\.jsonl:3 cannot be read: it has no n"):
        _numbers(journal, end)


def test_a_shorter_or_other_journal_is_refused(journal: Journal[Mapping[str, Any]]) -> None:
    end = journal.append([{"n": 1}, {"n": 2}], Position())
    for content in (b'{"n": 1}\n', b'{"n": 12345, "other": "journal"}\n'):
        journal.path.write_bytes(content)
        with pytest.raises(StateError, match="is not the journal that was projected"):
            _numbers(journal, end)
        with pytest.raises(StateError, match="is not the journal that was projected"):
            journal.append([{"n": 3}], end)
        assert journal.path.read_bytes() == content
    journal.path.unlink()
    with pytest.raises(StateError, match="is not the journal that was projected"):
        _numbers(journal, end)


def test_appending_never_cuts_off_whole_lines(journal: Journal[Mapping[str, Any]]) -> None:
    middle = journal.append([{"n": 1}], Position())
    journal.append([{"n": 2}], middle)
    with pytest.raises(StateError):
        journal.append([{"n": 3}], middle)
    assert _numbers(journal) == [1, 2]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    journal = Journal(tmp_path / "file" / "journal" / "x.jsonl", _as_it_is)
    with pytest.raises(StateError, match=r"x\.jsonl cannot be used: not a directory") as caught:
        journal.append([{"n": 1}], Position())
    assert "OMNI_HOME" in caught.value.remedy


_FULL_DISK = """
import resource, sys
from pathlib import Path
from omni_assets.errors import StateError
from omni_assets.projection.journal import Journal, Position
journal = Journal(Path(sys.argv[1]), dict)
end = journal.append([{"n": 1}], Position())
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
try:
    journal.append([{"n": 2}, {"n": 3, "text": "x" * 10_000}], end)
except StateError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append([{"n": 4}], end)
"""


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, python: Callable[..., subprocess.Popen[str]]) -> None:
    path = tmp_path / "x.jsonl"
    out, error = python(_FULL_DISK, [path]).communicate(timeout=60)
    assert f"the journal {path} cannot be used: file too large." in out, error
    assert _numbers(Journal(path, _as_it_is)) == [1, 4]


def test_text_that_utf8_cannot_hold_is_still_written(journal: Journal[Mapping[str, Any]]) -> None:
    journal.append([{"n": 1, "path": "caf\udce9.yaml"}], Position())
    assert next(journal.read()).value["path"] == "caf?.yaml"
