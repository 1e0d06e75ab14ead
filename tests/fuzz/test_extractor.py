"""The fuzz target itself: a short run, and proof that it notices what it looks for."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import pytest

from omni_assets.contracts import Contract, ContractTopicExtractor
from omni_assets.contracts.model import Location
from tests.fuzz import extractor
from tests.fuzz.extractor import CONTRACTS, run
from tests.fuzz.mutations import inputs, seeds


def test_a_short_run_finds_nothing(tmp_path: Path) -> None:
    done, failure = run(inputs(seeds(CONTRACTS), Random(3)), tmp_path / "failures", runs=400)
    assert failure is None, failure
    assert done == 400
    assert not (tmp_path / "failures").exists()


def test_the_same_seed_gives_the_same_inputs_and_many_are_contracts(tmp_path: Path) -> None:
    first, second = (inputs(seeds(CONTRACTS), Random(7)) for _ in range(2))
    contents = [next(first) for _ in range(200)]
    assert contents == [next(second) for _ in range(200)]
    read = [ContractTopicExtractor().parsed("a/contract.yaml", content) for content in contents]
    assert sum(bool(contract.declarations) for contract in read) > 50
    assert len({finding.rule.code for contract in read for finding in contract.findings}) > 6


def raises(path: str) -> Contract:
    raise KeyError(path)


def loses(path: str) -> Contract:
    return Contract("a", Location(path), (), ())


def dawdles(path: str) -> Contract:
    time.sleep(0.02)
    return ContractTopicExtractor().read(path)


@pytest.mark.parametrize(
    ("read", "why"),
    [(raises, "KeyError"), (loses, "is neither declared nor reported"), (dawdles, "it took 0.0 s")],
)
def test_a_failure_is_noticed_and_its_input_kept(
    read: extractor.Read, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extractor, "SLOW", 0.01 if read is dawdles else 60)
    content = b"a: onex.evt.a.b.v1\n"
    done, failure = run(iter([content]), tmp_path / "failures", runs=1, read=read)
    assert done == 1
    assert failure is not None
    assert why in failure.why
    assert failure.path.read_bytes() == content
