"""``omni init``"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

MISSPELT = """\
name: mailer
event_bus:
  subscribe_topics:
    - onex.evt.router.routing_complete.v1
"""


@pytest.fixture
def empty(project):
    """A project without anything."""
    (project.folder / "contracts" / "router" / "contract.yaml").unlink()
    for folder in ("contracts/router", "contracts"):
        (project.folder / folder).rmdir()
    return project


@pytest.fixture
def adopted(project):
    """A project with contracts in two folders, and mistakes in them."""
    (project.folder / "contracts").rename(project.folder / "services")
    mailer = project.folder / "agents" / "mail" / "mailer" / "contract.yaml"
    mailer.parent.mkdir(parents=True)
    mailer.write_text(MISSPELT)
    return project


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def fates(ran) -> dict[str, str]:
    return {each["path"]: each["fate"] for each in ran.document["files"]}


def test_an_empty_folder_becomes_a_project_that_is_clean(empty):
    dry = empty.omni("init", "--dry-run", "--format", "json")
    assert (dry.code, os.listdir(empty.folder)) == (0, [])
    ran = empty.omni("init")
    assert (ran.code, ran.err) == (0, "")
    assert files(empty.folder) == {each["path"]: each["text"] for each in dry.document["files"]}
    assert set(files(empty.folder)) == {
        "omni.toml",
        "contracts/greeter/contract.yaml",
        "workspace.yaml",
        ".github/workflows/omni.yaml",
        ".pre-commit-config.yaml",
        ".gitignore",
    }
    lines = ran.out.splitlines()
    assert [line.split()[:2] for line in lines[1:7]] == [[path, "written"] for path in fates(dry)]
    assert lines[7] == "next:"
    assert [line.split("  ")[1] for line in lines[8:]] == [
        "omni check",
        "omni up --once",
        "omni up",
        "omni import --dry-run",
    ]
    clean = empty.omni("check", "--strict")
    assert (clean.code, clean.out.split(" (")[0]) == (0, "no findings in 1 contract, 2 topics")


def test_again_it_changes_nothing(empty):
    empty.omni("init")
    before = files(empty.folder)
    ran = empty.omni("init", "--format", "json")
    assert (ran.code, set(fates(ran).values()), ran.document["contracts"]["found"]) == (0, {"there"}, 1)
    assert "omni import" not in empty.omni("init").out, "there is nothing to import where there are contracts"
    assert files(empty.folder) == before


def test_what_is_there_is_adopted_with_a_baseline_and_only_new_mistakes_fail(adopted):
    assert adopted.omni("check", "services", "agents").code == 1
    dry = adopted.omni("init", "--dry-run", "--format", "json").document
    assert (dry["errors"], dry["known"] > 0, not (adopted.folder / "omni.toml").exists()) == (0, True, True)
    ran = adopted.omni("init")
    assert ran.code == 0
    assert "2 contracts found in agents, services" in ran.out
    assert f"{dry['known']} findings known to the baseline from now on: only new ones count" in ran.out
    assert not (adopted.folder / "contracts").exists()
    assert adopted.omni("check", "--strict").code == 0
    baseline = (adopted.folder / "omni-baseline.json").read_text()
    new = adopted.folder / "services" / "new" / "contract.yaml"
    new.parent.mkdir()
    new.write_text(MISSPELT.replace("mailer", "new").replace("routing_complete", "Scoring"))
    assert adopted.omni("check").code == 1
    again = adopted.omni("init", "--format", "json")
    assert (again.code, again.document["errors"] > 0) == (1, True)
    assert (adopted.folder / "omni-baseline.json").read_text() == baseline, "a new mistake is never known by itself"


def test_files_of_ones_own_are_left_and_named_with_what_they_lack(adopted):
    own = {
        "omni.toml": 'contracts = ["services", "agents"]\n',
        ".gitignore": "*.pyc\n",
        ".pre-commit-config.yaml": "repos: []\n",
        "workspace.yaml": "load_from: []\n",
        ".github/workflows/omni.yaml": "name: mine\n",
    }
    for path, text in own.items():
        (adopted.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (adopted.folder / path).write_text(text)
    dry = adopted.omni("init", "--dry-run", "--format", "json")
    assert (dry.code, dry.document["errors"] > 0) == (1, True)
    ran = adopted.omni("init", "--format", "json")
    assert (ran.code, ran.document["errors"]) == (1, dry.document["errors"])
    assert fates(ran) == {**dict.fromkeys(own, "left"), "omni-baseline.json": "written"}
    assert all(each["lacking"] for each in ran.document["files"] if each["fate"] == "left")
    text = adopted.omni("init").out
    assert 'Add `baseline = "omni-baseline.json"` under [check], so that it counts.' in text
    assert {path: (adopted.folder / path).read_text() for path in own} == own
    # As it was told.
    with (adopted.folder / "omni.toml").open("a") as settings:
        settings.write('[check]\nbaseline = "omni-baseline.json"\n')
    ended = adopted.omni("init", "--format", "json")
    assert (ended.code, fates(ended)["omni.toml"]) == (0, "there")


def test_settings_in_pyproject_are_settings(project):
    (project.folder / "pyproject.toml").write_text("[tool.omni]\n")
    project.contract("mailer", MISSPELT)
    ran = project.omni("init", "--format", "json")
    assert (ran.code, "omni.toml" in fates(ran)) == (1, False)
    lacking = ran.document["files"][0]
    assert (lacking["path"], "[tool.omni.check]" in lacking["lacking"]) == ("pyproject.toml", True)


def test_a_baseline_that_is_there_is_named_by_the_settings_that_are_written(adopted):
    adopted.omni("init")
    (adopted.folder / "omni.toml").unlink()
    assert adopted.omni("init", "--dry-run").code == 0
    ran = adopted.omni("init", "--format", "json")
    assert (ran.code, fates(ran)["omni-baseline.json"], fates(ran)["omni.toml"]) == (0, "there", "written")


def test_below_a_project_it_is_the_projects_root_that_is_looked_at(empty):
    empty.omni("init")
    below = empty.folder / "contracts"
    ran = type(empty)(below, empty.environ).omni("init", "--format", "json")
    assert (ran.code, ran.document["root"]) == (0, str(empty.folder))
    assert ran.err == f"omni: the settings that hold here are those of {empty.folder}.\n"
    assert [each.name for each in below.iterdir()] == ["greeter"]


def test_a_contract_at_the_top_is_found(project):
    (project.folder / "contracts" / "router" / "contract.yaml").rename(project.folder / "contract.yaml")
    ran = project.omni("init", "--format", "json")
    assert (ran.code, ran.document["contracts"]) == (0, {"found": 1, "sources": ["."]})


def test_what_cannot_be_written_is_said_and_the_rest_goes_on_later(empty):
    (empty.folder / ".github").write_text("a file\n")
    ran = empty.omni("init")
    assert (ran.code, ran.out) == (2, "")
    assert "omni: cannot write .github/workflows/omni.yaml in " in ran.err
    (empty.folder / ".github").unlink()
    ended = empty.omni("init", "--format", "json")
    assert (ended.code, fates(ended)[".github/workflows/omni.yaml"]) == (0, "written")


def test_settings_that_cannot_be_used_are_said(empty):
    (empty.folder / "omni.toml").write_text("nonsense = 1\n")
    ran = empty.omni("init")
    assert (ran.code, ran.out, os.listdir(empty.folder)) == (2, "", ["omni.toml"])
    assert "`nonsense` is not a setting" in ran.err
