"""Files that are new, or stay as they were."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from threading import Barrier, Thread

import pytest

from omni_assets.operations.files import write_new, write_whole


def test_a_new_file_is_whole_with_its_folders_and_as_readable_as_others(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c.txt"
    assert write_new(str(path), b"one")
    (tmp_path / "other").touch()
    assert path.read_bytes() == b"one"
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)
    assert os.listdir(path.parent) == ["c.txt"]


@pytest.mark.parametrize("there", ["file", "folder", "link", "dangling"])
def test_what_is_there_stays(tmp_path: Path, there: str) -> None:
    path, elsewhere = tmp_path / "there", tmp_path / "elsewhere"
    if there == "file":
        path.write_text("mine")
    elif there == "folder":
        path.mkdir()
    else:
        path.symlink_to(elsewhere)
        if there == "link":
            elsewhere.write_text("mine")
    before = sorted(os.listdir(tmp_path))
    assert not write_new(str(path), b"other")
    assert sorted(os.listdir(tmp_path)) == before
    assert there not in ("file", "link") or path.read_text() == "mine"


def test_one_of_many_at_once_writes_it(tmp_path: Path) -> None:
    together, wrote = Barrier(8), []

    def write(number: int) -> None:
        together.wait()
        if write_new(str(tmp_path / "one"), str(number).encode()):
            wrote.append(number)

    threads = [Thread(target=write, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [(tmp_path / "one").read_text()] == [str(number) for number in wrote]
    assert os.listdir(tmp_path) == ["one"]


def test_a_file_that_is_written_whole_keeps_its_permissions_and_its_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("before")
    target.chmod(0o640)
    link.symlink_to(target)
    write_whole(str(link), b"after")
    assert (target.read_text(), stat.S_IMODE(target.stat().st_mode)) == ("after", 0o640)
    assert link.is_symlink()
