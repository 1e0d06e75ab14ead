"""The cache: an unchanged file is not parsed again, and a broken cache changes nothing but the time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from omni_assets.contracts import ContractTopicExtractor, Grammar, extractor
from omni_assets.contracts.cache import MOST_ENTRIES, Cache

TEXT = "name: {0}\nevent_bus: {{publish_topics: [onex.evt.{0}.done.v1], subscribe_topics: [onex.evt.{0}.don.v1]}}\n"


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    for name in ("alpha", "beta", "gamma"):
        folder = tmp_path / "contracts" / name
        folder.mkdir(parents=True)
        (folder / "contract.yaml").write_text(TEXT.format(name))
    return tmp_path / "contracts"


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "state" / "cache" / "contracts.sqlite")


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that were parsed."""
    paths: list[str] = []
    real = extractor.parse

    def counting(path: str, content: bytes) -> object:
        paths.append(Path(path).parent.name)
        return real(path, content)

    monkeypatch.setattr(extractor, "parse", counting)
    return paths


def test_an_unchanged_contract_is_not_parsed_again(contracts: Path, cache: Cache, parsed: list[str]) -> None:
    first = ContractTopicExtractor().extract([str(contracts)], cache)
    assert parsed == ["alpha", "beta", "gamma"]
    assert ContractTopicExtractor().extract([str(contracts)], cache) == first
    assert len(parsed) == 3
    assert ContractTopicExtractor().extract([str(contracts)]) == first


def test_a_changed_contract_costs_itself_only(contracts: Path, cache: Cache, parsed: list[str]) -> None:
    ContractTopicExtractor().extract([str(contracts)], cache)
    del parsed[:]
    (contracts / "beta" / "contract.yaml").write_text(TEXT.format("delta"))
    manifest = ContractTopicExtractor().extract([str(contracts)], cache)
    assert parsed == ["beta"]
    assert "onex.evt.delta.done.v1" in manifest.topics


def test_the_same_bytes_elsewhere_are_known_with_their_own_place(
    contracts: Path, cache: Cache, parsed: list[str]
) -> None:
    ContractTopicExtractor().extract([str(contracts)], cache)
    del parsed[:]
    os.rename(contracts, contracts.with_name("moved"))
    manifest = ContractTopicExtractor().extract([str(contracts.with_name("moved"))], cache)
    assert parsed == []
    assert all("/moved/" in each.location.path for each in manifest.contracts)


def test_the_folder_counts_since_it_may_name_the_node(tmp_path: Path, cache: Cache) -> None:
    for name in ("alpha", "beta"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "contract.yaml").write_text("event_bus: {publish_topics: [onex.evt.a.done.v1]}\n")
    manifest = ContractTopicExtractor().extract([str(tmp_path / "alpha"), str(tmp_path / "beta")], cache)
    assert [each.node for each in manifest.contracts] == ["alpha", "beta"]
    assert ContractTopicExtractor().extract([str(tmp_path / "alpha"), str(tmp_path / "beta")], cache) == manifest


def test_another_grammar_reads_anew(contracts: Path, cache: Cache, parsed: list[str]) -> None:
    ContractTopicExtractor().extract([str(contracts)], cache)
    ContractTopicExtractor(Grammar(kinds=("evt",))).extract([str(contracts)], cache)
    assert len(parsed) == 6


def test_the_wiring_is_searched_once(contracts: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = ContractTopicExtractor()
    manifest = reader.extract([str(contracts)], cache)
    found = reader.wiring(manifest, cache)
    assert found == reader.wiring(manifest)
    assert found
    monkeypatch.setattr(extractor, "wiring_findings", None)
    assert reader.wiring(manifest, cache) == found


@pytest.mark.parametrize("damage", ["garbage", "empty", "folder", "values", "table"])
def test_a_damaged_cache_is_as_good_as_none(damage: str, contracts: Path, cache: Cache, tmp_path: Path) -> None:
    import sqlite3

    expected = ContractTopicExtractor().extract([str(contracts)], cache)
    file = tmp_path / "state" / "cache" / "contracts.sqlite"
    if damage == "garbage":
        file.write_bytes(b"no database " * 1000)
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "folder":
        file.unlink()
        file.mkdir()
    else:
        database = sqlite3.connect(file)
        database.execute("UPDATE entry SET text = '[]'" if damage == "values" else "DROP TABLE entry")
        database.commit()
        database.close()
    assert ContractTopicExtractor().extract([str(contracts)], cache) == expected
    assert ContractTopicExtractor().extract([str(contracts)], cache) == expected


def test_a_place_that_cannot_be_written_is_no_trouble(contracts: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "cache" / "contracts.sqlite")
    assert ContractTopicExtractor().extract([str(contracts)], cache).topics


def test_a_cache_that_somebody_holds_is_not_waited_for_long(contracts: Path, cache: Cache, tmp_path: Path) -> None:
    import sqlite3

    expected = ContractTopicExtractor().extract([str(contracts)], cache)
    with sqlite3.connect(tmp_path / "state" / "cache" / "contracts.sqlite") as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert ContractTopicExtractor().extract([str(contracts)], cache) == expected
    holder.close()


def test_the_folder_is_kept_out_of_version_control(contracts: Path, cache: Cache, tmp_path: Path) -> None:
    ContractTopicExtractor().extract([str(contracts)], cache)
    assert (tmp_path / "state" / "cache" / ".gitignore").read_text() == "*\n"


def test_it_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_ENTRIES >= 20_000
    monkeypatch.setattr("omni_assets.contracts.cache.MOST_ENTRIES", 10)
    cache = Cache(tmp_path / "contracts.sqlite")
    for start in range(0, 40, 4):
        cache.put({b"%d" % number: "text" for number in range(start, start + 4)})
    assert set(cache.get([b"%d" % number for number in range(40)])) == {b"%d" % number for number in range(30, 40)}


@pytest.mark.slow
def test_a_killed_writer_leaves_a_whole_cache(tmp_path: Path) -> None:
    file = tmp_path / "contracts.sqlite"
    program = (
        "import sys\nfrom pathlib import Path\nfrom omni_assets.contracts.cache import Cache\n"
        "cache = Cache(Path(sys.argv[1]))\nnumber = 0\n"
        "while True:\n    cache.put({b'%d' % each: 'text ' * 100 for each in range(number, number + 50)})\n"
        "    number += 50\n    print(number, flush=True)\n"
    )
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", program, str(file)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        done = int(writer.stdout.readline())
        time.sleep(0.05)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        keys = [b"%d" % number for number in range(done)]
        assert set(Cache(file).get(keys)) == set(keys)
