"""docs/reference and docs/schemas are what the code says now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from omni_assets.projection.descriptions import COLUMN_DESCRIPTIONS
from web.docs.reference.events import events_page
from web.docs.reference.floors import floors, floors_picture
from web.docs.reference.help import help_page
from web.docs.reference.markdown import table
from web.docs.reference.pages import folders
from web.docs.reference.schemas import schemas
from web.docs.reference.tables import tables_page

DOCS = Path(__file__).resolve().parents[2] / "docs"
INDEX = "README.md"  # of docs/reference, which people write
HOW = "`make reference` writes it anew"


@pytest.fixture(scope="module")
def made() -> Mapping[str, Mapping[str, str]]:
    return folders()


@pytest.mark.parametrize("folder", ["reference", "schemas"])
def test_what_is_there_is_what_would_be_written(made: Mapping[str, Mapping[str, str]], folder: str) -> None:
    present = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / folder).iterdir() if path.name != INDEX}
    assert sorted(present) == sorted(made[folder]), HOW
    for name, text in made[folder].items():
        assert present[name] == text, f"docs/{folder}/{name} is stale: {HOW}"


def test_the_page_of_help_says_what_omni_prints(project) -> None:
    """``project`` is that of tests/cli: the command itself, as a process."""
    page = help_page()
    for words in ((), ("check",), ("task", "submit")):
        ran = project.omni(*words, "--help")
        section = page.partition(f"## `{' '.join(('omni', *words))}`\n")[2].partition("\n## ")[0]
        assert " ".join(ran.out.split()) == " ".join(section.replace("```text", "").replace("```", "").split())


def test_every_column_has_its_row() -> None:
    page = tables_page()
    for name, columns in COLUMN_DESCRIPTIONS.items():
        section = page.partition(f"### `{name}`\n")[2].partition("\n### ")[0]
        assert re.findall(r"^\| `(\w+)`", section, re.MULTILINE) == [*columns]


def test_every_schema_is_one() -> None:
    for schema in schemas().values():
        Draft202012Validator.check_schema(schema)


def test_every_topic_of_this_project_is_told() -> None:
    from omni_assets.contracts import ContractTopicExtractor

    topics = ContractTopicExtractor().extract([str(DOCS.parent / "contracts")]).topics
    assert sorted(re.findall(r"^#### `(\S+)`$", events_page(), re.MULTILINE)) == sorted(topics)


def test_every_floor_is_in_the_picture_once_and_says_something() -> None:
    names = [floor.name for row in floors() for floor in row]
    package = DOCS.parent / "omni_assets"
    modules = {path.stem for path in package.glob("*.py")} | {
        path.parent.name for path in package.glob("*/__init__.py")
    }
    assert sorted(names) == sorted(modules - {"__init__"})
    assert all(floor.says for row in floors() for floor in row)
    drawn = ElementTree.fromstring(floors_picture()).iterfind(".//*[@class='name']")
    assert [each.text for each in drawn] == names


def test_a_cell_ends_no_table() -> None:
    assert [*table(("a|b",), [("c\nd|e",)])] == ["| a\\|b |", "|---|", "| c d\\|e |", ""]
