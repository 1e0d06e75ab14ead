"""docs/ci.md is true: the steps of its job do what it says of them, in a repository with a change that hurts somebody.

That its job is a valid one, and the one that `omni init` writes, is held by tests/operations/scaffold/test_texts.py.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Repository

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "ci.md").read_text(encoding="utf-8")
DONE, CHANGED = "onex.evt.router.routing-done.v1", "onex.evt.router.routing-complete.v1"


def step(name: str) -> str:
    """The script of a step of the job."""
    found = re.search(r"```yaml\n(name: topics\n.*?)```", PAGE, re.DOTALL)
    assert found is not None
    job: Any = yaml.safe_load(found[1])["jobs"]["topics"]
    [script] = [each["run"] for each in job["steps"] if each.get("name") == name]
    return str(script)


@pytest.fixture
def pull_request(repository: Repository) -> Repository:
    """A branch that renames a topic and leaves its reader behind, off a ``main`` that is well."""
    repository.contract("router", publish_topics=[DONE])
    repository.contract("auditor", subscribe_topics=[DONE])
    repository.commit()
    repository.git("checkout", "--quiet", "-b", "renamed")
    repository.contract("router", publish_topics=[CHANGED])
    repository.commit()
    return repository


def ran(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A step as GitHub runs it: https://docs.github.com/en/actions/reference/workflow-syntax-for-github-actions"""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "PATH": path, "BASE": "main", "OMNI_HOME": str(folder.parent / "state")}
    shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(shell, cwd=folder, env=environ, capture_output=True, text=True)


def test_the_job_annotates_what_is_wrong_and_what_hurts(pull_request: Repository) -> None:
    contracts = ran(step("Contracts"), pull_request.folder)
    assert re.search(r"::warning file=contracts/\w+/contract\.yaml,line=4\b.*OM203", contracts.stdout)
    changes = ran(step("What changes"), pull_request.folder)
    assert changes.returncode == 1
    assert re.search(r"::error file=contracts/auditor/contract\.yaml,line=4\b.*OM501", changes.stdout)


def test_the_comment_begins_with_the_mark_by_which_the_job_finds_it(pull_request: Repository) -> None:
    ran(step("What changes"), pull_request.folder)
    comment = (pull_request.folder / "changes.md").read_text(encoding="utf-8")
    [mark] = re.findall(r'startswith\("(.+?)"\)', step("Comment"))
    assert comment.startswith(mark)
    assert "`auditor`" in comment


def test_a_change_that_is_well_passes(pull_request: Repository) -> None:
    pull_request.contract("auditor", subscribe_topics=[CHANGED])
    pull_request.commit()
    for name in ("Contracts", "What changes"):
        ended = ran(step(name), pull_request.folder)
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_a_script_guards_a_branch_by_the_exit_code(pull_request: Repository) -> None:
    [command] = re.findall(r"```sh\n(.+)\n```", PAGE)
    assert ran(command.replace("origin/main", "main"), pull_request.folder).returncode == 1


def test_before_a_commit_what_is_not_committed_counts(pull_request: Repository) -> None:
    assert "`omni check --against HEAD`" in PAGE
    command = "omni check --against HEAD --format concise"
    assert "OM50" not in ran(command, pull_request.folder).stdout
    pull_request.contract("router", publish_topics=[DONE])
    assert "OM502" in ran(command, pull_request.folder).stdout
