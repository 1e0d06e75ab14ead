"""Recorded answers through the router's own code: what quality costs, on questions that nothing was learnt from.

Each seed splits the questions in two halves. From one half the router learns: all answers, what they cost and which are
right, as verified receipts would tell. The other half is routed: a model's answer is seen once it was asked, and
whether it is right never. A target is a share of the strong model's own quality, and the share of its cost that there
is for it; the floors of the classes are set on the learning half so that there the target is expected to be met with a
margin, or the budget to be spent, and are what the router then keeps. Seeds come in pairs, of which one learns from
what the other one routes: every question is unseen equally often.

quality: right answers, of those that the strong model alone has; cost: all calls, of what the strong model alone costs.
local: tasks that no cloud model was asked. escalated: tasks that went to a dear model, one whose calls cost at least
half of the strong model's. false accepts: wrong answers, of those accepted without a dear model. false rejects: tasks
whose best answer before a dear model was asked was right, of those that went on to one. All in per cent, means over the
seeds; intervals are 95 % by bootstrap over questions.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np

from benchmarks.routing.recorded import MOST_LINKS, Question, Replay, catalog_of, questions, task_class
from omni_assets.router.catalog import Catalog
from omni_assets.router.classifying.rules import by_rules
from omni_assets.router.learning.floors import cheapest_floors
from omni_assets.router.learning.learned import Learned, learn
from omni_assets.router.learning.training import train
from omni_assets.router.money.pricing import price_call
from omni_assets.router.planning import Circumstances, Planner
from omni_assets.router.receipt import Outcome, Receipt
from omni_assets.router.values import Location

MARGIN = 3.0
"""Points of quality that a target is set higher on the learning half: what was tuned on one half does less well on
another, by half a point to one and a half; and how a router compares with the strong model is known to no more than
that from half of the questions."""

RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Target:
    """What an owner wants, in per cent of the strong model's quality, for at most so many per cent of its cost."""

    quality: float
    cost: float

    @classmethod
    def read(cls, text: str) -> Target:
        """``97@33``. Raises ``ValueError``."""
        quality, cost = text.split("@")
        return cls(float(quality), float(cost))


