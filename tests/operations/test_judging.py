"""The judge that settings appoint, for commands that work on what is readable."""

from __future__ import annotations

from pathlib import Path

import pytest

from omni_assets.contracts import Severity
from omni_assets.errors import BaselineUnusable, SettingsError
from omni_assets.operations.check import check, scope, start_baseline
from omni_assets.operations.context import Context, resolve
from omni_assets.operations.judging import Choice, contract_findings, judge_of, relative_to

MISSPELT = "name: router\nevent_bus:\n  publish_topics: [onex.evt.router.Done.v1]\n"


@pytest.fixture
def context(tmp_path: Path):
    """The context of a project with one misspelt name and those settings."""
    folder = tmp_path / "contracts" / "router"
    folder.mkdir(parents=True)
    (folder / "contract.yaml").write_text(MISSPELT)

    def of(settings: str) -> Context:
        (tmp_path / "omni.toml").write_text(settings)
        return resolve([str(tmp_path / "contracts")], environ={}, folder=tmp_path)

    return of


def errors(context: Context) -> int:
    return sum(each.severity is Severity.ERROR for each in contract_findings(context, context.manifest()))


def test_findings_of_the_manifest_are_judged_as_the_settings_say(context) -> None:
    assert errors(context("")) == 1
    assert errors(context("[check]\nignore = ['OM1']\n")) == 0
    assert errors(context("[check.severity]\nmalformed-name = 'warning'\n")) == 0
    assert (
        errors(context("[[check.exemptions]]\ncode = 'OM1'\nnode = 'router'\nreason = 'x'\nexpires = 2999-01-01\n"))
        == 0
    )
    assert (
        errors(context("[[check.exemptions]]\ncode = 'OM1'\nnode = 'router'\nreason = 'x'\nexpires = 2020-01-01\n"))
        == 1
    )


def test_with_a_baseline_that_cannot_be_used_every_finding_counts(context, tmp_path: Path) -> None:
    project = context("[check]\nbaseline = 'known.json'\n")
    assert errors(project) == 1
    with pytest.raises(BaselineUnusable, match="there is no such file"):
        check(scope(project, ()))
    start_baseline(scope(project, ()))
    assert errors(project) == 0
    (tmp_path / "known.json").write_text("{")
    assert errors(project) == 1


def test_the_key_that_names_fewest_rules_decides_a_severity(context) -> None:
    judge = judge_of(context("[check.severity]\nOM101 = 'note'\nOM1 = 'warning'\nOM = 'error'\n"))
    severities = judge.selection.severities
    assert (severities["OM101"], severities["OM102"], severities["OM201"]) == ("note", "warning", "error")


def test_a_setting_that_names_no_rule_names_the_file_and_the_key(context, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        judge_of(context("[check]\nignore = ['OM1', 'near-mis']\n"))
    assert caught.value.message == (
        f"{tmp_path}/omni.toml: `check.ignore[1]`: there is no rule `near-mis`; did you mean `near-miss`?"
    )


def test_what_a_command_chooses(context) -> None:
    project = context("[check]\nselect = ['OM1']\nignore = ['OM102']\n")
    assert "OM101" in judge_of(project).selection.codes
    assert judge_of(project, Choice(select=("OM102", "OM203"))).selection.codes == {"OM203"}
    assert judge_of(project, Choice(ignore=("OM101",))).selection.codes == judge_of(project).selection.codes - {"OM101"}


def test_paths_are_told_from_the_root(context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = context("").settings
    monkeypatch.chdir(tmp_path / "contracts")
    relative = relative_to(settings)
    assert relative("router/contract.yaml") == "contracts/router/contract.yaml"
    assert relative(str(tmp_path / "contracts" / "router" / "contract.yaml")) == "contracts/router/contract.yaml"
    assert relative("../../elsewhere.yaml") == "../elsewhere.yaml"


def test_a_link_to_a_baseline_stays_a_link_and_permissions_stay(context, tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    real.write_text("old")
    real.chmod(0o640)
    (tmp_path / "known.json").symlink_to(real)
    start_baseline(scope(context("[check]\nbaseline = 'known.json'\n"), ()))
    assert (tmp_path / "known.json").is_symlink()
    assert "OM101" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir() if "real.json" in path.name] == ["real.json"]
