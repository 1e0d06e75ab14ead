"""Training the scorer, and trying chains with it, on examples of which it is known which answers are right.

Two regressions for each set of models that a chain may have asked: how likely an answer is right (logistic: Cox, 1958),
and how much asking a further model betters the best answer's chance (ridge: Hoerl and Kennard, 1970). Whatever is
estimated of an example comes from regressions that never saw it (``FOLDS``), so what the plans promise is not what was
learnt by heart. Needs the extra ``learn``.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any
from zlib import crc32

from omni_assets.errors import ExtraMissing
from omni_assets.router.learning.learned import Example, Learned, Plan
from omni_assets.router.learning.posterior import Beta
from omni_assets.router.learning.scoring import (
    Ballot,
    Features,
    Lengths,
    Linear,
    Scorer,
    Weighing,
    asked,
    features_of_answer,
    features_of_ballot,
)

if TYPE_CHECKING:
    import numpy as np

LEAST_EXAMPLES = 60
"""Examples of a set of models below which nothing is learnt of it."""

FOLDS = 5
MOST_FREE = 4
MOST_PAID = 4
LONGEST_PAID = 3
"""Models that cost nothing, and models that do, of which chains are made; and how many of the latter one chain has."""

RATES = tuple(10 ** (step / 25) for step in range(-50, 51))
"""What a right answer may be worth, as multiples of what a call of the dearest model costs: the exchange rates tried,
from a hundredth to a hundred. Chains are ranked by what they do at rates from one up, where escalating can pay."""

_LEAST_RISE = 1e-9

SHRINKING_RIGHT = 0.03
SHRINKING_GAIN = 100.0
"""How strongly the weights are held back: the inverse of the penalty (logistic), and the penalty (ridge)."""


@dataclass(frozen=True, slots=True)
class _State:
    """What is known of all examples once certain models were asked, estimated without the example itself.

    ``support`` is the chance that the best answer is right, ``right`` whether it is (``nan`` where not known), and
    ``gains`` what each further model adds to the chance. All have one entry for each example.
    """

    support: np.ndarray[Any, Any]
    right: np.ndarray[Any, Any]
    gains: Mapping[str, np.ndarray[Any, Any]]


@dataclass(frozen=True, slots=True)
class _Trial:
    """What a chain did on so many examples: the share that ended in a right answer, and what one cost on average."""

    count: int
    quality: float
    cost_usd: float


def train(learned: Learned, most_links: Collection[int] = (3,)) -> None:
    """Give ``learned`` a scorer and plans, by its examples; without enough of them it has none.

    ``most_links`` are the numbers of models that chains of the classes may have: escalations and one. Raises
    ``ExtraMissing``.
    """
    try:
        import sklearn.linear_model  # noqa: F401
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    except ImportError:
        raise ExtraMissing("learn", "training the scorer") from None
    latest: dict[str, int] = {}
    for example in learned.examples():
        name = example.ballot.task_class
        latest[name] = max(latest.get(name, 0), example.prompt_version)
    examples = [each for each in learned.examples() if each.prompt_version == latest[each.ballot.task_class]]
    learned.scorer, learned.plans = None, {}
    learned.choices.clear()
    if len(examples) >= LEAST_EXAMPLES:
        with threadpool_limits(1):  # the matrices are small: threads would spend more on waiting than they save
            learned.scorer, learned.plans = _Training(examples, latest).result(sorted(set(most_links)))


class _Training:
    """One training over some examples."""

    def __init__(self, examples: Sequence[Example], versions: Mapping[str, int]) -> None:
        import numpy as np

        self.np = np
        self.examples = examples
        self.versions = versions
        self.usual = _usual(examples)
        self.places = [{vote.model: place for place, vote in enumerate(each.ballot.votes)} for each in examples]
        self.folds = np.array([crc32(each.id.encode()) % FOLDS for each in examples])
        self.classes = np.array([each.ballot.task_class for each in examples])
        self.ballots: dict[tuple[str, ...], list[Ballot | None]] = {}

    def result(self, most_links: Sequence[int]) -> tuple[Scorer | None, Mapping[str, tuple[tuple[Plan, ...], ...]]]:
        """The scorer, and the plans of each class: of each chain, the best first, and by rate, the cheapest first."""
        costs = self._costs()
        chains = tuple(dict.fromkeys(each for most in most_links for each in _chains(costs, self._shares(), most)))
        states: dict[str, _State] = {}
        weighings: dict[str, Weighing] = {}
        followers: dict[tuple[str, ...], set[str]] = {}
        for chain in chains:
            for length in range(1, len(chain)):
                followers.setdefault(chain[:length], set()).add(chain[length])
            followers.setdefault(chain, set())
        right: dict[tuple[str, ...], Any] = {}
        for models in followers:
            fitted = self._right(models)
            if fitted is not None:
                right[models] = fitted
        for models, (linear, support, is_right) in right.items():
            after = {model: right[*models, model][1] for model in followers[models] if (*models, model) in right}
            found = self._gains(models, support, after)
            weighings[asked(models)] = Weighing(right=linear, gains={model: each[0] for model, each in found.items()})
            gains = {model: each[1] for model, each in found.items()}
            states[asked(models)] = _State(support, is_right, gains)
        plans = {
            name: self._plans(name, [chain for chain in chains if _complete(chain, states)], states, costs)
            for name in sorted(self.usual)
        }
        scorer = Scorer(usual=self.usual, weighings=weighings) if weighings else None
        return scorer, {name: found for name, found in plans.items() if found}

    def _costs(self) -> Mapping[str, Mapping[str, float]]:
        """What a call of each model costs on average, by class; all classes together under an empty name."""
        sums: dict[str, dict[str, list[float]]] = {}
        for each in self.examples:
            for vote, cost in zip(each.ballot.votes, each.costs_usd, strict=True):
                if cost is not None:
                    for name in ("", each.ballot.task_class):
                        sums.setdefault(name, {}).setdefault(vote.model, []).append(cost)
        return {
            name: {model: math.fsum(costs) / len(costs) for model, costs in by_model.items()}
            for name, by_model in sums.items()
        }

    def _shares(self) -> Mapping[str, float]:
        """How often each model was right."""
        counts: dict[str, Beta] = {}
        for each in self.examples:
            for vote, right in zip(each.ballot.votes, each.right, strict=True):
                if right is not None:
                    counts[vote.model] = counts.get(vote.model, Beta()).after(right, not right)
        return {model: beta.mean for model, beta in counts.items()}

    def _ballots(self, models: tuple[str, ...]) -> list[Ballot | None]:
        """The ballot of each example had just these models been asked, in this order; ``None`` where one was not."""
        if models not in self.ballots:
            self.ballots[models] = [
                Ballot(each.ballot.task_class, tuple(each.ballot.votes[place[model]] for model in models))
                if all(model in place for model in models)
                else None
                for each, place in zip(self.examples, self.places, strict=True)
            ]
        return self.ballots[models]

    def _right(self, models: tuple[str, ...]) -> Any:
        """Weights for how likely an answer is right once these models were asked; of each example the best answer's
        chance, and whether it is right. ``None`` where too few examples tell, or without one fold all tell the same.
        """
        np = self.np
        rows: list[Features] = []
        owners, targets, known = [], [], []
        for number, ballot in enumerate(self._ballots(models)):
            if ballot is None:
                continue
            example, place = self.examples[number], self.places[number]
            for group, votes in ballot.groups.items():
                truth = example.right[place[models[votes[-1]]]]
                rows.append(features_of_answer(ballot, group, self.usual[ballot.task_class]))
                owners.append(number)
                known.append(truth is not None)
                targets.append(bool(truth))
        told = np.array(known, dtype=bool)
        if told.sum() < LEAST_EXAMPLES:
            return None
        owner, target = np.array(owners), np.array(targets, dtype=float)
        if any(len(set(target[told & (self.folds[owner] != fold)])) < 2 for fold in range(FOLDS)):
            return None
        names, matrix = self._matrix(rows)
        chances = np.zeros(len(rows))
        for fold in range(FOLDS):
            held = self.folds[owner] == fold
            fitted = _logistic(matrix[told & ~held], target[told & ~held])
            chances[held] = fitted.predict_proba(matrix[held])[:, 1]
        best = np.zeros(len(self.examples))
        right = np.full(len(self.examples), np.nan)
        for row, number in enumerate(owner):
            if chances[row] >= best[number]:
                best[number], right[number] = chances[row], target[row] if told[row] else np.nan
        for number, ballot in enumerate(self._ballots(models)):
            if ballot is None:
                best[number] = np.nan
            elif not ballot.groups:
                right[number] = 0.0
        whole = _logistic(matrix[told], target[told])
        return _linear(names, whole.coef_[0], float(whole.intercept_[0])), best, right

    def _gains(self, models: tuple[str, ...], now: Any, after: Mapping[str, Any]) -> Mapping[str, tuple[Linear, Any]]:
        """For each further model, by the chances once it was asked: weights for what asking it adds to the chance of a
        right answer, and what it adds for each example.
        """
        np = self.np
        ballots = [(number, ballot) for number, ballot in enumerate(self._ballots(models)) if ballot is not None]
        numbers = np.array([number for number, _ in ballots])
        names, matrix = self._matrix(
            [features_of_ballot(each, float(now[number]), self.usual[each.task_class]) for number, each in ballots]
        )
        found = {}
        for model, chances in after.items():
            target = (chances - now)[numbers]
            told = ~np.isnan(target)
            if told.sum() < LEAST_EXAMPLES:
                continue
            gains = np.full(len(self.examples), np.nan)
            for fold in range(FOLDS):
                held = self.folds[numbers] == fold
                weights, intercept = _ridge(np, matrix[told & ~held], target[told & ~held])
                gains[numbers[held]] = matrix[held] @ weights + intercept
            weights, intercept = _ridge(np, matrix[told], target[told])
            found[model] = _linear(names, weights, intercept), gains
        return found

    def _plans(
        self,
        name: str,
        chains: Sequence[tuple[str, ...]],
        states: Mapping[str, _State],
        costs: Mapping[str, Mapping[str, float]],
    ) -> tuple[tuple[Plan, ...], ...]:
        """What each chain does on the examples of a class at each exchange rate."""
        dearest = max(costs[""].values(), default=0.0)
        worths = [rate * dearest for rate in RATES] if dearest else [1.0]
        ranked = []
        for chain in chains:
            trials = [self._tried(name, chain, states, costs, worth) for worth in worths]
            if min(trial.count for trial in trials) < LEAST_EXAMPLES // 2:
                continue
            value = sum(
                trial.quality - trial.cost_usd / worth
                for trial, worth in zip(trials, worths, strict=True)
                if worth >= dearest
            )
            qualities = _rising([trial.quality for trial in trials])
            plans = tuple(
                Plan(
                    prompt_version=self.versions[name],
                    chain=chain,
                    worth_usd=worth,
                    cost_usd=trial.cost_usd,
                    quality=min(quality, 1.0),
                    bound=Beta(1 + quality * trial.count, 1 + (1 - quality) * trial.count).lower,
                )
                for trial, worth, quality in zip(trials, worths, qualities, strict=True)
            )
            ranked.append((-value, len(chain), chain, plans))
        return tuple(plans for *_, plans in sorted(ranked, key=lambda each: each[:3]))

    def _tried(
        self,
        name: str,
        chain: tuple[str, ...],
        states: Mapping[str, _State],
        costs: Mapping[str, Mapping[str, float]],
        worth: float,
    ) -> _Trial:
        """A chain walked on the examples of a class as the policy walks it. What comes before the first decision costs
        nothing, or is asked anyhow.
        """
        np = self.np
        first = _first_decision(chain, costs[""])
        stages = [states[asked(chain[: length + 1])] for length in range(first, len(chain))]
        known = (self.classes == name) & ~np.isnan(sum(stage.right for stage in stages))
        prices = [costs[name].get(model, 0.0) for model in chain]
        quality, cost, going = np.zeros(len(known)), sum(prices[: first + 1]) * known, known.copy()
        for stage, following, price in zip(stages, chain[first + 1 :], prices[first + 1 :], strict=False):
            on = going & (stage.gains[following] * worth >= price)
            quality = np.where(going & ~on, stage.right, quality)
            cost, going = cost + on * price, on
        quality = np.where(going, stages[-1].right, quality)
        count = int(known.sum())
        return _Trial(count, float(quality[known].sum()) / max(count, 1), float(cost[known].sum()) / max(count, 1))

    def _matrix(self, rows: Sequence[Features]) -> tuple[list[str], Any]:
        names = sorted({name for row in rows for name in row})
        columns = {name: column for column, name in enumerate(names)}
        matrix = self.np.zeros((len(rows), len(names)))
        for number, row in enumerate(rows):
            for name, value in row.items():
                matrix[number, columns[name]] = value
        return names, matrix


def _usual(examples: Sequence[Example]) -> Mapping[str, Lengths]:
    prompts: dict[str, list[float]] = {}
    answers: dict[str, dict[str, list[float]]] = {}
    for each in examples:
        name = each.ballot.task_class
        prompts.setdefault(name, [])
        for vote in each.ballot.votes:
            if vote.input_tokens is not None:
                prompts[name].append(math.log1p(vote.input_tokens))
            if vote.output_tokens is not None:
                tokens = answers.setdefault(name, {}).setdefault(vote.model, [])
                tokens.append(math.log1p(vote.output_tokens))
    return {
        name: Lengths(
            prompt=_mean(lengths), answers={model: _mean(each) for model, each in answers.get(name, {}).items()}
        )
        for name, lengths in prompts.items()
    }


def _chains(
    costs: Mapping[str, Mapping[str, float]], shares: Mapping[str, float], most_links: int
) -> Iterator[tuple[str, ...]]:
    """The chains that are tried: none to three models that cost something, from the cheapest up, and before them as
    many of the best that cost nothing as there is room for, the best of them last. Evidence for nothing is never left.
    """
    models = costs.get("", {})
    free = sorted((name for name, cost in models.items() if cost == 0), key=lambda name: (-shares.get(name, 0), name))
    paid = sorted((name for name, cost in models.items() if cost > 0), key=lambda name: (models[name], name))
    if len(paid) > MOST_PAID:
        best = max(paid, key=lambda name: shares.get(name, 0))
        paid = [*[name for name in paid if name != best][: MOST_PAID - 1], best]
    for length in range(min(len(paid), LONGEST_PAID, most_links) + 1):
        room = min(MOST_FREE, most_links - length)
        for bought in combinations(paid, length):
            if chain := (*free[:room][::-1], *bought):
                yield chain


def _complete(chain: tuple[str, ...], states: Mapping[str, _State]) -> bool:
    """Whether enough was learnt to walk all of a chain."""
    for length in range(1, len(chain) + 1):
        state = states.get(asked(chain[:length]))
        if state is None or (length < len(chain) and chain[length] not in state.gains):
            return False
    return True


def _rising(values: Sequence[float]) -> list[float]:
    """The nearest values that never fall (isotonic regression), each a trifle above the last: more money buys no worse
    answers, but by chance, and each exchange rate has a quality of its own.
    """
    blocks: list[tuple[float, int]] = []
    for value in values:
        total, count = value, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            before = blocks.pop()
            total, count = total + before[0], count + before[1]
        blocks.append((total, count))
    steps = [total / count for total, count in blocks for _ in range(count)]
    return [step + place * _LEAST_RISE for place, step in enumerate(steps)]


def _first_decision(chain: tuple[str, ...], costs: Mapping[str, float]) -> int:
    """Where a chain first decides: after the last of the models at its beginning that cost nothing."""
    paid = next((place for place, model in enumerate(chain) if costs.get(model, 0.0) > 0), len(chain))
    return max(paid - 1, 0)


def _logistic(matrix: Any, target: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=SHRINKING_RIGHT, solver="newton-cholesky", max_iter=50).fit(matrix, target)


def _ridge(np: Any, matrix: Any, target: Any) -> tuple[Any, float]:
    """Weights and intercept of a ridge regression over standardised columns, in the columns' own units."""
    middle, spread = matrix.mean(0), matrix.std(0)
    spread[spread < 1e-9] = 1.0
    scaled = (matrix - middle) / spread
    mean = float(target.mean())
    penalty = SHRINKING_GAIN * np.eye(matrix.shape[1])
    weights = np.linalg.solve(scaled.T @ scaled + penalty, scaled.T @ (target - mean)) / spread
    return weights, mean - float(middle @ weights)


def _linear(names: Sequence[str], weights: Any, intercept: float) -> Linear:
    return Linear(
        intercept=intercept,
        weights={name: float(weight) for name, weight in zip(names, weights, strict=True) if weight},
    )


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0
