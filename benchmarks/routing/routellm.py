"""Who gets the strong model? GSM8K questions answered by Mixtral-8x7B and GPT-4-1106, by the measure of RouteLLM.

Questions are put in the order of a score, and those with the highest go to the strong model. PGR is the share of the
gap between both models' accuracies that is closed; APGR its mean over all shares of strong calls, and CPT(x) the share
of strong calls at which x per cent are closed (RouteLLM, arXiv 2406.18665, section 3.2; here at every share instead of
at ten). Scores of a question come from a regression over four fifths of the others, in as many splits as there are
seeds; intervals are 95 % by bootstrap over questions, paired where two ways are compared.

- ``prompt length``: nothing is learnt.
- ``prompt``: a ridge regression of the gain on what can be counted in the prompt.
- ``weak answer``: the router's own scorer, learnt from receipts: what asking the strong model would add, by the weak
  one's answer (is there one, how long is it) and the length of the prompt.
- ``prompt and weak answer``: the regression over both.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import math
import random
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from benchmarks.routing.recorded import Answer, Question, Replay, task_class
from omni_assets.errors import InputError
from omni_assets.router.catalog import Catalog, Endpoint, Model, StatedPrice
from omni_assets.router.classifying.rules import by_rules
from omni_assets.router.learning.learned import ballot_of, judged_attempts, learn
from omni_assets.router.learning.scoring import Ballot
from omni_assets.router.learning.training import train
from omni_assets.router.money.pricing import estimate_tokens
from omni_assets.router.normalise import normalise
from omni_assets.router.planning import Planner
from omni_assets.router.receipt import Receipt
from omni_assets.router.values import Location, OutputFormat, Usage

WEAK, STRONG, KIND = "weak", "strong", "gsm8k"
PRICES = {WEAK: Decimal("0.24"), STRONG: Decimal("24.7")}
"""US dollars for a million tokens of either kind, as RouteLLM's authors took them."""

PARTS = 5
"""Parts that the questions are split in; what is scored was learnt from the others."""

CLOSED = (50, 80)
RESAMPLES = 1000

Way = Callable[[Sequence[int], Sequence[int]], np.ndarray]
"""Scores of the second questions by what the first ones taught."""

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_COUNTED = (
    re.compile(r"[.?!]\s|[.?!]$"),
    re.compile("%"),
    re.compile(r"\b(?:half|third|quarter|twice|times|double|triple)\b|/"),
    re.compile(r"\b(?:each|every|per)\b"),
    re.compile(r"\b(?:more|less|fewer|than)\b"),
    re.compile(","),
)


def questions(data: Path) -> list[Question]:
    """The questions in a table packed with gzip: the second column says whether the weak model is right, the third
    whether the strong one is, and the last two hold their answers. Raises ``InputError``.
    """
    try:
        with gzip.open(data, "rt", encoding="utf-8", newline="") as table:
            rows = [*csv.reader(table)][1:]
        return [_question(number, row) for number, row in enumerate(rows)]
    except (OSError, ValueError, IndexError) as error:
        raise InputError(f"{data} cannot be read: {type(error).__name__}: {error}.", "Name a file as issued.") from None


def gap_closed(scores: np.ndarray, weak: np.ndarray, strong: np.ndarray) -> np.ndarray:
    """PGR at each number of strong calls, from none to all, the highest scores first."""
    gains = (strong - weak)[np.argsort(-scores, kind="stable")]
    return np.concatenate([[0.0], np.cumsum(gains)]) / gains.sum()


def apgr(scores: np.ndarray, weak: np.ndarray, strong: np.ndarray) -> float:
    """The mean of PGR over all shares of strong calls."""
    closed = gap_closed(scores, weak, strong)
    return float((closed[1:] + closed[:-1]).mean() / 2)


def cpt(scores: np.ndarray, weak: np.ndarray, strong: np.ndarray, percent: float) -> float:
    """The share of strong calls at which so many per cent of the gap are closed, in per cent."""
    closed = gap_closed(scores, weak, strong)
    return float(100 * np.argmax(closed >= percent / 100) / (len(closed) - 1))


def features(prompt: str) -> list[float]:
    """What can be counted in a prompt."""
    numbers = _NUMBER.findall(prompt)
    largest = max((float(each.replace(",", "")) for each in numbers), default=0.0)
    return [
        math.log1p(len(prompt)),
        len(numbers),
        len(set(numbers)),
        math.log1p(largest),
        *(len(each.findall(prompt)) for each in _COUNTED),
    ]


