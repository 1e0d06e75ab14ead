"""What Git remembers, asked of real repositories."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Protocol

import pytest

from omni_assets.errors import GitFailed, NotARepository, RevisionUnknown
from omni_assets.operations import git


class Repository(Protocol):
    """The fixture's type."""

    folder: Path

    def git(self, *arguments: str) -> str: ...
    def write(self, path: str, text: str) -> Path: ...
    def commit(self, message: str = ...) -> str: ...


def test_a_branch_a_tag_and_a_short_name_are_the_same_commit(repository: Repository) -> None:
    commit = repository.commit()
    repository.git("tag", "--annotate", "v1", "--message", "one")
    for asked in ("main", "HEAD", "v1", commit, commit[:8], "main@{0}"):
        found = git.revision(".", asked)
        assert (found.commit, found.tip, found.asked) == (commit, commit, asked)
        assert found.top == os.path.realpath(repository.folder)
        assert found.label == asked


def test_what_others_did_since_is_not_ours_to_compare_with(repository: Repository) -> None:
    base = repository.commit()
    repository.git("switch", "--quiet", "--create", "ours")
    repository.commit("ours")
    repository.git("switch", "--quiet", "main")
    theirs = repository.commit("theirs")
    repository.git("switch", "--quiet", "ours")
    found = git.revision(".", "main")
    assert (found.commit, found.tip, found.at_merge_base) == (base, theirs, True)
    assert found.label == f"{base[:10]} (merge base with main)"


def test_histories_that_share_nothing_are_compared_as_they_are(repository: Repository) -> None:
    main = repository.commit()
    repository.git("switch", "--quiet", "--orphan", "other")
    assert git.revision(".", "main").commit == main  # HEAD has no commit yet
    repository.commit()
    found = git.revision(".", "main")
    assert (found.commit, found.at_merge_base) == (main, False)


@pytest.mark.parametrize(
    "asked",
    ["nope", "main:file", "main..main", "main...main", "--all", "-h", "", "@{u}", "a\0b", "HEAD^7", "main^{tree}"],
)
def test_what_names_no_commit_is_an_error_with_a_way_out(repository: Repository, asked: str) -> None:
    repository.write("file", "text")
    repository.commit()
    with pytest.raises(RevisionUnknown) as caught:
        git.revision(".", asked)
    assert "fetch it first" in caught.value.remedy


def test_a_shallow_clone_says_how_to_get_the_rest(repository: Repository, tmp_path: Path) -> None:
    first = repository.commit()
    repository.git("branch", "old")
    repository.commit()
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", "--depth", "1", "--no-single-branch", f"file://{repository.folder}", str(clone))
    for asked in (first, "origin/old"):
        with pytest.raises(RevisionUnknown, match="this clone is shallow") as caught:
            git.revision(str(clone), asked)
        assert "git fetch --unshallow" in caught.value.remedy


def test_the_base_of_a_merge_is_known_to_a_clone_of_two_commits(repository: Repository, tmp_path: Path) -> None:
    repository.commit()
    repository.git("switch", "--quiet", "--create", "ours")
    repository.commit("ours")
    repository.git("switch", "--quiet", "main")
    theirs = repository.commit("theirs")
    repository.git("merge", "--quiet", "--no-ff", "--message", "both", "ours")
    clone = tmp_path / "clone"
    repository.git("clone", "--quiet", "--depth", "2", f"file://{repository.folder}", str(clone))
    found = git.revision(str(clone), "HEAD^1")
    assert (found.commit, found.at_merge_base) == (theirs, False)


def test_a_folder_without_a_repository(repository: Repository, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    repository.git("init", "--quiet", "--bare", str(bare))
    for folder in (bare, repository.folder / ".git"):
        with pytest.raises(NotARepository, match="bare"):
            git.revision(str(folder), "main")
    outside = tmp_path / "outside"
    outside.mkdir()
    with pytest.raises(NotARepository, match="is not in a Git repository"):
        git.revision(str(outside), "main")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_repository_of_another_user_says_how_to_trust_it(repository: Repository) -> None:
    repository.commit()
    for path in (repository.folder, repository.folder / ".git"):
        os.chown(path, 12345, 12345)
    with pytest.raises(NotARepository, match="another user owns") as caught:
        git.revision(".", "main")
    assert f"safe.directory {os.path.realpath(repository.folder)}`" in caught.value.remedy


def test_no_git_at_all(repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitFailed, match="git is not installed"):
        git.revision(".", "main")


def test_a_git_that_never_answers_is_given_up(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    revision = git.revision(".", repository.commit())
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text(f"#!{shutil.which('sh')}\nexec {shutil.which('sleep')} 60\n")
    slow.chmod(slow.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(slow.parent))
    monkeypatch.setattr(git, "SECONDS", 0.2)
    with pytest.raises(GitFailed, match=r"longer than 0\.2 s"):
        git.entries(revision)
    with pytest.raises(GitFailed, match="took too long"), git.contents(revision, 10) as content:
        content(git.Entry("100644", "0" * 40))


def test_an_environment_that_points_elsewhere_is_not_followed(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = repository.commit()
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    assert git.revision(".", "main").commit == commit


def test_every_file_whatever_its_name(repository: Repository) -> None:
    names = ["a", "folder/b c", "folder/tab\there", 'quoted"', "new\nline", "ü"]
    for name in names:
        repository.write(name, name)
    (repository.folder / "link").symlink_to("a")
    revision = git.revision(".", repository.commit())
    entries = git.entries(revision)
    assert sorted(entries) == sorted([*names, "link"])
    assert entries["link"].is_link
    with git.contents(revision, 1000) as content:
        assert {name: content(entries[name]) for name in names} == {name: name.encode() for name in names}


def test_contents_beyond_the_bound_are_passed_over(repository: Repository) -> None:
    repository.write("large", "x" * 300_000)
    repository.write("empty", "")
    repository.write("small", "small")
    revision = git.revision(".", repository.commit())
    entries = git.entries(revision)
    with git.contents(revision, 5) as content:
        assert [content(entries[name]) for name in ("large", "empty", "small")] == [None, b"", b"small"]


def test_an_object_that_is_missing_is_an_error(repository: Repository) -> None:
    revision = git.revision(".", repository.commit())
    with pytest.raises(GitFailed, match="is missing"), git.contents(revision, 5) as content:
        content(git.Entry("100644", "1" * 40))


def test_nothing_is_written(repository: Repository) -> None:
    repository.write("file", "text")
    repository.commit()
    repository.write("file", "other")

    def state(folder: Path) -> dict[Path, tuple[int, int]]:
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(folder.rglob("*"))}

    before = state(repository.folder)
    revision = git.revision(".", "main")
    with git.contents(revision, 100) as content:
        assert [content(each) for each in git.entries(revision).values()] == [b"text"]
    assert state(repository.folder) == before
