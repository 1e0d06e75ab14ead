"""A folder of exported files is there as a whole, or stays as it was; what no export made is left alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from omni_assets.errors import InputError, StateError
from omni_assets.operations.exporting.folder import LISTING, listed, replaced


def put(folder: Path, **files: Any) -> None:
    with replaced(folder) as new:
        for name, text in files.items():
            (new / name).write_text(text)
        (new / LISTING).write_text(listed({}))


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def test_a_new_folder_is_made_with_those_that_hold_it(tmp_path):
    put(tmp_path / "a" / "b", x="1")
    assert names(tmp_path / "a" / "b") == {"x", LISTING}
    assert names(tmp_path / "a") == {"b"}


def test_the_next_export_takes_the_place_of_the_last_with_all_of_its_files(tmp_path):
    put(tmp_path / "out", x="1", y="1")
    put(tmp_path / "out", x="2")
    assert names(tmp_path / "out") == {"x", LISTING}
    assert (tmp_path / "out" / "x").read_text() == "2"
    assert names(tmp_path) == {"out"}


def test_an_empty_folder_and_one_behind_a_link_are_filled(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    put(tmp_path / "link", x="1")
    put(tmp_path / "link", x="2")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "x").read_text() == "2"


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"made_by": "somebody"}', "[" * 100_000])
def test_a_folder_that_no_export_made_is_left_as_it_is(tmp_path, content):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / LISTING).write_text(content)
    with pytest.raises(InputError, match="holds files that no export made"):
        put(tmp_path / "out", x="1")
    assert names(tmp_path / "out") == {LISTING}
    assert names(tmp_path) == {"out"}


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match="is no folder"):
        put(tmp_path / "out", x="1")
    assert (tmp_path / "out").read_text() == "mine"


def test_an_error_half_way_leaves_the_last_export(tmp_path):
    put(tmp_path / "out", x="1")
    with pytest.raises(TypeError):
        put(tmp_path / "out", x="2", y=None)
    assert (tmp_path / "out" / "x").read_text() == "1"
    assert names(tmp_path) == {"out"}


def test_what_a_killed_export_left_between_its_renames_is_cleared_away(tmp_path):
    put(tmp_path / "out", x="1")
    (tmp_path / "out").rename(tmp_path / ".out.before")
    put(tmp_path / "out", x="2")
    assert names(tmp_path) == {"out"}


def test_others_may_read_it_as_they_may_read_other_files(tmp_path):
    before = os.umask(0o022)
    try:
        put(tmp_path / "out", x="1")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be written: "):
        put(tmp_path / "file" / "out", x="1")
