"""``omni check`` over contracts that accidents and attackers leave: a finding with a place, within bounds."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

TOPIC = "onex.evt.shop.paid.v1"
GOOD = f"name: shop\nevent_bus: {{publish_topics: [{TOPIC}]}}\n"
SECONDS = 20
MEMORY = 600 * 1024 * 1024

AS_NOBODY = """
import os, sys
from omni_assets.cli import main
sys.argv = ["omni", "check", "warm"]
try:
    main.main()
except SystemExit as ended:
    assert ended.code == 0, ended
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
sys.stdout.flush()
sys.argv = ["omni", *sys.argv_given]
main.main()
"""


def within_bounds() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may reach, as pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        for name in ("warm", "good"):
            (path / name).mkdir()
            (path / name / "contract.yaml").write_text(GOOD)
        yield path
        for each in path.rglob("*"):
            if each.is_dir() and not each.is_symlink():
                each.chmod(0o755)


def as_nobody(place: Path, *arguments: str) -> list[str]:
    """Exit code and lines of ``omni`` as a user for whom permissions hold. As root, rights are given up on the way:
    the interpreter may be out of reach for anybody else, so all that is needed is loaded before."""
    script = AS_NOBODY.replace("sys.argv_given", repr(arguments))
    environ = {"HOME": str(place), "OMNI_HOME": str(place / "state"), "PATH": os.defpath}
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=place, env=environ, capture_output=True, text=True, timeout=90
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    lines = ended.stdout.splitlines()
    begun = next(at for at, line in enumerate(lines) if " in 1 contract" in line)
    return [str(ended.returncode), *lines[begun + 1 :], *ended.stderr.splitlines()]


def test_a_folder_that_may_not_be_listed_is_a_finding_there(place: Path) -> None:
    closed = place / "good" / "closed"
    closed.mkdir(mode=0o000)
    code, *lines = as_nobody(place, "check", "good", "--format", "github")
    first = next(each for each in lines if each.startswith("::error"))
    assert code == "1"
    assert "file=good/closed" in first
    assert "OM007" in first
    assert "this folder cannot be searched for contracts: permission denied." in first


def test_a_contract_that_may_not_be_read_is_a_finding_there(place: Path) -> None:
    path = place / "good" / "inner" / "contract.yaml"
    path.parent.mkdir()
    path.write_text("name: inner\n")
    path.chmod(0)
    code, *lines = as_nobody(place, "check", "good", "--format", "github")
    first = next(each for each in lines if each.startswith("::error"))
    assert code == "1"
    assert "file=good/inner/contract.yaml" in first
    assert "OM001" in first
    assert "permission denied" in first


def test_a_named_folder_that_may_not_be_listed_could_not_be_checked(place: Path) -> None:
    (place / "closed").mkdir(mode=0o000)
    code, *lines = as_nobody(place, "check", "closed")
    assert code == "2"
    assert "omni: cannot read closed: permission denied." in lines


def laughs(project) -> None:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 60))
    project.contract("bad", f"l0: &l0 [{TOPIC}]\n{levels}event_bus: {{publish_topics: *l59}}\n")


def deep(project) -> None:
    project.contract("bad", "x: " + "[" * 10_000 + "]" * 10_000)


def vast(project) -> None:
    with open(project.contract("bad", "a: 1\n"), "r+b") as file:
        file.truncate(200 * 1024 * 1024)


def nul(project) -> None:
    project.contract("bad", "a: 1\nb: \0\n")


def loops(project) -> None:
    folder = project.contract("bad", "a: [\n").parent
    (folder / "round").symlink_to(folder)
    (folder / "again").mkdir()
    (folder / "again" / "contract.yaml").symlink_to("contract.yaml")


def letters(project) -> None:
    project.contract("bad", "event_bus: {publish_topics: [onex.evt.sh\u043ep.paid.v1]}\n")


@pytest.mark.parametrize(
    ("make", "codes"),
    [
        (laughs, {"OM108"}),
        (deep, {"OM002"}),
        (vast, {"OM001"}),
        (nul, {"OM002"}),
        (loops, {"OM002", "OM001"}),
        (letters, {"OM111"}),
    ],
)
def test_what_is_bad_is_found_within_bounds(project, make, codes) -> None:
    make(project)
    ended = subprocess.run(
        [str(Path(sys.executable).with_name("omni")), "check", "--format", "json"],
        cwd=project.folder,
        env=project.environ,
        capture_output=True,
        text=True,
        timeout=90,
        preexec_fn=within_bounds,
    )
    assert ended.stderr == ""
    assert ended.returncode == 1
    found = [each for each in json.loads(ended.stdout)["findings"] if each["severity"] == "error"]
    assert {each["code"] for each in found} >= codes
    assert all("bad" in each["path"] and each["line"] >= 1 and each["column"] >= 1 for each in found)