class Ways:
    """The ways to score, learnt from some questions and applied to others."""

    def __init__(self, asked: Sequence[Question]) -> None:
        endpoint = Endpoint(base_url="http://127.0.0.1:1/v1", location=Location.CLOUD)
        models = {
            name: Model(
                endpoint="cloud", served_name=name, context_window=32_000, price=StatedPrice(input=usd, output=usd)
            )
            for name, usd in PRICES.items()
        }
        catalog = Catalog(endpoints={"cloud": endpoint}, models=models)
        ready = Planner(catalog, {KIND: task_class(KIND, STRONG)}, by_rules).tell(asked[0].task).ready
        replay = Replay(catalog)
        self.receipts = [replay.full(question, ready, (WEAK, STRONG)) for question in asked]
        self.weak = np.array([question.answers[WEAK].right for question in asked], dtype=float)
        self.strong = np.array([question.answers[STRONG].right for question in asked], dtype=float)
        self.lengths = np.array([len(question.prompt) for question in asked], dtype=float)
        self.prompts = np.array([features(question.prompt) for question in asked])

    def length(self, _: Sequence[int], scored: Sequence[int]) -> np.ndarray:
        """By the length of the prompt."""
        return self.lengths[scored]

    def prompt(self, seen: Sequence[int], scored: Sequence[int]) -> np.ndarray:
        """By what can be counted in the prompt."""
        return self._regressed(self.prompts, seen, scored)

    def answer(self, seen: Sequence[int], scored: Sequence[int]) -> np.ndarray:
        """By the weak model's answer, through receipts and the router's scorer."""
        return self._prospects(seen)[scored]

    def both(self, seen: Sequence[int], scored: Sequence[int]) -> np.ndarray:
        """By both."""
        return self._regressed(np.column_stack([self.prompts, self._prospects(seen)]), seen, scored)

    def _prospects(self, seen: Sequence[int]) -> np.ndarray:
        learned = learn(self.receipts[number] for number in seen)
        train(learned, most_links=(2,))
        assert learned.scorer is not None
        gains = []
        for receipt in self.receipts:
            ballot = _weak_alone(receipt)
            support = learned.scorer.support(ballot) or (0.0,)
            gains.append(learned.scorer.prospects(ballot, support)[STRONG] - max(support))
        return np.array(gains)

    def _regressed(self, matrix: np.ndarray, seen: Sequence[int], scored: Sequence[int]) -> np.ndarray:
        from sklearn.linear_model import Ridge
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        fitted = make_pipeline(StandardScaler(), Ridge(100.0)).fit(matrix[seen], (self.strong - self.weak)[seen])
        return np.asarray(fitted.predict(matrix[scored]))


def scored(way: Way, count: int, seeds: int) -> np.ndarray:
    """A score of every question for every seed: its rank in its part, by what all other parts taught."""
    scores = np.zeros((seeds, count))
    for seed in range(seeds):
        numbers = list(range(count))
        random.Random(seed).shuffle(numbers)  # noqa: S311 - a split, no secret
        for part in range(PARTS):
            held = numbers[part::PARTS]
            seen = sorted(set(numbers).difference(held))
            scores[seed, held] = np.argsort(np.argsort(way(seen, held), kind="stable")) / len(held)
    return scores


def figure(scores: np.ndarray, reference: np.ndarray, ways: Ways) -> dict[str, object]:
    """APGR and CPT of a way, means over the seeds, and by how much APGR is above the reference's."""
    weak, strong = ways.weak, ways.strong
    draws = np.random.default_rng(0)
    values, differences = [], []
    for _ in range(RESAMPLES):
        drawn = draws.integers(len(weak), size=len(weak))
        value, other = (
            float(np.mean([apgr(each[drawn], weak[drawn], strong[drawn]) for each in way]))
            for way in (scores, reference)
        )
        values.append(value)
        differences.append(value - other)
    return {
        "apgr": round(float(np.mean([apgr(each, weak, strong) for each in scores])), 3),
        "apgr_interval": _interval(values),
        "above_prompt_length_interval": _interval(differences),
        **{
            f"cpt_{percent}_percent": round(float(np.mean([cpt(each, weak, strong, percent) for each in scores])), 1)
            for percent in CLOSED
        },
    }


def _interval(values: Sequence[float]) -> list[float]:
    return [round(float(each), 3) for each in np.quantile(values, (0.025, 0.975))]


def _weak_alone(receipt: Receipt) -> Ballot:
    ballot = ballot_of(KIND, judged_attempts(receipt.attempts[:1]))
    assert ballot is not None
    return ballot


def _question(number: int, row: Sequence[str]) -> Question:
    prompt, weak, strong, weak_text, strong_text = row[:5]
    answers = {
        name: _answer(name, prompt, text, right == "True")
        for name, text, right in ((WEAK, weak_text, weak), (STRONG, strong_text, strong))
    }
    return Question(id=f"gsm8k-{number}", number=number, task_class=KIND, prompt=prompt, answers=answers)


def _answer(name: str, prompt: str, text: str, right: bool) -> Answer:
    return Answer(
        model=name,
        text=text,
        normalised=normalise(_with_answer(text), OutputFormat.TEXT, "answer"),
        usage=Usage(input_tokens=estimate_tokens(prompt), output_tokens=estimate_tokens(text), reported=False),
        right=right,
    )


def _with_answer(text: str) -> str:
    """``text`` with its answer on a line of its own: what it marks as such, or else the last number of a text that ends
    as a sentence does; one that breaks off has none.
    """
    if "####" in text:
        return text.replace("####", "answer:")
    numbers = _NUMBER.findall(text)
    return f"{text}\nanswer: {numbers[-1]}" if numbers and text.rstrip().endswith((".", "!", ")", "%")) else text


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("data", type=Path, help="the table of questions and answers, packed with gzip")
    options.add_argument("--seeds", type=int, default=10, help=f"splits into {PARTS} parts (default: %(default)s)")
    options.add_argument("--format", choices=("text", "json"), default="text")
    arguments = options.parse_args()
    asked = questions(arguments.data)
    ways = Ways(asked)
    named = {
        "prompt length": ways.length,
        "prompt": ways.prompt,
        "weak answer": ways.answer,
        "prompt and weak answer": ways.both,
    }
    scores = {name: scored(way, len(asked), arguments.seeds) for name, way in named.items()}
    document = {
        "questions": len(asked),
        "labels": len(asked) * (PARTS - 1) // PARTS,
        "seeds": arguments.seeds,
        "weak_right_percent": round(100 * float(ways.weak.mean()), 1),
        "strong_right_percent": round(100 * float(ways.strong.mean()), 1),
        "ways": {name: figure(each, scores["prompt length"], ways) for name, each in scores.items()},
    }
    if arguments.format == "json":
        print(json.dumps(document))
        return
    for name, each in document["ways"].items():
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in each.items()))
    print(f"{document['questions']} questions, {document['labels']} labels, {arguments.seeds} seeds")


if __name__ == "__main__":
    main()
