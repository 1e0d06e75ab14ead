"""`omni check` names what is wrong with the models and task classes of a project."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from omni_assets.contracts.model import Elsewhere
from omni_assets.contracts.rules import INVALID_CATALOG, INVALID_TASK_CLASS
from omni_assets.errors import NoContracts, PathNotFound
from omni_assets.operations.check import check, scope
from omni_assets.operations.context import resolve

NODE = "name: reviewer\nevent_bus:\n  publish_topics: [onex.evt.reviewer.review-complete.v1]\n"
Told = Callable[..., list[str]]


def text(example: object) -> str:
    assert isinstance(example, Elsewhere)
    return example.text


MODELS = text(INVALID_CATALOG.mended)
CLASS = text(INVALID_TASK_CLASS.mended)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one contract, a catalog and one task class, in which nothing is wrong."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "contracts" / "reviewer").mkdir(parents=True)
    (tmp_path / "contracts" / "reviewer" / "contract.yaml").write_text(NODE)
    (tmp_path / "contracts" / "task_classes").mkdir()
    (tmp_path / "contracts" / "task_classes" / "summarization.yaml").write_text(CLASS)
    (tmp_path / "models.yaml").write_text(MODELS)
    return tmp_path


def told(project: Path, *paths: str) -> list[str]:
    report = check(scope(resolve(environ={}, folder=project), paths))
    return [f"{each.location} {each.rule.code}" for each in report.findings if each.rule.code != "OM202"]


def test_the_examples_of_the_rules_break_them_until_they_are_mended(project: Path) -> None:
    assert told(project) == []
    (project / "models.yaml").write_text(text(INVALID_CATALOG.example))
    assert told(project) == ["models.yaml:4:21 OM601"]
    (project / "contracts" / "task_classes" / "summarization.yaml").write_text(text(INVALID_TASK_CLASS.example))
    assert told(project) == ["contracts/task_classes/summarization.yaml:8:11 OM602", "models.yaml:4:21 OM601"]


def test_paths_choose_among_them(project: Path) -> None:
    (project / "models.yaml").write_text("models: {}")
    (project / "contracts" / "task_classes" / "summarization.yaml").write_text(text(INVALID_TASK_CLASS.example))
    catalog, task_class = "models.yaml:1:1 OM601", "contracts/task_classes/summarization.yaml:8:11 OM602"
    assert told(project, "models.yaml") == [catalog]
    assert told(project, "contracts/task_classes") == [task_class]
    assert told(project, "contracts/task_classes/summarization.yaml", "contracts/reviewer") == [task_class]
    assert told(project, "contracts/reviewer") == []


@pytest.mark.parametrize("folder", ["contracts/task_classes", "classes"])
def test_a_project_without_nodes_is_judged_by_what_it_has(project: Path, folder: str) -> None:
    shutil.rmtree(project / "contracts")
    with pytest.raises(PathNotFound, match="contracts"):
        told(project, "contracts")
    (project / folder).mkdir(parents=True)
    (project / folder / "summarization.yaml").write_text(text(INVALID_TASK_CLASS.example))
    (project / "omni.toml").write_text(f"[router]\ntask_classes = '{folder}'\n")
    assert told(project) == [f"{folder}/summarization.yaml:8:11 OM602"]
    assert told(project, "models.yaml") == []
    (project / "models.yaml").write_text(text(INVALID_CATALOG.example))
    assert set(told(project)) == {f"{folder}/summarization.yaml:8:11 OM602", "models.yaml:4:21 OM601"}


def test_contracts_that_somebody_named_have_to_be_there(project: Path) -> None:
    (project / "omni.toml").write_text("contracts = ['nodes']\n")
    with pytest.raises(PathNotFound, match="nodes"):
        told(project)
    (project / "empty").mkdir()
    with pytest.raises(NoContracts, match="empty"):
        check(scope(resolve(environ={"OMNI_CONTRACTS": "empty"}, folder=project), ()))
    shutil.rmtree(project / "contracts")
    (project / "models.yaml").unlink()
    (project / "omni.toml").unlink()
    with pytest.raises(PathNotFound, match="contracts"):
        told(project)


def test_a_project_without_either_has_nothing_wrong(project: Path) -> None:
    (project / "models.yaml").unlink()
    (project / "contracts" / "task_classes" / "summarization.yaml").unlink()
    (project / "contracts" / "task_classes").rmdir()
    assert told(project) == []
    (project / "omni.toml").write_text("[router]\nmodels = 'etc/models.yaml'\n")
    assert told(project) == ["contracts/task_classes:1:1 OM602", "etc/models.yaml:1:1 OM601"]


def test_task_classes_without_a_catalog_are_an_error(project: Path) -> None:
    (project / "models.yaml").unlink()
    assert told(project) == ["models.yaml:1:1 OM601"]


def test_the_settings_judge_them_as_any_finding(project: Path) -> None:
    (project / "models.yaml").write_text("models: {}")
    (project / "omni.toml").write_text("[check]\nignore = ['invalid-catalog']\n")
    assert told(project) == []
