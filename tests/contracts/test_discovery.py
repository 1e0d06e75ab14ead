"""Where contracts are found."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from omni_assets.contracts import ContractTopicExtractor
from omni_assets.contracts.discovery import find_contracts
from omni_assets.errors import NoContracts, PathNotFound


def contract(folder: Path, name: str = "contract.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("name: a\n")
    return path


def found(tmp_path: Path, *sources: str) -> list[str]:
    return [os.path.relpath(path, tmp_path) for path in find_contracts(sources or [str(tmp_path)])]


def test_folders_are_searched_in_a_stable_order(tmp_path: Path) -> None:
    for folder in ("b/inner", "b", "a", "c-1", "."):
        contract(tmp_path / folder)
    contract(tmp_path / "a", "contract.yml")
    contract(tmp_path / "a", "contract.yaml.bak")
    contract(tmp_path / "a", "other.yaml")
    assert found(tmp_path) == [
        "contract.yaml",
        "a/contract.yaml",
        "a/contract.yml",
        "b/contract.yaml",
        "b/inner/contract.yaml",
        "c-1/contract.yaml",
    ]


def test_hidden_and_installed_folders_are_left_out_unless_named(tmp_path: Path) -> None:
    for folder in (".git", "node_modules/x", "__pycache__", "venv/lib/site-packages/x", "kept"):
        contract(tmp_path / folder)
    assert found(tmp_path) == ["kept/contract.yaml"]
    assert found(tmp_path, str(tmp_path / ".git")) == [".git/contract.yaml"]


def test_a_file_is_taken_whatever_its_name(tmp_path: Path) -> None:
    path = contract(tmp_path, "topics.txt")
    assert find_contracts([str(path)]) == [str(path)]


def test_links_to_folders_are_not_followed_and_loops_end(tmp_path: Path) -> None:
    contract(tmp_path / "a")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to("self")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert found(tmp_path) == ["a/contract.yaml"]
    assert found(tmp_path, str(tmp_path / "b")) == ["b/contract.yaml"]


def test_links_to_files_and_broken_ones_are_found(tmp_path: Path) -> None:
    real = contract(tmp_path / "a", "real.yaml")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "contract.yaml").symlink_to(real)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "contract.yaml").symlink_to(tmp_path / "nowhere")
    assert found(tmp_path) == ["b/contract.yaml", "c/contract.yaml"]


def test_a_folder_of_that_name_is_found_and_searched(tmp_path: Path) -> None:
    contract(tmp_path / "contract.yaml")
    assert found(tmp_path) == ["contract.yaml", "contract.yaml/contract.yaml"]


def test_a_file_is_found_once_however_many_sources_lead_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contract(tmp_path / "a")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    monkeypatch.chdir(tmp_path)
    assert find_contracts(["a", str(tmp_path), "./a/contract.yaml", "link"]) == ["a/contract.yaml"]
    assert find_contracts(["."]) == ["a/contract.yaml"]


def test_a_path_through_a_link_and_back_is_what_the_system_says_it_is(tmp_path: Path) -> None:
    contract(tmp_path / "real" / "contracts")
    (tmp_path / "real" / "deep").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real" / "deep")
    (path,) = find_contracts([f"{tmp_path}/link/../contracts"])
    assert Path(path).read_text() == "name: a\n"


def test_very_deep_folders_are_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    depth = sys.getrecursionlimit() + 200
    monkeypatch.chdir(tmp_path)
    for _ in range(depth):
        Path("d").mkdir()
        os.chdir("d")
    try:
        path = contract(Path())
        monkeypatch.chdir(tmp_path)
        assert len(find_contracts(["."])) == 1
    finally:
        # What removes temporary folders recurses, so this one goes from the inside.
        os.chdir(tmp_path / "/".join(["d"] * depth))
        path.unlink()
        for _ in range(depth):
            os.chdir("..")
            Path("d").rmdir()
        monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("source", ["missing", "missing/contract.yaml", "with\0nul", "x" * 5000])
def test_a_path_that_does_not_exist_is_named(source: str, tmp_path: Path) -> None:
    contract(tmp_path / "a")
    with pytest.raises(PathNotFound, match=r"^cannot read "):
        find_contracts([str(tmp_path), f"{tmp_path}/{source}"])


def test_a_missing_path_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PathNotFound) as refused:
        find_contracts([f"{tmp_path}/missing"])
    assert refused.value.message == f"cannot read {tmp_path}/missing: no such file or folder."
    assert "OMNI_CONTRACTS" in refused.value.remedy


Powerless = Callable[[], AbstractContextManager[None]]


def test_a_folder_below_that_may_not_be_listed_is_given_to_be_read(tmp_path: Path, powerless: Powerless) -> None:
    contract(tmp_path / "a")
    contract(tmp_path / "z")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    with powerless():
        paths = find_contracts(["."])
        read = ContractTopicExtractor().read("closed")
    closed.chmod(0o700)
    assert paths == ["a/contract.yaml", "closed", "z/contract.yaml"]
    (finding,) = read.findings
    assert (finding.rule.name, str(finding.location)) == ("unreadable-folder", "closed:1:1")
    assert finding.message == "this folder cannot be searched for contracts: permission denied."


def test_a_named_folder_that_may_not_be_listed_is_refused(tmp_path: Path, powerless: Powerless) -> None:
    contract(tmp_path / "a")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    with powerless(), pytest.raises(PathNotFound, match=r"^cannot read closed: permission denied\."):
        find_contracts(["a", "closed"])
    closed.chmod(0o700)


def test_no_contract_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoContracts, match=r"no contract\.yaml under "):
        find_contracts([str(tmp_path)])
    with pytest.raises(NoContracts):
        find_contracts([])
