"""docs/routing.md names every field, states the defaults that hold, and its examples are ones that are taken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from omni_assets.router.catalog import Catalog, Endpoint, Model, OwnHardwarePrice, ReferencePrice, StatedPrice
from omni_assets.router.files.catalog_file import read_catalog
from omni_assets.router.files.class_files import read_task_classes
from omni_assets.router.needs import NEEDS
from omni_assets.router.prompt import CARRIED
from omni_assets.router.task_class import GateUse, PromptTemplate, TaskClass
from omni_assets.settings import load

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "routing.md").read_text(encoding="utf-8")
ROWS = {
    match[1]: match[2].split(" | ")[-1].strip(" |")
    for match in re.finditer(r"^\| `(\w+)` \| (.*)$", PAGE, re.MULTILINE)
}


@pytest.mark.parametrize("model", [Endpoint, Model, TaskClass, PromptTemplate, GateUse])
def test_every_field_has_a_row(model: type[BaseModel]) -> None:
    assert set(model.model_fields) <= set(ROWS)


@pytest.mark.parametrize("model", [ReferencePrice, StatedPrice, OwnHardwarePrice])
def test_every_price_has_its_fields(model: type[BaseModel]) -> None:
    kind = model.model_fields["kind"].default
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{kind}` |"))
    assert all(f"`{field}`" in row for field in model.model_fields if field != "kind")


@pytest.mark.parametrize("model", [Endpoint, Model, TaskClass, GateUse])
def test_the_defaults_are_those_that_hold(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        said = ROWS[name].strip("`")
        assert (said == "required") == field.is_required(), name
        if isinstance(field.default, int | float | str):
            assert said == str(field.default).removesuffix(".0"), name


def test_the_variables_and_needs_are_named() -> None:
    assert all(f"`{{{name}}}`" in PAGE for name in CARRIED)
    assert all(f"`{gate}`" in PAGE for gate in NEEDS)


def test_every_class_of_this_project_has_its_row() -> None:
    classes = read_task_classes(str(ROOT / "contracts" / "task_classes"), read_catalog(str(ROOT / "models.yaml")))
    said = {"allowed": "yes", "opt-in": "where the task says so"}
    for name, task_class in classes.items():
        row = next(
            line for line in PAGE.splitlines() if line.startswith(f"| [{name}](../contracts/task_classes/{name}")
        )
        assert row.endswith(f"| {said[task_class.cloud]} |")


def test_the_examples_are_taken(tmp_path: Path) -> None:
    models, task_class = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "models.yaml").write_text(models)
    (tmp_path / "classes").mkdir()
    (tmp_path / "classes" / "summarization.yaml").write_text(task_class)
    catalog = read_catalog(str(tmp_path / "models.yaml"))
    assert isinstance(catalog, Catalog)
    assert read_task_classes(str(tmp_path / "classes"), catalog)["summarization"].baseline == "large"


def test_the_settings_are_taken(tmp_path: Path) -> None:
    text = next(block for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if block.startswith("[router]"))
    (tmp_path / "omni.toml").write_text(text)
    assert load(tmp_path).router.budget.classes == {"planning": 2.5}