TARGETS = (Target(93.2, 11), Target(93.5, 11), Target(96, 33), Target(97, 33))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of every question, for the tables: by model, whether its answer is right and what it cost."""

    right: Mapping[str, np.ndarray]
    cost: Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Routed:
    """What became of one question."""

    right: bool
    cost_usd: float
    local: bool
    escalated: bool
    false_accept: bool | None
    false_reject: bool | None


def facts(asked: Sequence[Question], catalog: Catalog) -> Facts:
    """Right answers and costs of each model that answered every question."""
    models = [name for name in catalog.models if all(name in question.answers for question in asked)]
    right = {name: np.array([question.answers[name].right for question in asked], dtype=float) for name in models}
    cost = {
        name: np.array(
            [
                float(price_call(catalog.models[name].price, question.answers[name].usage).usd or Decimal(0))
                for question in asked
            ]
        )
        for name in models
    }
    return Facts(right, cost)


class Experiment:
    """One data file, replayed over seeds."""

    def __init__(self, asked: list[Question], catalog: Catalog, strong: str) -> None:
        self.asked, self.catalog, self.strong = asked, catalog, strong
        self.facts = facts(asked, catalog)
        self.dear = {
            name for name, cost in self.facts.cost.items() if cost.mean() >= self.facts.cost[strong].mean() / 2
        }
        self.replay = Replay(catalog)
        self.classes = sorted({question.task_class for question in asked})
        planner = self._planner({})
        order = sorted(catalog.models, key=lambda name: float(self.facts.cost[name].mean()))
        self.receipts = [self.replay.full(question, planner.tell(question.task).ready, order) for question in asked]

    def seed(self, seed: int, targets: Sequence[Target]) -> tuple[list[int], list[list[Routed]]]:
        """The unseen questions of a seed, by number, and what became of each for each target."""
        numbers = list(range(len(self.asked)))
        random.Random(seed // 2).shuffle(numbers)  # noqa: S311 - a split, no secret
        halves = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]
        seen, unseen = halves[seed % 2], sorted(halves[1 - seed % 2])
        learned = learn(self.receipts[number] for number in seen)
        train(learned, most_links=(MOST_LINKS,))
        return unseen, [self._routed(learned, seen, unseen, target) for target in targets]

    def _routed(self, learned: Learned, seen: Sequence[int], unseen: Sequence[int], target: Target) -> list[Routed]:
        strong = float(self.facts.right[self.strong][seen].mean())
        shares = {
            name: sum(self.asked[number].task_class == name for number in seen) / len(seen) for name in self.classes
        }
        most_usd = float(self.facts.cost[self.strong][seen].mean()) * target.cost / 100
        floors = cheapest_floors(learned.plans, shares, strong * (target.quality + MARGIN) / 100, most_usd)
        planner = self._planner(floors)
        circumstances = Circumstances(unavailable={}, budget_left_usd=None, learned=learned, chance=0.5)
        routed = []
        for number in unseen:
            question = self.asked[number]
            planned = planner.plan(planner.tell(question.task), circumstances)
            routed.append(self._became(question, self.replay.routed(question, planned)))
        return routed

    def _planner(self, floors: Mapping[str, float]) -> Planner:
        classes = {name: task_class(name, self.strong, floors.get(name, 0.0)) for name in self.classes}
        return Planner(self.catalog, classes, by_rules)

    def _became(self, question: Question, receipt: Receipt) -> Routed:
        right = receipt.model is not None and question.answers[receipt.model].right
        dear = next((n for n, each in enumerate(receipt.attempts) if each.model in self.dear), None)
        before = None if not dear else _best_before(receipt, dear)
        return Routed(
            right=right,
            cost_usd=float(receipt.cost_usd or 0),
            local=all(each.location is Location.LOCAL for each in receipt.attempts),
            escalated=dear is not None,
            false_accept=None if dear is not None or receipt.outcome is not Outcome.ACCEPTED else not right,
            false_reject=None if before is None else question.answers[before].right,
        )


def _best_before(receipt: Receipt, dear: int) -> str:
    """The model whose answer would have counted before a dear one was asked."""
    standing = next((each.standing for each in receipt.attempts[dear - 1].checks if each.standing is not None), None)
    if standing is None:
        return receipt.attempts[dear - 1].model
    best = max(range(dear), key=lambda number: (standing.support[number], number))
    return receipt.attempts[best].model


def points(experiment: Experiment, targets: Sequence[Target], seeds: int) -> list[dict[str, object]]:
    """A figure for each target."""
    runs = [experiment.seed(seed, targets) for seed in range(seeds)]
    return [
        _point(experiment, target, [(unseen, routed[place]) for unseen, routed in runs])
        for place, target in enumerate(targets)
    ]


def _point(experiment: Experiment, target: Target, runs: Sequence[tuple[list[int], list[Routed]]]) -> dict[str, object]:
    count = len(experiment.asked)
    strong_right, strong_cost = experiment.facts.right[experiment.strong], experiment.facts.cost[experiment.strong]
    sums = np.zeros((len(runs), 4, count))
    for run, (unseen, routed) in enumerate(runs):
        sums[run, 0, unseen] = [each.right for each in routed]
        sums[run, 1, unseen] = strong_right[unseen]
        sums[run, 2, unseen] = [each.cost_usd for each in routed]
        sums[run, 3, unseen] = strong_cost[unseen]
    quality, cost = _ratios(sums, np.ones(count))
    draws = np.random.default_rng(0)
    resampled = np.array(
        [_ratios(sums, np.bincount(draws.integers(count, size=count), minlength=count)) for _ in range(RESAMPLES)]
    )
    every = [each for _, routed in runs for each in routed]
    return {
        "target": target.quality,
        "budget_percent": target.cost,
        "quality_percent": round(100 * quality, 2),
        "quality_interval": _interval(resampled[:, 0]),
        "cost_percent": round(100 * cost, 2),
        "cost_interval": _interval(resampled[:, 1]),
        "local_percent": _percent([each.local for each in every]),
        "escalated_percent": _percent([each.escalated for each in every]),
        "false_accept_percent": _percent([each.false_accept for each in every if each.false_accept is not None]),
        "false_reject_percent": _percent([each.false_reject for each in every if each.false_reject is not None]),
    }


def _ratios(sums: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Quality and cost against the strong model's, means over the seeds, with each question weighed."""
    right, strong_right, cost, strong_cost = (sums * weights).sum(axis=2).T
    return float((right / strong_right).mean()), float((cost / strong_cost).mean())


