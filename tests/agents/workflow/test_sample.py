"""The examples in the contracts are about the sample."""

from __future__ import annotations

import json
from pathlib import Path

from omni_assets.agents.workflow.pull_requests import every
from omni_assets.agents.workflow.repository import repository
from omni_assets.agents.workflow.sample import NAME, sample
from omni_assets.contracts.payloads import payloads
from omni_assets.operations.context import resolve

PROJECT = Path(__file__).resolve().parents[3]


def test_the_examples_are_about_it(tmp_path: Path) -> None:
    there = repository(NAME, sample(tmp_path))
    heads = {each.pull_request.number: each.head for each in every(there)}
    assert list(heads) == [2, 1]
    stated = payloads(resolve(environ={}, folder=PROJECT).manifest())
    examples = [json.loads(each.example) for each in stated.values() if each.example]
    about = [each for each in examples if "number" in each]
    assert len(about) == 8
    for each in about:
        assert each["repository"] == NAME
        assert each["head"] == heads[each["number"]]
    (wish,) = (each for each in examples if "branch" in each and "number" not in each)
    assert there.branch(wish["branch"]) not in heads.values()
