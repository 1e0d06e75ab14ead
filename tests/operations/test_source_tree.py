"""Which files a scan looks at: those that Git would keep, which Git itself is asked to confirm."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from omni_assets.errors import InputError
from omni_assets.operations.source_tree import Unlisted, files

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed here")


def put(folder: Path, *names: str, text: str = "x\n") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def listed(folder: Path, *below: str) -> list[str]:
    found = list(files([str(folder / each) for each in below] or [str(folder)]))
    assert not any(isinstance(each, Unlisted) for each in found)
    return [os.path.relpath(each if isinstance(each, str) else each.path, folder) for each in found]


def test_files_come_in_a_stable_order_without_hidden_and_filled_folders(tmp_path: Path) -> None:
    put(tmp_path, "b.py", "a/z.py", "a/b/c.py", ".hidden/x.py", "node_modules/x.js", "a/__pycache__/x.pyc", ".env")
    assert listed(tmp_path) == [".env", "b.py", "a/z.py", "a/b/c.py"]


def test_patterns_hold_at_every_level_without_a_repository(tmp_path: Path) -> None:
    put(tmp_path, "x.log", "keep.log", "a/x.log", "a/b/x.log", "a/b/y.txt", "build/x.py", "a/build/x.py", "out/x.py")
    (tmp_path / ".gitignore").write_text("*.log\n!keep.log\n/build/\nout\n")
    (tmp_path / "a" / ".gitignore").write_text("!x.log\nb/*.txt\n")
    assert listed(tmp_path) == [".gitignore", "keep.log", "a/.gitignore", "a/x.log", "a/b/x.log", "a/build/x.py"]


def test_patterns_of_the_repository_above_hold_below(tmp_path: Path) -> None:
    put(tmp_path, "src/a/x.py", "src/a/y.py", "src/a/z.py")
    (tmp_path / ".gitignore").write_text("/src/a/x.py\n")
    assert listed(tmp_path / "src") == ["a/x.py", "a/y.py", "a/z.py"]
    put(tmp_path, ".git/info/exclude", text="y.py\n")
    assert listed(tmp_path / "src") == ["a/z.py"]


def test_a_named_file_is_taken_whatever_ignores_it(tmp_path: Path) -> None:
    put(tmp_path, "a.py")
    (tmp_path / ".gitignore").write_text("*\n")
    assert listed(tmp_path) == []
    assert listed(tmp_path, "a.py") == ["a.py"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path, "outside/x.py", "tree/a.py")
    (tmp_path / "tree" / "link").symlink_to(tmp_path / "outside")
    (tmp_path / "tree" / "loop").symlink_to(tmp_path / "tree")
    (tmp_path / "tree" / "link.py").symlink_to(tmp_path / "outside" / "x.py")
    os.mkfifo(tmp_path / "tree" / "pipe")
    assert listed(tmp_path / "tree") == ["a.py"]


def test_a_pattern_without_sense_is_left_out(tmp_path: Path) -> None:
    put(tmp_path, "a.py", "b.log")
    (tmp_path / ".gitignore").write_bytes(b"!\n[\n\xff\xfe\n***/\n*.log\n")
    assert listed(tmp_path) == [".gitignore", "a.py"]


def test_what_cannot_be_looked_at_is_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("gone", "pipe", "\0"):
        with pytest.raises(InputError) as refused:
            list(files([str(tmp_path / name)]))
        assert "Name files and folders" in refused.value.remedy


names = st.sampled_from(["a", "b", "c.py", "d.log", "build"])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
lines = [
    "*.log",
    "!d.log",
    "build/",
    "/a",
    "a/b",
    "!a/b",
    "**/c.py",
    "a/**",
    "!c.py",
    "b",
    "#x",
    "*",
    "!*/",
    "/*/b",
    "",
]
patterns = st.lists(st.sampled_from(lines), max_size=4)


@needs_git
@given(st.lists(paths, min_size=1, max_size=12), patterns, patterns, patterns)
@example(["a/a"], ["!*/"], [], ["*"])
@example(["a/d.log"], [], ["!d.log"], ["a/**"])
@example(["b/a"], ["!b"], [], ["b"])
@example(["c.py/a"], ["!c.py"], [], ["*"])
@example(["a/b/c.py"], ["a/**", "!*/"], ["!c.py"], [])
@settings(max_examples=60, deadline=None)
def test_git_agrees(chosen: list[str], top: list[str], below: list[str], exclude: list[str]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        git = ["git", "-c", "core.excludesFile=/dev/null", "-C", name]
        subprocess.run([*git, "init", "-q"], check=True, capture_output=True)
        for path in chosen:
            if (
                not any((folder / above).is_file() for above in (path, *map(str, Path(path).parents)))
                and not (folder / path).is_dir()
            ):
                put(folder, path)
        (folder / ".git" / "info").mkdir(exist_ok=True)
        (folder / ".git" / "info" / "exclude").write_text("\n".join(exclude))
        (folder / ".gitignore").write_text("\n".join(top))
        if (folder / "a").is_dir():
            (folder / "a" / ".gitignore").write_text("\n".join(below))
        ended = subprocess.run(
            [*git, "ls-files", "-z", "--others", "--exclude-standard"], check=True, capture_output=True, text=True
        )
        assert sorted(listed(folder)) == sorted(filter(None, ended.stdout.split("\0")))
