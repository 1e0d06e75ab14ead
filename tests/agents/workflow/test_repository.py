"""Git asked safely: what it is told by its surroundings, and by hostile names, changes nothing."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.agents.attempts import Hopeless
from omni_assets.agents.workflow import git, repository
from omni_assets.agents.workflow.git import Moved, ask
from omni_assets.agents.workflow.repository import Change, Repository, branch_name
from omni_assets.agents.workflow.sample import GOOD, make
from omni_assets.errors import GitFailed
from tests.support.forge import push


@pytest.fixture
def there(tmp_path: Path) -> Repository:
    return make(tmp_path)


def test_neither_hooks_nor_configuration_of_others_count(
    there: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "sprung"
    for hook in ("reference-transaction", "post-update", "update"):
        file = there.folder / "hooks" / hook
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\ntouch {trap}\nexit 1\n")
        file.chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text(f'[core]\n  fsmonitor = "touch {trap}"\n[diff]\n  external = "touch {trap}"\n[broken\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", f"touch {trap}")
    there.change(Change("refs/heads/new", there.branch("main")))
    assert there.branch("new") == there.branch("main")
    assert there.diff(there.branch("main"), there.branch(GOOD.name), 100_000).startswith("diff --git")
    assert not trap.exists()


def test_a_reference_changes_only_from_what_it_was(there: Repository) -> None:
    main, good = there.branch("main"), there.branch(GOOD.name)
    there.change(Change("refs/pull/1/head", main))
    with pytest.raises(Moved):
        there.change(Change("refs/pull/1/head", good))
    with pytest.raises(Moved):
        there.change(Change("refs/pull/2/head", good), Change("refs/pull/1/head", main, good))
    assert there.objects("refs/pull/") == {"refs/pull/1/head": main}
    there.change(Change("refs/pull/1/head", good, main))
    assert there.commit("refs/pull/1/head") == good


def test_of_many_at_once_one_wins(there: Repository) -> None:
    main = there.branch("main")

    def win(number: int) -> int:
        try:
            there.change(Change("refs/statuses/x", there.keep(b"%d" % number)))
        except Moved:
            return -1
        return number

    with ThreadPoolExecutor(8) as threads:
        won = [each for each in threads.map(win, range(16)) if each >= 0]
    assert len(won) == 1
    assert there.note("refs/statuses/x")[1] == b"%d" % won[0]
    assert there.branch("main") == main


def test_links_and_other_repositories_are_left_out(there: Repository) -> None:
    blob, main = there.keep(b"/etc/passwd"), there.branch("main")
    listed = f"120000 blob {blob}\tlink\n160000 commit {main}\tother\n100644 blob {blob}\tfile\n"
    tree = ask(there.folder, "mktree", told=listed.encode()).text
    assert there.files(tree) == {"file": b"/etc/passwd"}


def test_trees_are_read_within_bounds(there: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    files = there.files("refs/heads/main")
    assert sorted(files) == ["calc.py", "conftest.py", "tests/test_calc.py"]
    assert files["conftest.py"] == b""
    monkeypatch.setattr(repository, "MOST_FILES", 2)
    with pytest.raises(Hopeless, match=r"has 3 files with [\d,]+ bytes there, and agents work on up to 2"):
        there.files("refs/heads/main")


def test_changed_lines_are_those_of_the_newer_file(there: Repository) -> None:
    push(
        there, "more", {"calc.py": "one\ntwo\n", "an odd\tname\u00e9.txt": "x\n@@ -1 +5,9 @@\n", "conftest.py": "\0\1"}
    )
    changed = there.changed_lines(there.branch("main"), there.branch("more"))
    assert changed["calc.py"] == (1, 2)
    assert changed["an odd\tname\u00e9.txt"] == (1, 2)
    assert changed["conftest.py"] == ()


def test_histories_that_have_nothing_in_common_are_not_merged(there: Repository) -> None:
    push(there, "alien", {"a.txt": "a\n"}, start="")
    with pytest.raises(Hopeless, match="have no history in common"):
        there.merge(there.branch("main"), there.branch("alien"))


def test_a_merge_commit_is_always_the_same(there: Repository) -> None:
    main, good = there.branch("main"), there.branch(GOOD.name)
    tree = there.merge(main, good).tree
    made = {there.commit_tree(tree, (main, good), "Merge", there.time(good)) for _ in range(3)}
    assert len(made) == 1
    assert there.contains(made.pop(), good)


def test_git_that_takes_too_long_or_is_not_there_is_told(
    there: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setattr(git, "SECONDS", 0.2)
        patched.setenv("PATH", f"{slow.parent}:/usr/bin:/bin")
        with pytest.raises(
            GitFailed, match=r"cannot work on the repository statistics\.git: it took longer than 0\.2 s"
        ):
            there.branch("main")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(GitFailed, match="git is not installed"):
        there.branch("main")


def test_an_older_git_is_told_before_it_merges(there: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    assert git.why_unfit(there.folder) == ""
    monkeypatch.setattr(git, "LEAST_VERSION", (99, 1))
    with pytest.raises(Hopeless, match=r"agents merge with git 99\.1 or newer, and this is git version \d"):
        there.merge(there.branch("main"), there.branch(GOOD.name))


def test_a_repository_that_is_damaged_is_told(there: Repository) -> None:
    (there.folder / "HEAD").write_text("rubbish")
    with pytest.raises(GitFailed, match=r"cannot work on the repository statistics\.git: not a git repository"):
        there.objects("refs/heads/")


@given(st.text(max_size=30))
def test_a_branch_that_is_taken_is_one_that_git_takes(name: str) -> None:
    try:
        branch_name(name)
    except Hopeless:
        return
    taken = subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False)
    assert taken.returncode == 0
    assert not name.startswith("-")


@given(st.text(max_size=40))
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    with pytest.raises(Hopeless):
        repository.repository(name, {repository.FOLDER: "/nowhere/at/all"})


def test_a_repository_is_found_by_its_name(there: Repository) -> None:
    environ = {repository.FOLDER: str(there.folder.parent)}
    assert repository.repository("statistics", environ) == there
    for name in ("statistics.git", "..", "a/b", "", "-c", "other"):
        with pytest.raises(Hopeless):
            repository.repository(name, environ)