def baselines(experiment: Experiment) -> dict[str, dict[str, float]]:
    """What simpler ways do, over all questions: they learn nothing."""
    right, cost, strong = experiment.facts.right, experiment.facts.cost, experiment.strong
    local = [name for name in right if experiment.catalog.location(name) is Location.LOCAL]
    cheap = [name for name in right if name not in experiment.dear]
    ways = {
        "strong": (right[strong], cost[strong]),
        "random half strong": ((right[strong] + right[_best(right, cheap)]) / 2, None),
        "oracle": _oracle(experiment),
    }
    if local:
        best = _best(right, local)
        ways["weak"] = (right[best], cost[best])
        ways["random half strong"] = ((right[strong] + right[best]) / 2, (cost[strong] + cost[best]) / 2)
    ways |= {name: (right[name], cost[name]) for name in right if name != strong}
    if cheap:
        best = _best(right, cheap)
        ways["best single cheap"] = (right[best], cost[best])
    return {
        way: {
            "quality_percent": round(100 * float(got.sum() / right[strong].sum()), 2),
            "cost_percent": round(100 * float(spent.sum() / cost[strong].sum()), 2),
        }
        for way, (got, spent) in ways.items()
        if spent is not None
    }


def _best(right: Mapping[str, np.ndarray], names: Sequence[str]) -> str:
    return max(names, key=lambda name: right[name].mean()) if names else next(iter(right))


def _oracle(experiment: Experiment) -> tuple[np.ndarray, np.ndarray]:
    """A verifier that knows: models from the cheapest up until an answer is right; none where no answer is."""
    right, cost = experiment.facts.right, experiment.facts.cost
    order = sorted(right, key=lambda name: cost[name].mean())
    spent, solved = np.zeros(len(experiment.asked)), np.zeros(len(experiment.asked))
    for name in order:
        spent = spent + cost[name] * (1 - solved)
        solved = np.maximum(solved, right[name])
    return solved, spent


def _interval(values: np.ndarray) -> list[float]:
    return [round(100 * float(each), 2) for each in np.quantile(values, (0.025, 0.975))]


def _percent(found: Sequence[bool | None]) -> float:
    return round(100 * sum(map(bool, found)) / max(len(found), 1), 2)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("data", type=Path, help="recorded answers, JSON lines packed with gzip")
    options.add_argument("--seeds", type=int, default=10, help="splits into two halves (default: %(default)s)")
    options.add_argument(
        "--targets", type=Target.read, nargs="+", default=TARGETS, help="QUALITY@COST, per cent of the strong model's"
    )
    options.add_argument("--format", choices=("text", "json"), default="text")
    arguments = options.parse_args()
    started = time.perf_counter()
    catalog, strong = catalog_of(arguments.data)
    experiment = Experiment(questions(arguments.data), catalog, strong)
    document = {
        "points": points(experiment, arguments.targets, arguments.seeds),
        "baselines": baselines(experiment),
        "questions": len(experiment.asked),
        "learnt_from": len(experiment.asked) // 2,
        "seeds": arguments.seeds,
        "margin": MARGIN,
        "seconds": round(time.perf_counter() - started, 1),
    }
    if arguments.format == "json":
        print(json.dumps(document))
        return
    for each in document["points"]:
        print(", ".join(f"{name} {value}" for name, value in each.items()))
    for name, each in document["baselines"].items():
        print(f"{name}: quality {each['quality_percent']} %, cost {each['cost_percent']} %")
    print(f"{document['questions']} questions, {arguments.seeds} seeds, {document['seconds']} s")


if __name__ == "__main__":
    main()
