"""Installed without the repository: the wheel, and what its extra `broker` needs, used in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.installed import environment, wheel

VERSION = version("omni-assets")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Installed:
    """An installation, and an empty folder to use it in."""

    python: Path
    folder: Path

    def run(self, *words: str, expected: int = 0) -> subprocess.CompletedProcess[str]:
        """Run one of its programs without anything of the machine but its own folder of programs and the system's."""
        environ = {"PATH": f"{self.python.parent}{os.pathsep}{os.defpath}", "HOME": str(self.folder), "LANG": "C.UTF-8"}
        command = [str(self.python.with_name(words[0])), *words[1:]]
        ended = subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, timeout=300)
        assert ended.returncode == expected, f"{' '.join(words)}\n{ended.stdout}{ended.stderr}"
        assert "Traceback" not in ended.stdout + ended.stderr
        return ended


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture
def install(built: Path, tmp_path: Path) -> Callable[..., Installed]:
    def with_extras(*extras: str) -> Installed:
        (tmp_path / "empty").mkdir()
        return Installed(environment(tmp_path / "installed", built, *extras), tmp_path / "empty")

    return with_extras


def test_the_wheel_holds_the_package_its_licence_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        names = set(archive.namelist())
        entry_points = archive.read(f"omni_assets-{VERSION}.dist-info/entry_points.txt").decode()
    assert {name.split("/")[0] for name in names} == {"omni_assets", f"omni_assets-{VERSION}.dist-info"}
    assert {
        "omni_assets/py.typed",
        "omni_assets/operations/scaffold/files/workflow.yaml",
        f"omni_assets-{VERSION}.dist-info/licenses/LICENSE",
    } <= names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert "omni = omni_assets.cli.main:main" in entry_points
    assert "omni_assets = omni_assets.pipeline.components" in entry_points


@pytest.mark.broker
@pytest.mark.dagster
def test_a_project_begins_in_an_empty_folder_and_runs(
    install: Callable[..., Installed], free_port: Callable[[], int]
) -> None:
    installed = install("broker")
    where = installed.run("python", "-c", "import omni_assets; print(omni_assets.__file__)").stdout
    assert Path(where.strip()).is_relative_to(installed.python.parents[1])
    others = "from importlib.util import find_spec; print(*filter(find_spec, ('jsonschema', 'openai', 'pytest')))"
    assert installed.run("python", "-c", others).stdout == "\n", "only what the extra needs is there"
    assert installed.run("omni", "--version").stdout == f"omni {VERSION}\n"
    installed.run("omni", "init")
    assert installed.run("omni", "check", "--strict").stdout.startswith("no findings in 1 contract, 2 topics (")
    installed.run("omni", "broker", "start", "--port", str(free_port()))
    try:
        assert "2 created (" in installed.run("omni", "provision").stdout
        assert installed.run("omni", "drift").stdout.startswith("no drift in 2 topics (")
        up = json.loads(installed.run("omni", "up", "--once", "--format", "json").stdout)
        assert installed.run("omni", "report").returncode == 0
    finally:
        installed.run("omni", "broker", "stop")
    assert (up["clean"], up["declared_topics"], up["observed_topics"]) == (True, 2, 2)


def test_without_an_extra_it_says_which_one_is_needed(install: Callable[..., Installed]) -> None:
    installed = install()
    installed.run("omni", "init")
    installed.run("omni", "check", "--strict")
    ended = installed.run("omni", "broker", "start", expected=2)
    assert "omni-assets[broker]" in ended.stderr
    assert "Run it from a checkout of the project." in installed.run("omni", "demo", expected=2).stderr
