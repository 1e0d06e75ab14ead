"""The files of a new project are what their readers take."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from omni_assets.contracts.extractor import ContractTopicExtractor
from omni_assets.contracts.naming import Grammar
from omni_assets.operations.scaffold.texts import Piece, first_contract, settings, standing
from omni_assets.settings import load

ROOT = Path(__file__).resolve().parents[3]
VERSION = "1.2.3"


def piece(path: str) -> Piece:
    return next(each for each in standing(VERSION) if each.path == path)


def test_the_settings_are_read_as_they_were_meant(tmp_path: Path) -> None:
    (tmp_path / "omni.toml").write_text(settings(("services", "more"), "known.json").text)
    read = load(tmp_path)
    assert (read.contracts, read.check.baseline) == (("services", "more"), "known.json")
    assert "check" not in tomllib.loads(settings(("services",), None).text)


@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1), min_size=1, max_size=4))
def test_folders_of_any_name_are_in_the_settings(folders: list[str]) -> None:
    text = settings(folders, folders[0]).text
    assert tomllib.loads(text)["contracts"] == folders
    assert tomllib.loads(text)["check"]["baseline"] == folders[0]


def test_what_the_settings_only_suggest_is_valid_too() -> None:
    text = settings(("contracts",), None).text
    suggested = re.sub(r"^# (?=[\[\w]+.*(?:=|\]$))", "", text, flags=re.MULTILINE)
    assert {"grammar", "environments"} <= tomllib.loads(suggested).keys()


@pytest.mark.parametrize(
    ("grammar", "names"),
    [
        (Grammar(), {"onex.cmd.greeter.greet.v1", "onex.evt.greeter.greeted.v1"}),
        (
            Grammar("{producer}.{event}.{kind}.{N}", ("event", "command"), command_kinds=("command",)),
            {"greeter.greet.command.1", "greeter.greeted.event.1"},
        ),
        (
            Grammar(kinds=("fact",), command_kinds=(), dead_letter_kinds=(), intent_kinds=()),
            {"onex.fact.greeter.greeted.v1"},
        ),
    ],
)
def test_the_first_contract_is_without_a_flaw_under_any_grammar(
    tmp_path: Path, grammar: Grammar, names: set[str]
) -> None:
    made = first_contract("here", grammar)
    assert made is not None
    path = tmp_path / made.path
    path.parent.mkdir(parents=True)
    path.write_text(made.text)
    extractor = ContractTopicExtractor(grammar)
    manifest = extractor.extract([str(tmp_path)])
    assert manifest.topics.keys() == names
    assert (manifest.findings, extractor.wiring(manifest)) == ((), ())


def test_there_is_no_first_contract_where_the_words_are_no_names() -> None:
    assert (
        first_contract(
            "here", Grammar(segment="[0-9]+", kinds=("1",), command_kinds=(), dead_letter_kinds=(), intent_kinds=())
        )
        is None
    )


def test_every_file_has_what_it_is_known_by_and_nothing_left_open() -> None:
    for each in standing(VERSION):
        assert each.mark in each.text
        assert each.lacking.endswith(".")
        assert "@VERSION@" not in each.text
    assert f"omni-assets=={VERSION}" in piece(".github/workflows/omni.yaml").text
    assert f"omni-assets=={VERSION}" in piece(".pre-commit-config.yaml").text


def test_the_workflow_is_one_to_github_and_the_one_of_the_documentation(tmp_path: Path) -> None:
    text = piece(".github/workflows/omni.yaml").text
    file = tmp_path / "omni.yaml"
    file.write_text(text)
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(file)]
    ended = subprocess.run(check, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout
    documented = re.search(r"```yaml\n(name: topics\n.*?)```", (ROOT / "docs" / "ci.md").read_text(), re.DOTALL)
    assert documented is not None
    assert yaml.safe_load(text.replace(f"=={VERSION}", "")) == yaml.safe_load(documented[1])


def test_the_hook_is_one_to_pre_commit_and_the_one_of_this_repository(tmp_path: Path) -> None:
    from pre_commit.clientlib import load_config

    file = tmp_path / ".pre-commit-config.yaml"
    file.write_text(piece(file.name).text)
    (hook,) = load_config(str(file))["repos"][0]["hooks"]
    shipped = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())[0]
    assert {key: hook[key] for key in shipped} == shipped


def test_the_workspace_is_the_one_of_this_repository() -> None:
    assert yaml.safe_load(piece("workspace.yaml").text) == yaml.safe_load((ROOT / "workspace.yaml").read_text())
