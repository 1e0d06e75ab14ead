"""The replay of recorded answers: it runs on any data of its form, and the unseen half stays unseen."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn", reason="the extra `learn` is not installed")

from benchmarks.routing.recorded import Question, catalog_of, questions
from benchmarks.routing.replay import Experiment, Target
from benchmarks.routing.routellm import apgr, cpt

ROOT = Path(__file__).resolve().parent.parent
SHARES = {
    "gemma-2-9b-it": 0.55,
    "Meta-Llama-3.1-8B-Instruct": 0.5,
    "Qwen2-7B-Instruct": 0.5,
    "gpt-4o-mini-2024-07-18": 0.75,
    "claude-3-haiku-20240307": 0.6,
    "gpt-4o-2024-08-06": 0.85,
    "claude-3-5-sonnet-20241022": 0.87,
}
TARGET = Target(96, 40)


def row(number: int, chance: random.Random) -> dict[str, Any]:
    truth = str(chance.randrange(1000))

    def answer(share: float) -> dict[str, Any]:
        right = chance.random() < share
        said = truth if right else str(1000 + chance.randrange(1000))
        return {
            "output": f'```json\n{{"reasoning": "so", "answer": "{said}"}}\n```',
            "answer": said,
            "correct": right,
            "input_tokens": 150,
            "output_tokens": 100 + chance.randrange(100),
        }

    return {
        "id": f"made-up:{number}",
        "task": ("Made up", "other_kind")[number % 2],
        "prompt": f"What is {number}?",
        "answers": {name: answer(share) for name, share in SHARES.items()},
    }


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made-up answers without prices beside them: those of the benchmark's own catalog are taken."""
    path = tmp_path_factory.mktemp("data") / "made_up.jsonl.gz"
    chance = random.Random(7)
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row(number, chance)) + "\n" for number in range(320))
    return path


def test_it_prints_one_document(data: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.routing.replay", str(data), "--seeds", "2", "--format", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    assert [point["target"] for point in document["points"]] == [93.2, 93.5, 96, 97]
    for point in document["points"]:
        for figure in ("quality", "cost"):
            low, high = point[f"{figure}_interval"]
            assert low <= point[f"{figure}_percent"] <= high
        assert point["cost_percent"] < 60
        assert point["quality_percent"] > 80
        for share in ("local", "escalated", "false_accept", "false_reject"):
            assert 0 <= point[f"{share}_percent"] <= 100
    assert document["baselines"]["strong"] == {"quality_percent": 100.0, "cost_percent": 100.0}
    assert {"weak", "random half strong", "best single cheap", "oracle"} <= document["baselines"].keys()


def test_labels_of_the_unseen_half_change_nothing_of_what_is_asked(data: Path) -> None:
    catalog, strong = catalog_of(data)
    asked = questions(data)
    experiment = Experiment(asked, catalog, strong)
    unseen, [routed] = experiment.seed(0, [TARGET])
    turned = [_all_wrong(question) if number in set(unseen) else question for number, question in enumerate(asked)]
    other_unseen, [other] = Experiment(turned, catalog, strong).seed(0, [TARGET])
    assert other_unseen == unseen
    assert [each.cost_usd for each in other] == [each.cost_usd for each in routed]
    assert any(each.right for each in routed)
    assert not any(each.right for each in other)


def _all_wrong(question: Question) -> Question:
    return replace(question, answers={name: replace(answer, right=False) for name, answer in question.answers.items()})


def test_seeds_come_in_pairs_that_swap_their_halves(data: Path) -> None:
    catalog, strong = catalog_of(data)
    experiment = Experiment(questions(data), catalog, strong)
    (one, _), (other, _) = experiment.seed(2, []), experiment.seed(3, [])
    assert sorted([*one, *other]) == list(range(320))


def test_the_measures_of_routellm_by_hand() -> None:
    import numpy as np

    weak, strong = np.array([0.0, 0, 1, 1]), np.array([1.0, 1, 1, 1])
    best, worst = np.array([4.0, 3, 2, 1]), np.array([1.0, 2, 3, 4])
    assert apgr(best, weak, strong) == pytest.approx(0.75)
    assert apgr(worst, weak, strong) == pytest.approx(0.25)
    assert (cpt(best, weak, strong, 50), cpt(best, weak, strong, 80)) == (25, 50)
