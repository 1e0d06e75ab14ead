"""The contracts of a work tree beside those of another revision, in real repositories."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, Protocol

import pytest

from omni_assets.contracts import Severity
from omni_assets.contracts.changes.comparison import ChangeKind
from omni_assets.errors import NoContracts, NotARepository, RevisionUnknown
from omni_assets.operations import check
from omni_assets.operations.changes import Comparison, compare_with
from omni_assets.operations.context import resolve
from omni_assets.operations.judging import NO_CHOICE, Choice

DONE, FAILED = "onex.evt.router.done.v1", "onex.evt.router.failed.v1"
REVIEWED = "onex.evt.reviewer.reviewed.v1"


class Repository(Protocol):
    """The fixture's type."""

    folder: Path

    def git(self, *arguments: str) -> str: ...
    def write(self, path: str, text: str) -> Path: ...
    def contract(self, node: str, **topics: list[str]) -> Path: ...
    def commit(self, message: str = ...) -> str: ...


def compared(asked: str, *paths: str, choice: Choice = NO_CHOICE) -> Comparison:
    return compare_with(check.scope(resolve(environ={}), paths), asked, choice)


def told(comparison: Comparison) -> list[tuple[str, str, str | None]]:
    return [(each.kind.value, each.topic, each.code) for each in comparison.changes]


@pytest.fixture
def router(repository: Repository) -> Repository:
    """A repository with a router, whose one topic the merger subscribes."""
    repository.contract("router", publish_topics=[DONE])
    repository.contract("merger", subscribe_topics=[DONE])
    repository.commit()
    return repository


def test_nothing_changed(router: Repository) -> None:
    found = compared("main")
    assert (found.changes, found.findings, found.unversioned) == ((), (), ())
    assert found.old.topics == found.new.topics


def test_a_schema_in_a_file_is_compared_as_it_was(router: Repository) -> None:
    says = f"name: router\nevent_bus: {{publish_topics: [{{topic: {DONE}, schema_ref: schemas/done.json}}]}}\n"
    router.write("contracts/router/contract.yaml", says)
    router.write("contracts/router/schemas/done.json", '{"type": "object", "properties": {"verdict": {}}}')
    router.commit()
    assert told(compared("HEAD")) == []
    router.write("contracts/router/schemas/done.json", '{"type": "object"}')
    found = compared("HEAD")
    assert told(found) == [("schema", DONE, "OM506")]
    (change,) = found.changes
    assert [(each.name, each.before, each.after) for each in change.settings] == [("$.verdict", "optional", "absent")]
    assert [each.node for each in change.hurts] == ["merger"]
    (router.folder / "contracts/router/schemas/done.json").unlink()
    assert told(compared("HEAD")) == [], "what a check says of it is enough"


def test_what_is_not_committed_yet_counts(router: Repository) -> None:
    router.contract("auditor", publish_topics=[REVIEWED])
    assert told(compared("HEAD")) == [("added", REVIEWED, "OM504")]


def test_a_deleted_contract_with_a_subscriber_left(router: Repository) -> None:
    shutil.rmtree(router.folder / "contracts" / "router")
    found = compared("main")
    assert told(found) == [("removed", DONE, "OM501")]
    (finding,) = found.findings
    assert (finding.severity, str(finding.location)) == (Severity.ERROR, "contracts/merger/contract.yaml:4:7")
    assert [(str(place), what) for place, what in finding.related] == [
        ("contracts/router/contract.yaml:4:7", "declared here at main")
    ]


def test_a_deleted_contract_whose_subscribers_went_too(router: Repository) -> None:
    router.contract("auditor", publish_topics=[REVIEWED])
    router.commit()
    for node in ("router", "merger"):
        shutil.rmtree(router.folder / "contracts" / node)
    assert told(compared("HEAD")) == [("removed", DONE, "OM505")]


def test_moved_contracts_have_changed_nothing(router: Repository) -> None:
    (router.folder / "contracts" / "router").rename(router.folder / "contracts" / "moved")
    router.git("add", "--all")
    assert told(compared("main")) == []


def test_a_branch_is_compared_with_where_it_began(router: Repository) -> None:
    router.git("switch", "--quiet", "--create", "ours")
    router.contract("auditor", publish_topics=[REVIEWED])
    router.commit()
    router.git("switch", "--quiet", "main")
    router.contract("router", publish_topics=[DONE, FAILED])
    router.commit()
    router.git("switch", "--quiet", "ours")
    found = compared("main")
    assert told(found) == [("added", REVIEWED, "OM504")]
    assert found.revision.at_merge_base


