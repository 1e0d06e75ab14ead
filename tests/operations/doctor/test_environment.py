"""Packages as they are installed, and the variables that are read."""

from __future__ import annotations

import ast
from importlib.metadata import version
from pathlib import Path

import pytest

import omni_assets
from omni_assets.operations.doctor import environment
from omni_assets.operations.doctor.environment import PREFIXES, VARIABLES, locked, packages, variables
from omni_assets.operations.doctor.examination import Answer

PACKAGE = Path(omni_assets.__file__).parent


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package whose metadata stands where Python looks for it."""
    folder = tmp_path / "made_up-1.0.dist-info"
    folder.mkdir()
    needs = ["pydantic>=2", "nowhere-to-be-found", "pyyaml>=99", 'duckdb>=99; extra == "more"', 'gone; extra == "rest"']
    lines = [f"Requires-Dist: {each}" for each in needs] + ["Provides-Extra: more", "Provides-Extra: rest"]
    (folder / "METADATA").write_text("\n".join(["Metadata-Version: 2.1", "Name: made-up", "Version: 1.0", *lines, ""]))
    monkeypatch.syspath_prepend(str(tmp_path))
    return "made-up"


def test_this_environment_is_well() -> None:
    assert environment.python().answer is Answer.OK
    assert packages().answer is Answer.OK


def test_what_is_missing_or_of_another_version_is_named_and_an_extra_that_is_not_here_is_not(installed: str) -> None:
    told = packages(installed)
    assert told.answer is Answer.PROBLEM
    assert f"duckdb {version('duckdb')} (needed: >=99)" in told.seen
    assert "nowhere-to-be-found is missing (needed: any)" in told.seen
    assert f"pyyaml {version('pyyaml')} (needed: >=99)" in told.seen
    assert "gone" not in told.seen
    assert packages("nobody-has-this").answer is Answer.UNKNOWN


def test_what_is_not_as_locked_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    assert locked(lock).answer is Answer.OK, "an installed package has no lock file beside it"
    lock.write_text(
        f"pydantic=={version('pydantic')} \\\n    --hash=sha256:00\n"
        "pyyaml==1.0 ; python_full_version >= '3' \\\n    --hash=sha256:00\n"
        "duckdb==0.1 ; sys_platform == 'win32'\nnot-installed==1.0\n"
    )
    told = locked(lock)
    assert (told.answer, told.seen) == (Answer.WARNING, f"pyyaml {version('pyyaml')} (locked: 1.0)")


def test_a_variable_that_nobody_reads_is_named_with_the_one_that_may_be_meant() -> None:
    told = variables({"OMNI_BOOTSTRAP_SERVER": "a:1", "OMNI_KAFKA_SASL_USERNAME": "b", "OMNI_MY_KEY": "c", "PATH": "d"})
    assert (told.answer, told.seen) == (Answer.WARNING, "omni reads no OMNI_BOOTSTRAP_SERVER, OMNI_MY_KEY")
    assert told.remedy.startswith("OMNI_BOOTSTRAP_SERVER may be meant to be OMNI_BOOTSTRAP_SERVERS. ")
    assert variables({"OMNI_MY_KEY": "c"}, frozenset({"OMNI_MY_KEY"})).answer is Answer.OK
    assert variables({"OMNI_HOMES": ""}).seen == "none is set"


def test_what_kubernetes_tells_of_a_service_is_no_mistake() -> None:
    told = {
        "OMNI_SERVICE_HOST": "10.0.0.1", "OMNI_SERVICE_PORT_GRPC": "4000", "OMNI_PORT": "tcp://10.0.0.1:4000",
        "OMNI_PORT_4000_TCP_ADDR": "10.0.0.1", "OMNI_DAGSTER_WEBSERVER_SERVICE_HOST": "10.0.0.2",
        "OMNI_DAGSTER_WEBSERVER_PORT": "tcp://10.0.0.2:80",
    }  # fmt: skip
    assert variables(told).answer is Answer.OK
    assert "OMNI_REDONLY" in variables({**told, "OMNI_REDONLY": "1"}).seen
    assert variables({"OMNI_PORT": "1"}).answer is Answer.WARNING


def test_every_variable_that_the_source_reads_is_known() -> None:
    literals = {
        node.value
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("OMNI_")
    }
    names = {each for each in literals if each.replace("_", "").isalnum() and each.isupper() and each != "OMNI_"}
    assert {each for each in names if not each.startswith(PREFIXES)} <= VARIABLES