def test_from_a_subfolder(router: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    router.write("omni.toml", 'contracts = ["contracts"]\n')
    router.commit()
    router.contract("router", publish_topics=[FAILED])
    folder = router.folder / "contracts" / "merger"
    monkeypatch.chdir(folder)
    found = compared("main")
    assert told(found) == [("renamed", FAILED, "OM501")]
    assert Path(found.findings[0].location.path).resolve() == folder / "contract.yaml"
    assert told(compared("main", ".")) == [("renamed", FAILED, "OM501")]


def test_a_project_in_a_subfolder_of_the_repository(router: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    router.write("services/mail/omni.toml", 'contracts = ["nodes"]\n')
    router.write(
        "services/mail/nodes/mailer/contract.yaml", f"name: mailer\npublished_events: [{{topic: {REVIEWED}}}]\n"
    )
    router.commit()
    monkeypatch.chdir(router.folder / "services" / "mail")
    shutil.rmtree("nodes/mailer")
    Path("nodes/other").mkdir()
    Path("nodes/other/contract.yaml").write_text(f"name: other\npublished_events: [{{topic: {FAILED}}}]\n")
    assert told(compared("main")) == [("removed", REVIEWED, "OM505"), ("added", FAILED, "OM504")]


def test_paths_choose_what_is_told(router: Repository) -> None:
    router.contract("auditor", publish_topics=[REVIEWED])
    router.contract("router", publish_topics=[DONE, FAILED])
    assert told(compared("main", "contracts/auditor")) == [("added", REVIEWED, "OM504")]
    assert told(compared("main", "contracts/router")) == [("added", FAILED, "OM504")]
    assert told(compared("main", "contracts/merger")) == []


def test_another_repository_is_found_by_the_path_to_it(
    router: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    router.contract("router", publish_topics=[DONE, FAILED])
    assert told(compared("main", str(router.folder))) == [("added", FAILED, "OM504")]
    file = router.write("odd-name.yaml", f"name: odd\npublished_events: [{{topic: {REVIEWED}}}]\n")
    assert told(compared("main", str(file))) == [("added", REVIEWED, "OM504")]


def test_the_sources_are_those_of_the_settings_as_they_were(router: Repository) -> None:
    router.write("omni.toml", 'contracts = ["contracts"]\n')
    router.commit()
    (router.folder / "contracts").rename(router.folder / "nodes")
    router.write("omni.toml", 'contracts = ["nodes"]\n')
    assert told(compared("main")) == []
    router.write("omni.toml", "[grammar]\n")
    router.commit()
    router.write("omni.toml", 'contracts = ["nodes"]\n')
    found = compared("HEAD")
    assert told(found) == []  # settings that named no sources then: today's


def test_sources_in_pyproject_and_settings_that_could_not_be_read(router: Repository) -> None:
    router.write("pyproject.toml", '[tool.omni]\ncontracts = ["contracts"]\n')
    router.commit()
    router.git("branch", "good")
    router.write("pyproject.toml", "[tool.omni")
    router.commit()
    router.git("branch", "broken")
    (router.folder / "contracts").rename(router.folder / "nodes")
    router.write("pyproject.toml", '[tool.omni]\ncontracts = ["nodes"]\n')
    assert told(compared("good")) == []
    found = compared("broken")
    assert {each.kind for each in found.changes} == {ChangeKind.ADDED}
    assert found.old.contracts == ()


def test_what_the_repository_has_no_history_of_is_the_same_on_both_sides(
    router: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside" / "contract.yaml"
    outside.parent.mkdir()
    outside.write_text(f"name: outsider\nconsumed_events: [{{topic: {DONE}}}]\n")
    router.write("omni.toml", f'contracts = ["contracts", "{outside.parent}"]\n')
    router.commit()
    shutil.rmtree(router.folder / "contracts" / "router")
    found = compared("main")
    assert found.unversioned == (str(outside),)
    assert {each.node for each in found.changes[0].hurts} == {"merger", "outsider"}


def test_a_submodule_is_the_same_on_both_sides(
    router: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    shutil.copytree(router.folder, other)
    router.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "contracts/shared")
    router.commit()
    path = "contracts/shared/contracts/router/contract.yaml"
    (router.folder / path).write_text(f"name: shared\nevent_bus:\n  publish_topics: [{REVIEWED}]\n")
    found = compared("HEAD")
    assert path in found.unversioned
    assert told(found) == []
    monkeypatch.chdir(router.folder / "contracts" / "shared")
    inside = compared("HEAD")  # of the submodule, which has a history of its own
    assert inside.unversioned == ()
    assert told(inside) == [("removed", DONE, "OM501"), ("added", REVIEWED, "OM504")]


def test_links_and_hidden_folders_are_searched_as_today(router: Repository) -> None:
    (router.folder / "contracts" / "linked").mkdir()
    (router.folder / "contracts" / "linked" / "contract.yaml").symlink_to("../../elsewhere/odd.yaml")
    router.write("elsewhere/odd.yaml", f"name: odd\npublished_events: [{{topic: {REVIEWED}}}]\n")
    router.write("contracts/.hidden/contract.yaml", f"name: hidden\npublished_events: [{{topic: {FAILED}}}]\n")
    router.write("contracts/node_modules/contract.yaml", f"name: skipped\npublished_events: [{{topic: {FAILED}}}]\n")
    (router.folder / "contracts" / "dangling").mkdir()
    (router.folder / "contracts" / "dangling" / "contract.yaml").symlink_to("nowhere")
    router.commit()
    assert told(compared("HEAD")) == []
    router.write("elsewhere/odd.yaml", "name: odd\n")
    assert told(compared("HEAD")) == [("removed", REVIEWED, "OM505")]


def test_a_contract_that_cannot_be_read_is_said_and_taken_as_it_was(router: Repository) -> None:
    router.write("contracts/router/contract.yaml", "a: [")
    found = compared("main")
    assert found.changes == ()
    assert [(each.rule.code, each.severity) for each in found.findings] == [("OM002", Severity.ERROR)]


def test_a_contract_that_could_not_be_read_then_is_taken_as_it_is(router: Repository) -> None:
    router.write("contracts/router/contract.yaml", "a: [")
    router.write("contracts/merger/contract.yaml", "# " + "x" * 2_000_000)
    router.commit()
    router.contract("router", publish_topics=[DONE])
    router.contract("merger", subscribe_topics=[DONE])
    found = compared("HEAD")
    assert (found.changes, found.findings) == ((), ())


def test_findings_are_judged_as_all_are(router: Repository) -> None:
    shutil.rmtree(router.folder / "contracts" / "router")
    ignored = compared("main", choice=Choice(ignore=("OM501",)))
    assert [(each.kind, each.code) for each in ignored.changes] == [(ChangeKind.REMOVED, None)]
    assert ignored.findings == ()
    assert compared("main", choice=Choice(select=("OM2",))).findings == ()
    router.write("omni.toml", '[check.severity]\nremoved-in-use = "note"\n')
    assert [each.severity for each in compared("main").changes] == [Severity.NOTE]
    router.write(
        "omni.toml",
        '[[check.exemptions]]\ncode = "OM501"\npath = "contracts/merger/*"\nreason = "known"\nexpires = 2999-01-01\n',
    )
    exempted = compared("main")
    assert (exempted.findings, exempted.exempted) == ((), 1)


def test_errors(router: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RevisionUnknown):
        compared("nope")
    shutil.copytree(router.folder / "contracts", tmp_path / "alone" / "contracts")
    monkeypatch.chdir(tmp_path / "alone")
    with pytest.raises(NotARepository):
        compared("main")
    monkeypatch.chdir(router.folder)
    shutil.rmtree("contracts")
    Path("contracts").mkdir()
    with pytest.raises(NoContracts):
        compared("main")


def test_real_contracts_take_four_processes_and_change_nothing_by_themselves(
    repository: Repository, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(corpus, repository.folder / "contracts")
    repository.commit()
    started: list[list[str]] = []

    class Counted(subprocess.Popen[Any]):
        def __init__(self, command: list[str], **options: Any) -> None:
            started.append(command)
            super().__init__(command, **options)

    monkeypatch.setattr(subprocess, "Popen", Counted)
    found = compared("main")
    assert found.changes == ()
    assert found.unversioned == ()
    assert len(found.old.contracts) == len(found.new.contracts) > 100
    assert found.old.topics == found.new.topics
    assert len(started) == 4


def test_every_topic_of_real_contracts_removed_and_added(repository: Repository, corpus: Path) -> None:
    repository.contract("router", publish_topics=[DONE])
    repository.commit()
    shutil.copytree(corpus, repository.folder / "contracts" / "corpus")
    repository.git("switch", "--quiet", "--create", "corpus")
    repository.commit()
    added = compared("main")
    assert {each.kind for each in added.changes} == {ChangeKind.ADDED}
    assert len(added.changes) == len(added.new.topics) - 1 > 100
    repository.git("switch", "--quiet", "--create", "without")
    shutil.rmtree(repository.folder / "contracts" / "corpus")
    removed = compared("corpus")
    assert {each.kind for each in removed.changes} == {ChangeKind.REMOVED}
    assert {each.topic for each in removed.changes} == {each.topic for each in added.changes}
    assert not [each for each in removed.changes if each.code != "OM505"]
